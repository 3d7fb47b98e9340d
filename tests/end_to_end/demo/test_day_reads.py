"""What reading a few days costs: a night rebuilds days, so a view that reads all of a log, or a table whose days lie about in it,
makes each night cost as much as the history is long.
"""

from __future__ import annotations

import json
import re

import duckdb
import pytest

# Days of the open month, which lies in the lake by day; the two months before it are a copy each.
DAYS = ("2026-10-05", "2026-10-06")
MONTH_COPIES = 2
# A day's own file and, where rows came late, one more.
OWN_FILES = 2 * len(DAYS)


@pytest.fixture(scope="module")
def build(demo):
    with duckdb.connect(str(demo.settings.build_path), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        yield con


def files_read(con: duckdb.DuckDBPyConnection, relation: str, columns: list[str]) -> list[int]:
    """Files that each scan of Parquet opened for the days' rows in all columns; the days are listed, as a night lists them."""
    listed = ", ".join(f'"{column}"' for column in columns)
    days = ", ".join(f"date '{day}'" for day in DAYS)
    plan = con.execute(f"explain analyze select {listed} from {relation} where usage_date in ({days})").fetchall()
    return [int(files) for files in re.findall(r"Total Files Read: *(\d+)", plan[0][1])]


def test_days_of_a_log_open_no_other_days_files(build):
    found: dict[str, list[str]] = {}
    for relation, column in build.execute(
        "select table_schema || '.' || table_name, column_name from information_schema.columns"
        " where table_schema = 'staging' or table_name = 'int_requests_unioned' order by all"
    ).fetchall():
        found.setdefault(relation, []).append(column)
    read = {
        relation: files_read(build, relation, columns) for relation, columns in found.items() if "usage_date" in columns
    }
    # The plan does say it, and the logs of every day are among them.
    for log in ("stg_litellm__requests", "stg_request_log__requests", "stg_otel__requests"):
        assert read[f"staging.{log}"], log
    too_many = {relation: files for relation, files in read.items() if max(files, default=0) > MONTH_COPIES + OWN_FILES}
    assert not too_many


def test_a_table_made_at_once_lies_in_the_order_of_its_days(demo, build):
    manifest = json.loads((demo.settings.build / "target" / "manifest.json").read_text())
    kept_by_day = [
        (f"{node['schema']}.{node['name']}", node["meta"]["replace_by"])
        for node in manifest["nodes"].values()
        if node["config"].get("materialized") == "incremental"
    ]
    assert len(kept_by_day) > 40
    went_back = {
        relation: build.execute(
            f"select count(*) from (select {day} < lag({day}) over (order by rowid) as back from {relation}) where back"
        ).fetchone()[0]
        for relation, day in kept_by_day
    }
    assert {relation: rows for relation, rows in went_back.items() if rows} == {}
