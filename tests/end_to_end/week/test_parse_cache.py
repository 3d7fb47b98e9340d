"""dbt parses once, not nightly, and yet each night is compiled with its own days and its own clock."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from orchestration import dbt_project
from orchestration.settings import PROJECT_DIR, Settings

# dbt's own words, whether it looks for what it can reuse or not, wherever it reads the project.
PARSING = "Partial parsing"

SETTINGS_SEEN = (
    "select '{{ var('report_currency') }} {{ var('parquet_root') }} {{ (dirty_days() or []) | join }}' as seen"
)

MODELS = ("intermediate/tokens/int_token_groups_hourly.sql", "intermediate/gpu/int_pods.sql")


@pytest.fixture(autouse=True)
def debug_log(monkeypatch):
    """dbt says what it reads in its debug log, which nights do without."""
    monkeypatch.setenv("DBT_LOG_LEVEL_FILE", "debug")


@pytest.fixture(scope="module")
def settings(week_published, tmp_path_factory) -> Settings:
    """A warehouse of its own with the week's build file: filters are rendered for tables that exist."""
    settings = Settings.from_env(tmp_path_factory.mktemp("parse-cache"))
    settings.build.mkdir(parents=True)
    shutil.copyfile(week_published.settings.build_path, settings.build_path)
    return settings


def compiled_files(settings: Settings) -> tuple[str, ...]:
    """Compiled SQL of the two models."""
    folder = dbt_project.target_dir(settings) / "compiled" / "ai_finops" / "models"
    return tuple((folder / model).read_text() for model in MODELS)


def compiled(settings: Settings, tmp_path: Path, nightly: dict[str, str] | None = None, *more: str) -> tuple[str, ...]:
    """Compiled SQL of a model with days and of one with the clock, and what dbt logged."""
    output, debug_log = tmp_path / "output.log", settings.build / "logs" / "dbt.log"
    debug_log.unlink(missing_ok=True)
    names = [Path(model).stem for model in MODELS]
    code = dbt_project.run_dbt(["compile", "--select", *names, *more], settings, output, nightly)
    assert code == 0, output.read_text()
    return *compiled_files(settings), debug_log.read_text()


def test_dbt_that_has_read_the_project_waits_for_its_days(settings, tmp_path):
    for day, clock in (("2026-10-02", datetime(2026, 10, 5, 6)), ("2026-10-03", datetime(2026, 10, 6, 6))):
        log = tmp_path / f"{day}.log"
        waiting = dbt_project.Dbt(settings, log)
        night = dbt_project.Build((date.fromisoformat(day),), clock).environment
        assert waiting.build(["compile", "--select", *(Path(model).stem for model in MODELS)], night) == 0, (
            log.read_text()
        )
        grouped, pods = compiled_files(settings)
        assert f"date '{day}'" in grouped
        assert f"cast('{clock.isoformat()}' as timestamp)" in pods


def test_dbt_that_is_told_nothing_ends(settings, tmp_path):
    waiting = dbt_project.Dbt(settings, tmp_path / "dbt.log")
    waiting.close()
    assert "rror" not in (tmp_path / "dbt.log").read_text()


def test_one_parse_serves_every_warehouse_of_the_checkout(tmp_path):
    project = tmp_path / "project"
    for folder in ("models", "macros", "seeds", "tests/dbt"):
        shutil.copytree(PROJECT_DIR / folder, project / folder)
    for file in ("dbt_project.yml", "profiles.example.yml"):
        shutil.copy(PROJECT_DIR / file, project / file)
    said = []
    for name, memory_limit, currency in (("a", "1GB", "USD"), ("b", "2GB", "EUR")):
        settings = Settings(
            home=tmp_path / name,
            project_dir=project,
            lake_catalog_uri="",
            memory_limit=memory_limit,
            report_currency=currency,
        )
        settings.build.mkdir(parents=True)
        night = dbt_project.Build((date(2026, 10, 2),), datetime(2026, 10, 5, 6)).environment
        code = dbt_project.run_dbt(
            ["show", "--output", "json", "--inline", SETTINGS_SEEN], settings, tmp_path / f"{name}.log", night
        )
        output = (tmp_path / f"{name}.log").read_text()
        assert code == 0, output
        said.append((settings.build / "logs" / "dbt.log").read_text())
        # What is of the warehouse and of the night is not kept.
        assert f'"seen": "{currency} {settings.requests_dir} 2026-10-02"' in output
    assert PARSING in said[0]
    assert PARSING not in said[1]


def test_the_second_night_keeps_the_parse_and_takes_its_own_days(settings, tmp_path):
    first = dbt_project.Build((date(2026, 10, 2), date(2026, 10, 4)), datetime(2026, 10, 5, 6))
    second = dbt_project.Build((date(2026, 10, 6),), datetime(2026, 10, 7, 6))
    grouped, pods, _ = compiled(settings, tmp_path, first.environment)
    assert "date '2026-10-02', date '2026-10-04'" in grouped
    assert "cast('2026-10-05T06:00:00' as timestamp)" in pods

    grouped, pods, said = compiled(settings, tmp_path, second.environment)
    assert PARSING not in said
    assert "date '2026-10-06'" in grouped
    assert "2026-10-02" not in grouped
    assert "cast('2026-10-07T06:00:00' as timestamp)" in pods

    grouped, pods, said = compiled(settings, tmp_path)
    assert PARSING not in said
    assert "date '2026" not in grouped
    assert "cast('2999-01-01T00:00:00' as timestamp)" in pods


def test_a_run_that_tests_all_days_builds_only_its_own(settings, tmp_path):
    build = dbt_project.Build((date(2026, 10, 2),), datetime(2026, 10, 5, 6), full_tests=True)
    # a generic test, which the one filter serves, and a singular one, which has its own
    tests = ("not_null_int_token_groups_hourly_billing_token_class", "assert_rounding_rows_only_round")
    for nightly, filtered in ((dataclasses.replace(build, full_tests=False), True), (build, False)):
        grouped, _, said = compiled(settings, tmp_path, nightly.environment, *tests)
        assert "date '2026-10-02'" in grouped
        folder = dbt_project.target_dir(settings) / "compiled"
        for test in tests:
            [sql] = [path.read_text() for path in folder.rglob(f"{test}.sql")]
            assert ("date '2026-10-02'" in sql) is filtered, sql
    assert PARSING not in said


def test_vars_by_hand_win(settings, tmp_path):
    night = dbt_project.Build((date(2026, 10, 2),), datetime(2026, 10, 5, 6)).environment
    given = '{"dirty_days": ["2026-10-03"], "as_of": "2026-10-04T06:00:00"}'
    grouped, pods, _ = compiled(settings, tmp_path, night, "--vars", given)
    assert "date '2026-10-03'" in grouped
    assert "2026-10-02" not in grouped
    assert "cast('2026-10-04T06:00:00' as timestamp)" in pods
