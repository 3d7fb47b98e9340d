"""Models built by dbt in an analyst's file, for tests of bills, usage and pricing that need no night."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT_DIR


def build_requests(database: Path, selected: Sequence[str]) -> dict[str, dict]:
    """Build the selected nodes over the raw tables of a DuckDB file.

    Args:
        database: File with schema `raw`; dbt's files go into its folder.
        selected: dbt's selectors; they must hold `fct_inference_requests`.

    Returns:
        request_id -> row of core.fct_inference_requests.
    """
    build_models(database, selected)
    with duckdb.connect(str(database), read_only=True) as con:
        table = con.sql("select * from core.fct_inference_requests").to_arrow_table()
    return {row["request_id"]: row for row in table.to_pylist()}


def build_models(database: Path, selected: Sequence[str]) -> None:
    """Build the selected nodes over the raw tables of a DuckDB file; dbt's files go into its folder."""
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
    command = [dbt, "build", "--exclude-resource-type", "test", "unit_test", *places, "--select", *selected]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
