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
    """A gateway's log and an application's own of the same 100 calls on 2 October, and of different ones on the 3rd."""
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
    build_models(path, ["+meter_coverage_daily", "gate_thresholds"])
    return path


def test_t18_two_meters_that_count_the_same_use_without_ids_are_told_of(database: Path) -> None:
    said = run_dbt(database, "test", [CHECK])
    assert f"Warning in test {CHECK}" in said
    assert "Got 1 result" in said
    with duckdb.connect(str(database), read_only=True) as con:
        counted = con.execute("select sum(requests_of_record) from quality.meter_coverage_daily").fetchone()[0]
    # nothing is dropped on a suspicion
    assert counted == 400
