"""Dagster's event log with one connection a database: the same files, the same events."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration import dagster_storage
from orchestration.dagster_run import DAGSTER_YAML, dagster_home
from orchestration.dagster_storage import EventLog
from orchestration.settings import Settings


@dg.asset(check_specs=[dg.AssetCheckSpec("sound", asset="one")])
def one() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="sound")])


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def test_dagsters_own_log_reads_what_was_written(home, monkeypatch):
    # fewer than runs: what was closed is opened again
    monkeypatch.setattr(dagster_storage, "OPEN_DATABASES", 2)
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        runs = [dg.materialize([one], instance=instance).run_id for _ in range(3)]
        written = {run: [entry.message for entry in instance.all_logs(run)] for run in runs}
    own = SqliteEventLogStorage(str(home / "history" / "runs"))
    assert all(len(messages) > 5 for messages in written.values())
    assert {run: [entry.message for entry in own.get_logs_for_run(run)] for run in runs} == written
    assert own.get_latest_materialization_events([dg.AssetKey("one")])[dg.AssetKey("one")].run_id == runs[-1]


def test_a_log_that_was_wiped_begins_anew(home):
    with dg.DagsterInstance.get() as instance:
        dg.materialize([one], instance=instance)
        instance.wipe()
        again = dg.materialize([one], instance=instance)
        assert len(instance.all_logs(again.run_id)) > 5


FIRST = """# Written once by ai-finops; edit it freely.
telemetry:
  enabled: false
# The page's invitation to leave an address.
nux:
  enabled: false
"""


@pytest.mark.parametrize(
    ("before", "after"), [(FIRST, DAGSTER_YAML), (FIRST + "# mine\n", FIRST + "# mine\n")], ids=["as written", "edited"]
)
def test_what_nobody_edited_follows(home, before, after):
    (home / "dagster.yaml").write_text(before)
    dagster_home(Settings.from_env(home))
    assert (home / "dagster.yaml").read_text() == after


def test_the_schema_is_looked_up_once_and_not_for_each_event(home, monkeypatch):
    looked = []
    own = SqliteEventLogStorage.has_table
    monkeypatch.setattr(SqliteEventLogStorage, "has_table", lambda self, name: looked.append(name) or own(self, name))
    with dg.DagsterInstance.get() as instance:
        for _ in range(2):
            dg.materialize([one], instance=instance)
    assert looked == sorted(set(looked)), looked
    assert "asset_check_executions" in looked
