"""Schema `raw` of a DuckDB file: one view per raw table over the Parquet files that are current, plus the load
ledger and how far each bill is complete.
"""

from __future__ import annotations

from dataclasses import astuple
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.lake import month_copies
from orchestration.lake.bill_marks import bill_marks
from orchestration.lake.catalog import Lake
from orchestration.lake.ledger import ledger
from orchestration.lake.state import current_state
from orchestration.landing.duplicates import DAY_FOLDER, declared_columns, scan
from orchestration.landing.readers.reading import name
from orchestration.landing.schema import RawTable, load_schemas
from orchestration.settings import Settings

REJECT_COLUMNS = {
    "load_id": "varchar",
    "table_name": "varchar",
    "file_name": "varchar",
    "row_number": "bigint",
    "field": "varchar",
    "reason": "varchar",
    "value": "varchar",
}


def _empty(types: dict[str, str]) -> str:
    columns = ", ".join(f"cast(null as {data_type}) as {name(column)}" for column, data_type in types.items())
    return f"select {columns} where false"


def select_current(con: duckdb.DuckDBPyConnection, lake: Lake, table: RawTable, *, copies: bool = False) -> str:
    """SELECT of a table's current rows in its declared columns; empty and typed where there is no file.

    Args:
        con: Connection that may look into files.
        lake: Whose rows.
        table: Which table.
        copies: Read months that are over from their copies, where there are any (month_copies.py).
    """
    paths = [path for listed in lake.files(table).values() for path in listed]
    if not paths:
        return _empty(table.types)
    copied = month_copies.instead_of(lake, table) if copies else {}
    own = [path for path in paths if path not in copied]
    selects = [_select_files(con, lake, table, own)] if own else []
    if copied:
        columns = ", ".join(name(column) for column in table.types)
        selects.append(f"select {columns} from {scan(sorted(set(copied.values())))}")
    return " union all ".join(selects)


def _select_files(con: duckdb.DuckDBPyConnection, lake: Lake, table: RawTable, paths: list[str]) -> str:
    # Opening the footers of a year of daily files costs more than reading one of its days.
    day_folders = all(Path(path).parent.name.startswith(DAY_FOLDER) for path in paths)
    written_with = {schema for part in current_state(lake.summaries(table)).values() for schema in part.schemas}
    if written_with == {table.schema_hash}:
        return f"select {', '.join(name(column) for column in table.types)} from {scan(paths, day_folders=day_folders)}"
    listed = scan(paths, day_folders=day_folders, union_by_name="true")
    return f"select {declared_columns(con, table, listed)} from {listed}"


def register(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    lake: Lake | None = None,
    as_of: datetime | None = None,
    copies: bool = False,
) -> None:
    """Create schema `raw`: a view per declared raw table, tables `load_ledger` and `bill_marks`, view `load_rejects`.

    A view is always over the whole table, also where a night builds a few days: runs, months and looks back read more
    than those days, and a reader without a filter must never get a part unnoticed. Models that filter on `_day` read
    only the files (or row groups) of their days.

    Args:
        con: Connection to the file that dbt will read; its views hold absolute paths.
        settings: Which lake.
        lake: An open lake, to spare opening it again.
        as_of: The run's clock, naive UTC, which bounds how far a bill can be complete; None where nothing does.
        copies: Read months that are over from their copies. For the file of the warehouse's one writer alone: who else keeps such
            views would lose the copy that the next restatement replaces.
    """
    lake = lake or Lake(settings)
    con.execute("create schema if not exists raw")
    tables = load_schemas(settings.project_dir)
    rejects: list[str] = []
    for table in tables.values():
        con.execute(
            f"create or replace view raw.{name(table.name)} as {select_current(con, lake, table, copies=copies)}"
        )
        for summary in lake.summaries(table):
            path = lake.rejects_path(table, summary["load_id"])
            if summary.get("has_rejects") and path.exists():
                rejects.append(str(path))
    con.register("load_ledger_arrow", ledger(settings, lake))
    con.execute("create or replace table raw.load_ledger as select * from load_ledger_arrow")
    con.unregister("load_ledger_arrow")
    states = {table.name: current_state(lake.summaries(table)) for table in tables.values() if table.bill}
    con.execute(
        "create or replace table raw.bill_marks (table_name varchar, source varchar, feed varchar, account varchar,"
        " newest_day date, open_from date, lag_days integer)"
    )
    marks = [astuple(mark) for mark in bill_marks(tables.values(), states, as_of)]
    if marks:
        con.executemany("insert into raw.bill_marks values (?, ?, ?, ?, ?, ?, ?)", marks)
    listed = f"select {', '.join(REJECT_COLUMNS)} from {scan(rejects)}" if rejects else _empty(REJECT_COLUMNS)
    con.execute(f"create or replace view raw.load_rejects as {listed}")
