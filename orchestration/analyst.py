"""An analyst's own DuckDB file: the same raw tables as the pipeline, nobody else's models."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import duckdb

from orchestration.lake.raw_views import register
from orchestration.settings import Settings


def analyst_path(settings: Settings) -> Path:
    """The file of profile target `analyst`."""
    return Path(os.environ.get("AI_FINOPS_ANALYST_PATH") or settings.home / "analyst" / "analyst.duckdb").resolve()


def dbt_environment(settings: Settings) -> dict[str, str]:
    """What dbt must be told to build this warehouse's file; empty where the profile's own defaults mean it."""
    path = analyst_path(settings)
    if path == settings.project_dir / "warehouse" / "analyst" / "analyst.duckdb":
        return {}
    return {"AI_FINOPS_ANALYST_PATH": str(path), "AI_FINOPS_PARQUET_ROOT": str(path.parent / "parquet")}


def set_up(settings: Settings) -> Path:
    """Make or refresh the file's raw views over the lake as it is now; what was built in it stays."""
    path = analyst_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        register(connection, settings)
    return path
