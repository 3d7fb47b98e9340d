"""Rejected rows of a load: which row of which file, which field, why; one Parquet file a load, beside the table's
data.

Rows are numbered as a spreadsheet numbers them: the header is 1, a line end inside quotes starts no new row.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from orchestration.lake.catalog import Lake
from orchestration.landing.candidate import Candidate
from orchestration.landing.casting import TypedFile
from orchestration.landing.readers import Reading
from orchestration.landing.readers.reading import text


def collect_rejects(
    con: duckdb.DuckDBPyConnection,
    candidate: Candidate,
    readings: Mapping[str, Reading],
    typed: Mapping[str, TypedFile],
    lake: Lake,
) -> None:
    """Second pass over files with rejected rows: which row, which field, why. Refuses the delivery above the declared
    share.
    """
    rejects: list[str] = []
    # Broken lines are missing from the relation, so that the rows behind them are counted too low by one each.
    con.execute("create or replace temp table broken_lines (file_name varchar, whole_before bigint)")
    for counts in candidate.files:
        reading = readings[counts.file]
        broken = con.execute(f"select count(*) from ({reading.broken})").fetchone()[0] if reading.broken else 0
        counts.rows_in += broken
        if broken:
            rejects.append(
                f"select {text(counts.file)} as file_name, cast(row_number as bigint) as row_number, '' as field, "
                f"reason, value "
                f"from ({reading.broken})"
            )
            con.execute(
                f"insert into broken_lines select {text(counts.file)}, "
                f"row_number - row_number() over (order by row_number) from ({reading.broken})"
            )
        if counts.rejected:
            rejects.append(
                f"select {text(counts.file)} as file_name, row_number + (select count(*) from broken_lines as b where "
                f"b.file_name = {text(counts.file)} and b.whole_before < r.row_number) as row_number, field, reason, "
                f"value from ({typed[counts.file].rejects_sql}) as r"
            )
        counts.rejected += broken
    if not rejects:
        return
    path = lake.rejects_path(candidate.table, candidate.delivery.delivery_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    con.execute(
        f"""
        copy (
            select {text(candidate.delivery.delivery_id)} as load_id, {text(candidate.table.name)} as table_name, *
            from ({" union all ".join(rejects)}) order by file_name, row_number
        ) to {text(temporary)} (format parquet, compression zstd)
        """
    )
    os.replace(temporary, path)
    candidate.rejects_path = path
    rows_in, rejected = (sum(getattr(one, part) for one in candidate.files) for part in ("rows_in", "rejected"))
    if rejected > candidate.table.max_reject_ratio * rows_in:
        candidate.refusal = (
            f"{rejected} of {rows_in} rows are rejected, more than the {candidate.table.max_reject_ratio:.2%} that "
            f"{candidate.table.name} allows: {_examples(con, path)}"
        )


def _examples(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    rows = con.execute(
        f"""
        select field, reason, count(*) as rows, first(file_name order by file_name, row_number) as file_name,
            min(row_number) as row_number, first(value order by file_name, row_number) as value
        from read_parquet({text(path)}) group by field, reason order by rows desc, field, reason limit 3
        """
    ).fetchall()
    return "; ".join(
        f"{count} x {field or 'the line'} {reason} (first in {file}, row {row}: {(value or 'nothing')[:80]})"
        for field, reason, count, file, row, value in rows
    )


def append_conflicts(
    con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake, conflicts: list[tuple[str, str]]
) -> None:
    """Add rows that contradict others of their key and version to the rejects."""
    path = lake.rejects_path(candidate.table, candidate.delivery.delivery_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    reason = "contradicts another row of the same key and version"
    con.execute("create or replace temp table conflicts (file_name varchar, value varchar)")
    con.executemany("insert into conflicts values (?, ?)", conflicts)
    fresh = (
        f"select {text(candidate.delivery.delivery_id)} as load_id, {text(candidate.table.name)} as table_name, "
        f"file_name, "
        f"cast(null as bigint) as row_number, {text(', '.join(candidate.table.key))} as field, {text(reason)} as "
        f"reason, value from conflicts"
    )
    older = (
        f"select * from read_parquet({text(path)}) where reason <> {text(reason)} union all " if path.exists() else ""
    )
    temporary = path.with_suffix(".tmp")
    con.execute(
        f"copy (select * from ({older}{fresh}) order by file_name, row_number nulls last, value) to {text(temporary)} "
        "(format parquet, compression zstd)"
    )
    os.replace(temporary, path)
    candidate.rejects_path = path
