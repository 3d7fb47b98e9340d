"""Logs without rows are left out of the pipeline's union of requests, for one build only; an analyst's union has them all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, raw_tables, run_dbt

MODELS = ("int_requests_unioned", "path:models/staging/*/*requests.sql")
ROW = "(request_id, requested_at, _day) values ('late', timestamp '2026-10-02', date '2026-10-02')"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A DuckDB file with all raw tables, empty but for one call of the gateway."""
    settings = Settings(
        home=tmp_path / "home",
        project_dir=PROJECT_DIR,
        lake_catalog_uri=f"sqlite:///{tmp_path / 'home' / 'lake' / 'catalog.db'}",
    )
    path = build_file(tmp_path)
    raw_tables(settings, path)
    with duckdb.connect(str(path)) as con:
        con.execute(f"insert into raw.litellm_spend_logs {ROW.replace('requested_at', 'started_at')}")
    return path


def _meters(database: Path) -> set[str]:
    with duckdb.connect(str(database), read_only=True) as con:
        return {meter for (meter,) in con.execute("select meter from intermediate.int_requests_unioned").fetchall()}


def _first_row_of_another_log(database: Path) -> None:
    with duckdb.connect(str(database)) as con:
        con.execute(f"insert into raw.request_log {ROW}")


def test_a_log_of_the_pipeline_comes_in_with_the_build_that_first_has_its_rows(
    database: Path,
) -> None:
    run_dbt(database, "run", MODELS)
    with duckdb.connect(str(database), read_only=True) as con:
        sql = con.execute("select sql from duckdb_views() where view_name = 'int_requests_unioned'").fetchone()[0]
    assert "stg_litellm__requests" in sql
    assert "stg_request_log__requests" not in sql
    _first_row_of_another_log(database)
    run_dbt(database, "run", MODELS)
    assert _meters(database) == {"litellm", "request_log"}


def test_an_analysts_view_sees_logs_that_arrive_after_it_was_made(database: Path, tmp_path: Path) -> None:
    shutil.copy(PROJECT_DIR / "profiles.example.yml", tmp_path / "profiles.yml")
    places = ["--project-dir", PROJECT_DIR, "--profiles-dir", tmp_path, "--target-path", tmp_path / "target"]
    dbt, own = (
        Path(sys.executable).with_name("dbt"),
        {"AI_FINOPS_ANALYST_PATH": str(database), "PYTHONPATH": str(PROJECT_DIR)},
    )
    subprocess.run([dbt, "run", *places, "--select", *MODELS], env=os.environ | own, cwd=tmp_path, check=True)
    _first_row_of_another_log(database)
    assert _meters(database) == {"litellm", "request_log"}
