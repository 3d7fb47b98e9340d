"""Two meters of the same calls that share no response id: nothing can tell them apart, so somebody is told."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, build_models, raw_tables, run_dbt

CHECK = "assert_no_two_meters_count_the_same_use"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway's log and an application's own of the same 100 calls on 2 October, and of different ones on the 3rd; on the 4th both have
    a call to a model that failed, and the gateway alone one to another.
    """
    folder = tmp_path_factory.mktemp("meters")
    settings = Settings(
        home=folder / "home", project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{folder / 'catalog.db'}"
    )
    path = build_file(folder)
    raw_tables(settings, path)
    with duckdb.connect(str(path)) as con:
        for table, at, provider, tokens_in, tokens_out, factor in (
            ("litellm_spend_logs", "started_at", "custom_llm_provider", "prompt_tokens", "completion_tokens", 1),
            ("request_log", "requested_at", "provider", "input_tokens", "output_tokens", 3),
        ):
            con.execute(
                f"insert into raw.{table} by name select '{table}' || day || range as request_id, day as _day, 'log' as _feed,"
                f" cast(day as timestamp) + interval (range) minute as {at}, 'openai' as {provider}, 'gpt-5' as model,"
                f" if(day = date '2026-10-02', 1, {factor}) * (1000 + range) as {tokens_in}, 10 as {tokens_out}"
                " from range(100), (values (date '2026-10-02'), (date '2026-10-03')) days (day)"
            )
        failed = "date '2026-10-04' as _day, 'log' as _feed, timestamp '2026-10-04' as"
        con.execute(
            f"insert into raw.litellm_spend_logs by name select model as request_id, {failed} started_at, 'openai' as"
            " custom_llm_provider, model, 'failure' as status, 0 as prompt_tokens, 0 as completion_tokens"
            " from (values ('gpt-5'), ('gpt-4o')) models (model)"
        )
        con.execute(
            f"insert into raw.request_log by name select 'failed' as request_id, {failed} requested_at, 'openai' as"
            " provider, 'gpt-5' as model, 'failure' as status"
        )
    build_models(path, ["+meter_coverage_daily", "gate_thresholds"])
    return path


def test_t18_two_meters_that_count_the_same_use_without_ids_are_told_of(database: Path) -> None:
    said = run_dbt(database, "test", [CHECK])
    assert f"Warning in test {CHECK}" in said
    assert "Got 2 results" in said
    with duckdb.connect(str(database), read_only=True) as con:
        counted = con.execute("select sum(requests_of_record) from quality.meter_coverage_daily").fetchone()[0]
        failures = con.execute(
            "select meter, model_id, failures_perhaps_repeated, list_cost from quality.meter_coverage_daily"
            " where usage_date = date '2026-10-04' order by all"
        ).fetchall()
    # nothing is dropped on a suspicion
    assert counted == 403
    # a failure is none that costs nothing: what it used is unknown where the log does not say 0
    assert failures == [
        ("litellm", "gpt-4o", 1, 0),
        ("litellm", "gpt-5", 1, 0),
        ("request_log", "gpt-5", 1, None),
    ]
