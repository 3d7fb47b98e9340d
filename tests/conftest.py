"""How tests share the cores, and a small project of its own with one raw table per way of loading, for tests of landing and lake."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from xdist.scheduler import LoadScopeScheduling

from orchestration.lake.catalog import Lake
from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import Delivery, land
from orchestration.landing.load import LoadResult, load_pending
from orchestration.settings import PROJECT_DIR, Settings

SOURCES = """
version: 2
sources:
  - name: calls
    schema: raw
    tables:
      - name: calls
        config: {meta: {load: {reader: tabular, options: {nulls: ["N/A"]}, restatement: append,
          day: "cast(seen_at as date)", key: [id], version: "cast(updated_at as varchar)", max_reject_ratio: 0.5}}}
        columns:
          - {name: id, data_type: varchar, config: {meta: {required: true}}}
          - {name: seen_at, data_type: timestamp, config: {meta: {from: [Time], required: true}}}
          - {name: model, data_type: varchar}
          - {name: tokens, data_type: bigint, config: {meta: {from: [TokenCount], required: true, min: 0}}}
          - {name: seconds, data_type: double}
          - {name: updated_at, data_type: timestamp}
  - name: bill
    schema: raw
    tables:
      - name: bill
        config: {meta: {load: {reader: tabular, restatement: replace_period, day: "cast(starts_at as date)",
          span_end: "cast(ends_at - interval 1 microsecond as date)", amounts: [cost], max_reject_ratio: 0.0,
          partition: "account || '|' || strftime(starts_at, '%Y-%m')", maps: {tags: ["tag/"]}}}}
        columns:
          - {name: account, data_type: varchar, config: {meta: {required: true}}}
          - {name: starts_at, data_type: timestamp, config: {meta: {required: true}}}
          - {name: ends_at, data_type: timestamp}
          - {name: cost, data_type: varchar, config: {meta: {required: true}}}
          - {name: tags, data_type: varchar}
  - name: units
    schema: raw
    tables:
      - name: units
        config: {meta: {load: {reader: tabular, restatement: snapshot, binds_months: "owner = 'monthly'", max_reject_ratio: 0.0}}}
        columns:
          - {name: unit, data_type: varchar, config: {meta: {required: true}}}
          - {name: owner, data_type: varchar}
          - {name: valid_from, data_type: date}
          - {name: valid_to, data_type: date}
  - name: costs
    schema: raw
    tables:
      - name: costs
        config: {meta: {load: {reader: openai_pages, options: {result_object: organization.costs.result},
          restatement: trailing_window, day: "cast(make_timestamp(start_time * 1000000) as date)", amounts: [amount]}}}
        columns:
          - {name: start_time, data_type: bigint, config: {meta: {required: true}}}
          - {name: amount, data_type: varchar, config: {meta: {from: [amount.value], required: true}}}
          - {name: line_item, data_type: varchar}
  - name: logs
    schema: raw
    tables:
      - name: logs
        config: {meta: {load: {reader: json_lines, options: {drop: [messages]}, restatement: append,
          day: "cast(seen_at as date)", key: [id], max_reject_ratio: 0.5}}}
        columns:
          - {name: id, data_type: varchar, config: {meta: {required: true}}}
          - {name: seen_at, data_type: timestamp, config: {meta: {required: true}}}
          - {name: cached, data_type: bigint, config: {meta: {from: ["$.usage.details.cached", "$.usage.cached"]}}}
          - {name: labels, data_type: varchar}
  - name: metrics
    schema: raw
    tables:
      - name: metrics
        config: {meta: {load: {reader: prometheus, restatement: append, day: "cast(observed_at as date)",
          key: [metric, labels, observed_at]}}}
        columns:
          - {name: metric, data_type: varchar, config: {meta: {required: true}}}
          - {name: observed_at, data_type: timestamp, config: {meta: {required: true}}}
          - {name: value, data_type: double, config: {meta: {required: true}}}
          - {name: uuid, data_type: varchar, config: {meta: {from: ["label:UUID", "label:uuid"]}}}
          - {name: labels, data_type: varchar, config: {meta: {required: true}}}
  - name: jobs
    schema: raw
    tables:
      - name: jobs
        config: {meta: {load: {reader: delimited, options: {delimiter: "|", nulls: [Unknown]}, restatement: append,
          day: "cast(started_at as date)", span_end: "cast(ended_at as date)", key: [id, started_at],
          version: "case when ended_at is null then '0' else '1' end"}}}
        columns:
          - {name: id, data_type: varchar, config: {meta: {from: [JobIDRaw], required: true}}}
          - {name: started_at, data_type: timestamp, config: {meta: {from: [Start], required: true}}}
          - {name: ended_at, data_type: timestamp, config: {meta: {from: [End]}}}
  - name: rooms
    schema: raw
    tables:
      - name: desks
        config: {meta: {load: {reader: tabular, files: ["desks*"], restatement: snapshot}}}
        columns: [{name: desk, data_type: varchar, config: {meta: {required: true}}}]
      - name: chairs
        config: {meta: {load: {reader: tabular, files: ["chairs*"], restatement: snapshot}}}
        columns: [{name: chair, data_type: varchar, config: {meta: {required: true}}}]
"""

# Loads what is pending in a process of its own and kills it before or after its n-th commit to the lake.
KILLED_LOAD = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from orchestration.lake.catalog import Lake
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings
home, project, catalog, fatal, after = sys.argv[1:]
commit, done = Lake.commit, []
def dying(self, *args, **kwargs):
    done.append(1)
    last = len(done) == int(fatal)
    if not last or after == "after":
        commit(self, *args, **kwargs)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
Lake.commit = dying
settings = Settings(home=Path(home), project_dir=Path(project), lake_catalog_uri=catalog)
load_pending(settings, as_of=datetime(2026, 11, 15))
"""


class ByFolder(LoadScopeScheduling):
    """Tests of a folder run in one process: they share worlds that take minutes, and warehouses that two nights at once must never
    touch. (`xdist_group` does nothing under pytest 9.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0].rpartition("/")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFolder:
    """What `pytest -n` hands to its processes, in the order of the tree: the long folders begin."""
    return ByFolder(config, log)


@dataclass
class Warehouse:
    """A warehouse in a temporary folder; lands, loads and reads back."""

    settings: Settings
    inputs: Path
    as_of: datetime = datetime(2026, 11, 15)
    counter: int = 0
    results: list[LoadResult] = field(default_factory=list)

    def land(self, source: str, content: str | bytes, name: str = "file.csv", **options: object) -> Delivery:
        """Write a vendor file and land it."""
        self.counter += 1
        folder = self.inputs / str(self.counter)
        folder.mkdir(parents=True)
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return land(source, [path], settings=self.settings, **options)

    def land_files(self, source: str, files: dict[str, str], **options: object) -> Delivery:
        """Write several vendor files and land them as one delivery."""
        self.counter += 1
        folder = self.inputs / str(self.counter)
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_text(content)
        return land(source, sorted(folder.iterdir()), settings=self.settings, **options)

    def load(self, **options: object) -> list[LoadResult]:
        """Load what is pending."""
        self.results = load_pending(self.settings, as_of=self.as_of, **options)
        return self.results

    def load_killed(self, commit: int, when: str) -> None:
        """Load what is pending in another process, killed `before` or `after` its n-th commit."""
        where = (self.settings.home, self.settings.project_dir, self.settings.lake_catalog_uri)
        command = [sys.executable, "-c", KILLED_LOAD, *map(str, where), str(commit), when]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL

    def deliver(self, source: str, content: str | bytes, name: str = "file.csv", **options: object) -> LoadResult:
        """Land one file, load it and return its one result; law 2 is checked on the way."""
        self.land(source, content, name, **options)
        (result,) = self.load()
        assert result.rows_in == result.loaded + result.rejected + result.duplicate + result.superseded
        return result

    def query(self, sql: str) -> list[tuple]:
        """Query schema `raw` as dbt would see it."""
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'UTC'")
            register(con, self.settings)
            return con.execute(sql).fetchall()

    @property
    def lake(self) -> Lake:
        """A freshly opened lake."""
        return Lake(self.settings)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """An empty warehouse over the small project."""
    project = tmp_path / "project"
    staging = project / "models" / "staging" / "small"
    staging.mkdir(parents=True)
    (staging / "_small__sources.yml").write_text(SOURCES)
    home = tmp_path / "home"
    settings = Settings(home=home, project_dir=project, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}")
    return Warehouse(settings, tmp_path / "inputs")


@pytest.fixture
def own_schemas(tmp_path: Path) -> Warehouse:
    """An empty warehouse over the raw tables that this project declares."""
    home = tmp_path / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    return Warehouse(settings, tmp_path / "inputs")
