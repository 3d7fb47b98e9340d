"""Every path, limit and switch that Python code needs, read once from `AI_FINOPS_*`.

What does not belong here: thresholds of checks (seed `gate_thresholds`) and facts about a source (its sources.yml).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Where a warehouse lives and what one run may use.

    Attributes:
        home: Root of all state of one warehouse (landing, lake, build file, published versions).
        project_dir: The dbt project, also the repository root.
        lake_catalog_uri: SQLAlchemy URI of the Iceberg SQL catalog; PostgreSQL in production.
        threads: DuckDB and dbt threads.
        memory_limit: DuckDB memory limit, for example ``4GB``; Python and files being read come on top, about half a gigabyte.
        samples_at_once: Telemetry samples that one statement reduces; more are reduced some days at a time, for they would not fit memory.
        report_currency: ISO 4217 code of the reporting currency shown beside the billing currency.
        report_time_zone: Name of the time zone (IANA) in which reports count days; everything is stored in UTC.
        keep_versions: Number of published versions kept.
        schedule_cron: Cron of the nightly job, UTC.
        alert_urls: Apprise URLs; empty means that alerts go to the log only.
    """

    home: Path
    project_dir: Path
    lake_catalog_uri: str
    threads: int = 2
    memory_limit: str = "3GB"
    samples_at_once: int = 3_000_000
    report_currency: str = "USD"
    report_time_zone: str = "UTC"
    keep_versions: int = 5
    schedule_cron: str = "0 5 * * *"
    alert_urls: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, home: Path | str | None = None) -> Settings:
        """Read `AI_FINOPS_*`; `home` wins over `AI_FINOPS_HOME`."""
        env = os.environ
        root = Path(home or env.get("AI_FINOPS_HOME") or PROJECT_DIR / "warehouse").resolve()
        return cls(
            home=root,
            project_dir=PROJECT_DIR,
            lake_catalog_uri=env.get("AI_FINOPS_LAKE_CATALOG_URI") or f"sqlite:///{root / 'lake' / 'catalog.db'}",
            threads=int(env.get("AI_FINOPS_THREADS", "2")),
            memory_limit=env.get("AI_FINOPS_MEMORY_LIMIT", "3GB"),
            samples_at_once=int(env.get("AI_FINOPS_SAMPLES_AT_ONCE", "3000000")),
            report_currency=env.get("AI_FINOPS_REPORT_CURRENCY", "USD"),
            report_time_zone=env.get("AI_FINOPS_REPORT_TIME_ZONE", "UTC"),
            keep_versions=int(env.get("AI_FINOPS_KEEP_VERSIONS", "5")),
            schedule_cron=env.get("AI_FINOPS_SCHEDULE_CRON", "0 5 * * *"),
            alert_urls=tuple(env.get("AI_FINOPS_ALERT_URLS", "").split()),
        )

    @property
    def landing(self) -> Path:
        """Vendor files, byte for byte."""
        return self.home / "landing"

    @property
    def lake(self) -> Path:
        """Iceberg catalog and data files."""
        return self.home / "lake"

    @property
    def build(self) -> Path:
        """Everything that only the pipeline's one writer opens."""
        return self.home / "build"

    @property
    def build_path(self) -> Path:
        """The DuckDB file that dbt builds; nobody else opens it."""
        return self.build / "build.duckdb"

    @property
    def requests_dir(self) -> Path:
        """Day-partitioned Parquet that the `parquet_days` materialization writes."""
        return self.build / "parquet"

    @property
    def published(self) -> Path:
        """Published versions and the `current` link."""
        return self.home / "published"
