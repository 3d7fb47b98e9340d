"""Copies of small day files, one a month, for the build to read: opening the files of a year costs more than reading one of its days.

A copy is made of the files that are current and is called by their names: where one is replaced or added, the copy is no longer
asked for, and another is made. The lake's own files stay as they are; without copies the same rows are read from them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.lake.catalog import Lake
from orchestration.landing.connection import PARQUET
from orchestration.landing.duplicates import declared_columns, scan
from orchestration.landing.readers.reading import text
from orchestration.landing.schema import RawTable

# A month of fewer files, or of larger ones, is read as it is: what opening costs is little beside it.
LEAST_FILES = 8
LARGEST_AVERAGE_BYTES = 1_000_000


@dataclass(frozen=True)
class Month:
    """The files of one table and month.

    Attributes:
        paths: Its current day files.
        copy: Where the copy of exactly these files lies, made or not.
    """

    paths: tuple[str, ...]
    copy: Path


def months(lake: Lake, table: RawTable) -> list[Month]:
    """Months of a table of day files that are over: the newest still grows every night."""
    if not table.is_partitioned_by_day:
        return []
    by_month: dict[str, list[str]] = {}
    for partition, paths in lake.files(table).items():
        # Every partition of such a table ends with its day: `2026-10-31`, `a feed|2026-10-31`.
        by_month.setdefault(partition[-10:-3], []).extend(paths)
    newest = max(by_month, default="")
    folder = lake.root / "month_copies" / table.name
    return [
        Month(tuple(paths), folder / f"{month}-{_called(table, paths)}.parquet")
        for month, paths in by_month.items()
        if month != newest and len(paths) >= LEAST_FILES
    ]


def make(con: duckdb.DuckDBPyConnection, lake: Lake, tables: Iterable[RawTable]) -> None:
    """Make the copies that are missing and remove those that nothing asks for. Only the one writer of a warehouse may.

    Args:
        con: Any connection.
        lake: Whose files.
        tables: Raw tables.
    """
    for table in tables:
        wanted = {month.copy: month.paths for month in months(lake, table)}
        for old in (lake.root / "month_copies" / table.name).glob("*"):
            if old not in wanted:
                old.unlink()
        for copy, paths in wanted.items():
            if not copy.exists() and sum(os.stat(path).st_size for path in paths) <= LARGEST_AVERAGE_BYTES * len(paths):
                _write(con, table, paths, copy)


def instead_of(lake: Lake, table: RawTable) -> Mapping[str, Path]:
    """Day file to the copy that holds its rows, where there is one."""
    return {path: month.copy for month in months(lake, table) if month.copy.exists() for path in month.paths}


def _called(table: RawTable, paths: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([table.schema_hash, *sorted(paths)]).encode()).hexdigest()[:16]


def _write(con: duckdb.DuckDBPyConnection, table: RawTable, paths: Iterable[str], copy: Path) -> None:
    listed = scan(list(paths), union_by_name="true")
    copy.parent.mkdir(parents=True, exist_ok=True)
    written = copy.with_suffix(".writing")
    con.execute(
        f"copy (select {declared_columns(con, table, listed)} from {listed} order by _day) to {text(written)} ({PARQUET})"
    )
    os.replace(written, copy)
