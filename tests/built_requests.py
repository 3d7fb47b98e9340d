"""Request facts built by dbt, for tests of usage and pricing that need no night."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from tests.built_models import build_models


def build_requests(database: Path, selected: Sequence[str]) -> dict[str, dict]:
    """Build the selected nodes over the raw tables of a DuckDB file.

    Args:
        database: A `build_file` with schema `raw`.
        selected: dbt's selectors; they must hold `fct_inference_requests`.

    Returns:
        request_id -> row of core.fct_inference_requests.
    """
    build_models(database, selected)
    with duckdb.connect(str(database), read_only=True) as con:
        table = con.sql("select * from core.fct_inference_requests").to_arrow_table()
    return {row["request_id"]: row for row in table.to_pylist()}
