"""What reading a few days costs: a night rebuilds days, so a view that reads all of a log, or a table whose days lie about in it,
makes each night cost as much as the history is long.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import duckdb
import pytest

from orchestration import dbt_project

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


def test_a_table_made_at_once_lies_in_the_order_of_its_days(demo, tmp_path):
    rows_at_once = 2000
    settings = replace(demo.settings, home=tmp_path, samples_at_once=rows_at_once)
    settings.build.mkdir()
    shutil.copyfile(demo.settings.build_path, settings.build_path)
    kept_by = {
        "core.fct_cost_allocation": "usage_date",
        "intermediate.int_token_groups_hourly": "usage_date",
        "focus.vendor_charges": "x_ChargeDate",
        # few rows: as they were made
        "accountability.bill_vs_gateway_monthly": "usage_month",
    }
    with duckdb.connect(str(settings.build_path)) as con:
        for number, relation in enumerate(kept_by):
            con.execute(f"create table before_{number} as from {relation}")
    command = ["run", "--full-refresh", "--select", *(relation.split(".")[1] for relation in kept_by)]
    log = tmp_path / "dbt.log"
    assert dbt_project.run_dbt(command, settings, log) == 0, log.read_text()[-3000:]

    with duckdb.connect(str(settings.build_path), read_only=True) as con:
        went_back, large = {}, set()
        for number, (relation, day) in enumerate(kept_by.items()):
            missing, unknown, rows, went_back[relation] = con.execute(
                f"""
                select
                    (select count(*) from (from before_{number} except all from {relation})),
                    (select count(*) from (from {relation} except all from before_{number})),
                    (select count(*) from {relation}),
                    (select count(*) from (select {day} < lag({day}) over (order by rowid) as back from {relation}) where back)
                """
            ).fetchone()
            assert (missing, unknown) == (0, 0), relation
            large |= {relation} if rows > rows_at_once else set()
        assert large == {"core.fct_cost_allocation", "intermediate.int_token_groups_hourly", "focus.vendor_charges"}
        assert {relation: went_back[relation] for relation in large} == dict.fromkeys(large, 0)
        under_contract = con.execute(
            "select distinct table_name from duckdb_columns() where not is_nullable and not starts_with(table_name, 'before_')"
        ).fetchall()
        assert {("fct_cost_allocation",), ("bill_vs_gateway_monthly",)} <= set(under_contract)
        assert (
            con.execute("select table_name from duckdb_tables() where ends_with(table_name, '__as_made')").fetchall()
            == []
        )
