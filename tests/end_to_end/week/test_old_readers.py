"""What BI tools of DuckDB 1.2 and later need of the published file. Such an engine cannot be installed beside 2.0, so this holds what
was found when 1.2.2, 1.3.2, 1.4.5 and 1.5.5 read every table and view of it.
"""

from __future__ import annotations

import re

import duckdb
import pytest

# Read one more of either with the oldest version before it is added here.
FUNCTIONS = {
    "coalesce", "concat", "max", "min", "nullif", "read_parquet", "replace", "round", "round_even", "struct_pack", "sum"
}  # fmt: skip
TYPES = {"BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "TIMESTAMP", "VARCHAR"}

# Written like functions.
SYNTAX = {"cast", "decimal"}


@pytest.fixture(scope="module")
def published(week_published):
    with duckdb.connect() as con:
        con.execute(f"attach '{week_published.marts}' as marts (read_only)")
        yield con


def test_the_file_is_stored_as_1_2_stores_it(published):
    found = published.execute("select tags['storage_version'] from duckdb_databases() where database_name = 'marts'")
    assert found.fetchall() == [("v1.2.0+",)]


def test_views_use_functions_that_1_2_knows(published):
    views = published.execute(
        "select view_name, sql from duckdb_views() where database_name = 'marts' and not internal"
    )
    used = {name: {word.lower() for word in re.findall(r'(\w+)"?\(', sql)} for name, sql in views.fetchall()}
    assert set(used) == {
        "cost_allocation_reporting", "cost_and_usage", "fct_inference_requests", "focus_1_2", "focus_1_4", "focus_conformed", "gpu_utilization_daily",
        "inference_request_costs",
    }  # fmt: skip
    assert {name: words - FUNCTIONS - SYNTAX for name, words in used.items()} == {name: set() for name in used}


def test_columns_have_types_that_1_2_knows(published):
    types = published.execute(
        "select distinct data_type from duckdb_columns() where database_name = 'marts'"
    ).fetchall()
    assert {re.sub(r"\(.*", "", name) for (name,) in types} <= TYPES
