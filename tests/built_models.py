"""Models built by dbt in an analyst's file over raw tables of a test's own, for tests that need no night."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings


def raw_tables(settings: Settings, database: Path) -> None:
    """Copy what the lake holds into schema `raw` of a DuckDB file of its own; tables of sources that are off are empty."""
    with duckdb.connect(str(database.with_suffix(".views.duckdb"))) as con:
        con.execute("set TimeZone = 'UTC'")
        register(con, settings)
        con.execute(f"attach '{database}' as own")
        con.execute("create schema own.raw")
        for (name,) in con.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' union select "
            "view_name from duckdb_views() where schema_name = 'raw'"
        ).fetchall():
            con.execute(f"create table own.raw.{name} as from raw.{name}")


def run_dbt(database: Path, command: str, selected: Sequence[str], *more: str) -> str:
    """Run a dbt command on the file; dbt's own files go into its folder. Returns what dbt printed."""
    folder = database.parent
    shutil.copy(PROJECT_DIR / "profiles.example.yml", folder / "profiles.yml")
    env = os.environ | {
        "AI_FINOPS_ANALYST_PATH": str(database),
        "AI_FINOPS_PARQUET_ROOT": str(folder / "parquet"),
        "PYTHONPATH": str(PROJECT_DIR),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    dbt = str(Path(sys.executable).with_name("dbt"))
    places = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(folder)]
    line = [dbt, command, *more, *places, "--select", *selected]
    done = subprocess.run(line, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def build_models(database: Path, selected: Sequence[str]) -> None:
    """Build the selected models and seeds, without their tests."""
    run_dbt(database, "build", selected, "--exclude-resource-type", "test", "unit_test")


def build_from_files(
    folder: Path, deliveries: Iterable[tuple[str, str, Path]], selected: Sequence[str], *, as_of: datetime
) -> Path:
    """Land, load and build; every row of every file must load.

    Args:
        folder: Folder of the test's own.
        deliveries: (source, feed, file).
        selected: dbt's selectors.
        as_of: The run's clock.

    Returns:
        The DuckDB file with the built models.
    """
    home = folder / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    for source, feed, file in deliveries:
        land(source, [file], settings=settings, feed=feed, version="1")
    for result in load_pending(settings, as_of=as_of):
        assert (result.outcome, result.rejected, result.reason) == ("loaded", 0, "")
    database = folder / "models.duckdb"
    raw_tables(settings, database)
    build_models(database, selected)
    return database
