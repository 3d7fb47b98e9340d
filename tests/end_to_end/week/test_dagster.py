"""The same night through Dagster's job: the same marts, and a run that nothing can slip past."""

from __future__ import annotations

import duckdb
import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance, EventRecordsFilter
from warehouses import Warehouse, differences, warehouse

from orchestration.dagster_run import run_through_dagster
from orchestration.gates import publish_checks


@pytest.fixture(scope="module")
def through_dagster(week, tmp_path_factory) -> Warehouse:
    """The week, built and published by Dagster's job in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(tmp_path_factory.mktemp("dagster-home")))
        built = warehouse(tmp_path_factory.mktemp("dagster-warehouse"), week)
        patch.setenv("AI_FINOPS_HOME", str(built.settings.home))
        run_through_dagster(built.settings, week.timeline.as_of, False, lambda line: None)
        yield built


def test_dagster_publishes_what_the_plain_night_publishes(through_dagster, week_published):
    assert differences(through_dagster.marts, week_published.marts) == {}


def test_dagster_knows_the_published_version_and_every_check(through_dagster):
    instance = DagsterInstance.get()
    published = instance.get_latest_materialization_event(AssetKey(["published", "marts"]))
    assert published.asset_materialization.metadata["version"].value == through_dagster.published.resolve().name
    bill = instance.get_latest_materialization_event(
        AssetKey(["raw", "aws_cur_line_items"])
    ).asset_materialization.metadata
    with duckdb.connect(str(through_dagster.marts), read_only=True) as con:
        [(loaded,)] = con.execute(
            "select sum(rows_loaded) from quality.load_ledger where table_name = 'aws_cur_line_items'"
        ).fetchall()
    assert bill["rows_loaded"].value == loaded > 0
    ledger = instance.get_latest_materialization_event(AssetKey(["core", "fct_cost_allocation"]))
    assert ledger.asset_materialization.metadata["dirty_days"].value == "all"
    checks = instance.get_event_records(EventRecordsFilter(DagsterEventType.ASSET_CHECK_EVALUATION))
    assert len(checks) > 100


def test_nothing_new_starts_no_dagster_run(through_dagster):
    before = DagsterInstance.get().get_runs_count()
    record = run_through_dagster(
        through_dagster.settings, through_dagster.world.timeline.as_of, False, lambda line: None
    )
    assert record["status"] == "nothing_new"
    assert DagsterInstance.get().get_runs_count() == before


def test_a_failed_gate_refuses_through_dagster_and_says_what_failed(through_dagster, monkeypatch):
    def broken(context: publish_checks.Context) -> publish_checks.Finding:
        return publish_checks.Finding(True, 3, None, "planted")

    monkeypatch.setitem(publish_checks.PUBLISH_CHECKS, "planted_check", broken)
    before = through_dagster.published.resolve()
    record = run_through_dagster(
        through_dagster.settings, through_dagster.world.timeline.as_of, True, lambda line: None
    )
    assert record["status"] == "refused"
    assert record["problems"] == ["planted_check [published] fail: 3 rows. planted"]
    assert through_dagster.published.resolve() == before
