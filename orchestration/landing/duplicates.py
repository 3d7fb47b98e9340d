"""Rows that say the same thing again: found by key, inside one delivery and against what the lake holds.

Same key and same content is a duplicate; an older version is superseded; a newer one replaces. Two contents of one key
and one version cannot both be right: one is kept, the other rejected, so that it shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.landing.connection import PARQUET
from orchestration.landing.readers.reading import name, text
from orchestration.landing.schema import RawTable

# Folder of a day's files, as Hive names it.
DAY_FOLDER = "_day="


@dataclass
class Losers:
    """Rows that must not stay.

    Attributes:
        duplicate: File of the delivery to its number of repeated rows.
        superseded: File of the delivery to its number of rows older than what is kept.
        conflict: (file, key as text) of each row that contradicts a kept row of the same version.
        replaced: Rows of the lake that a newer row of the delivery replaces.
        files: Parquet files (of the delivery or the lake) that hold losers.
    """

    duplicate: dict[str, int] = field(default_factory=dict)
    superseded: dict[str, int] = field(default_factory=dict)
    conflict: list[tuple[str, str]] = field(default_factory=list)
    replaced: int = 0
    files: set[str] = field(default_factory=set)


def parquet_list(paths: list[Path] | list[str]) -> str:
    """SQL list of paths."""
    return "[" + ", ".join(text(path) for path in paths) + "]"


def scan(paths: list[Path] | list[str], *, day_folders: bool = False, **options: str) -> str:
    """`read_parquet` over an explicit list; with `day_folders` a filter on `_day` opens the files of those days only."""
    hive = "hive_partitioning=true, hive_types={'_day': date}" if day_folders else "hive_partitioning=false"
    extra = "".join(f", {key}={value}" for key, value in options.items())
    return f"read_parquet({parquet_list(paths)}, {hive}{extra})"


def declared_columns(con: duckdb.DuckDBPyConnection, table: RawTable, listed: str) -> str:
    """SELECT list of a table's declared columns from files of any of its declarations (a `scan` by name): NULL where no file has a
    column yet.
    """
    present = {row[0] for row in con.execute(f"describe select * from {listed}").fetchall()}
    return ", ".join(
        f"cast({name(column) if column in present else 'null'} as {data_type}) as {name(column)}"
        for column, data_type in table.types.items()
    )


def find_losers(
    con: duckdb.DuckDBPyConnection, table: RawTable, new: list[Path], current: list[str], *, force: bool = False
) -> Losers | None:
    """Find the losers and leave them in the temp table `losers` (filename, file_row_number); None if there is none.

    Only a hash of the key is grouped over all rows; the rows behind a repeated hash are then looked at in full.

    Args:
        con: Connection.
        table: Schema; its `key` decides. Rows whose key columns are all NULL have no key and are left alone.
        new: Parquet files of the delivery.
        current: Parquet files of the lake that may hold the same keys.
        force: On a tie of versions the delivery wins.
    """
    if not table.key or not new:
        return None
    keys = ", ".join(name(column) for column in table.key)
    has_key = " or ".join(f"{name(column)} is not null" for column in table.key)
    hashed = f"hash(_feed, {keys})"
    sides = [f"select {hashed} as h from {scan(new)} where {has_key}"]
    if current:
        sides.append(f"select {hashed} as h from {scan(current, union_by_name='true')} where {has_key}")
    con.execute(
        "create or replace temp table repeated as "
        f"select h from ({' union all '.join(sides)}) group by h having count(*) > 1"
    )
    if not con.execute("select count(*) from repeated").fetchone()[0]:
        return None
    content = ", ".join([*(name(column.name) for column in table.columns), "_extra"])
    columns = f"{keys}, _feed, _version, _file, hash({content}) as content, filename, file_row_number, _partition"

    def holding(files: list[Path] | list[str], **options: str) -> list[str]:
        """The files with a repeated key; a few days of a month as a rule, and only theirs are read in full."""
        listed = scan(files, filename="true", **options)
        found = f"select distinct filename from {listed} where ({has_key}) and {hashed} in (from repeated)"
        return [path for (path,) in con.execute(f"{found} order by 1").fetchall()]

    both = []
    for is_new, files, options in (("true", new, {}), ("false", current, {"union_by_name": "true"})):
        if held := holding(files, **options) if files else []:
            rows = scan(held, filename="true", file_row_number="true", **options)
            both.append(
                f"select {is_new} as is_new, {columns} from {rows} where ({has_key}) and {hashed} in (from repeated)"
            )
    shown = " || ', ' || ".join(f"coalesce(cast({name(column)} as varchar), 'NULL')" for column in table.key)
    con.execute(
        f"""
        create or replace temp table losers as
        with ranked as (
            select *, {shown} as shown_key,
                row_number() over w as place,
                first_value(coalesce(_version, '')) over w as kept_version,
                first_value(content) over w as kept_content
            from ({" union all ".join(both)})
            window w as (
                partition by _feed, {keys}
                order by coalesce(_version, '') desc, is_new {"desc" if force else "asc"}, content, _file, filename,
                    file_row_number
            )
        )
        select is_new, filename, file_row_number, _file, _partition, shown_key,
            case
                when not is_new then 'replaced'
                when content = kept_content then 'duplicate'
                when coalesce(_version, '') < kept_version then 'superseded'
                else 'conflict'
            end as outcome
        from ranked where place > 1
        """
    )
    losers = Losers()
    for outcome, file, count in con.execute(
        "select outcome, _file, count(*) from losers group by all order by all"
    ).fetchall():
        if outcome == "replaced":
            losers.replaced += count
        elif outcome in ("duplicate", "superseded"):
            getattr(losers, outcome)[file] = count
    losers.conflict = con.execute(
        "select _file, shown_key from losers where outcome = 'conflict' order by all"
    ).fetchall()
    losers.files = {path for (path,) in con.execute("select distinct filename from losers").fetchall()}
    return losers if losers.files else None


def write_without_losers(con: duckdb.DuckDBPyConnection, table: RawTable, sources: list[str], target: Path) -> int:
    """Write the rows of the sources that are no losers to one file; returns their number. No file is written for
    none.
    """
    listed = scan(sources, filename="true", file_row_number="true", union_by_name="true")
    columns = declared_columns(con, table, listed)
    rows = con.execute(
        f"""
        copy (
            select {columns} from {listed} as s
            where not exists (
                select 1 from losers where losers.filename = s.filename and losers.file_row_number = s.file_row_number
            )
        ) to {text(target)} ({PARQUET})
        """
    ).fetchone()[0]
    if not rows:
        target.unlink(missing_ok=True)
    return rows
