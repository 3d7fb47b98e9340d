"""Typed rows as Parquet files that each lie in one partition.

Rows are first written as they come. Most vendor files hold one partition (a day of a log), so that what was written is
only renamed; only files of several partitions, or with rejected rows, are copied apart. DuckDB's partitioned COPY of
everything would cost twice the processor time and gigabytes of buffers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.landing.connection import PARQUET
from orchestration.landing.duplicates import scan
from orchestration.landing.readers.reading import name, text
from orchestration.landing.schema import RawTable

REJECTED = "__rejected__"
# Rows have no order; where they are to keep one, a partition's rows wait in memory for each other.
UNORDERED = f"{PARQUET}, preserve_order false"
# Vendor files below this size are typed together: planning a statement costs more than their rows.
SMALL_BYTES = 1 << 22
# As much as one statement types together.
BATCH_BYTES = 1 << 26
# A file of one partition with this many rows stays as it is; smaller ones of the same partition become one file.
WHOLE_ROWS = 10_000
# Up to a month of large days, one filtered copy a partition: a log is in order of time, so each copy reads its own row groups
# only. Beyond that, and where partitions are so small that a statement costs more than its rows, the partitioned COPY.
FEW_PARTITIONS = 31


@dataclass
class Placed:
    """What became of the written rows.

    Attributes:
        paths: Parquet files, each of one partition, without rejected rows.
        accepted: Vendor file to its accepted rows.
        rejected: Vendor file to its rejected rows.
    """

    paths: list[Path] = field(default_factory=list)
    accepted: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)


def batches(sizes: Mapping[str, int]) -> list[list[str]]:
    """Vendor files by size in bytes, unpacked -> files that are typed in one statement: large ones alone, small ones together."""
    alone, together, filled = [], [], BATCH_BYTES
    for file, size in sizes.items():
        if size >= SMALL_BYTES:
            alone.append([file])
            continue
        if filled + size > BATCH_BYTES:
            together.append([])
            filled = 0
        together[-1].append(file)
        filled += size
    return alone + together


def write(con: duckdb.DuckDBPyConnection, table: RawTable, typed: Sequence[str], target: Path) -> None:
    """Write the rows of typed relations (casting.TypedFile.sql) to one file, rejected ones under their own partition."""
    columns = ", ".join(
        f"case when _accepted then _target else {text(REJECTED)} end as _partition"
        if column == "_partition"
        else name(column)
        for column in table.types
    )
    union = " union all ".join(f"({one})" for one in typed)
    con.execute(f"copy (select {columns} from ({union})) to {text(target)} ({UNORDERED})")


def place(con: duckdb.DuckDBPyConnection, staged: Sequence[Path], folder: Path) -> Placed:
    """Count the written rows and put those that were accepted into `folder`, a file or more a partition.

    Args:
        con: Connection.
        staged: Files of `write`; they are moved or may be removed afterwards.
        folder: Where the files go.
    """
    placed = Placed()
    rows: dict[Path, dict[str, int]] = {path: {} for path in staged}
    if not staged:
        return placed
    for path, partition, file, count in con.execute(
        f"select filename, _partition, _file, count(*) from {scan(list(staged), filename='true')} group by all"
    ).fetchall():
        kind = placed.rejected if partition == REJECTED else placed.accepted
        kind[file] = kind.get(file, 0) + count
        rows[Path(path)][partition] = rows[Path(path)].get(partition, 0) + count
    apart: dict[str, list[Path]] = {}
    rows_apart = 0
    for partition in sorted({partition for held in rows.values() for partition in held} - {REJECTED}):
        sources = [path for path in staged if partition in rows[path]]
        pure = [path for path in sources if len(rows[path]) == 1]
        whole = [path for path in pure if rows[path][partition] >= WHOLE_ROWS]
        rest = [path for path in sources if path not in whole]
        if len(rest) == 1 and rest[0] in pure:
            whole, rest = sources, []
        for path in whole:
            placed.paths.append(_next(placed, folder))
            os.replace(path, placed.paths[-1])
        if rest:
            apart[partition] = rest
            rows_apart += sum(rows[path][partition] for path in rest)
    large = rows_apart >= WHOLE_ROWS * len(apart)
    if len(apart) <= 1 or (large and len(apart) <= FEW_PARTITIONS):
        for partition, sources in apart.items():
            placed.paths.append(_next(placed, folder))
            con.execute(
                f"copy (select * from {scan(sources)} where _partition = {text(partition)}) "
                f"to {text(placed.paths[-1])} ({UNORDERED})"
            )
        return placed
    divided = folder / "divided"
    everything = list(dict.fromkeys(path for sources in apart.values() for path in sources))
    con.execute(
        f"copy (select * from {scan(everything)} where _partition <> {text(REJECTED)}) to {text(divided)} "
        f"({UNORDERED}, partition_by (_partition), write_partition_columns true)"
    )
    for path in sorted(divided.rglob("*.parquet")):
        placed.paths.append(_next(placed, folder))
        os.replace(path, placed.paths[-1])
    return placed


def _next(placed: Placed, folder: Path) -> Path:
    return folder / f"{len(placed.paths):05d}.parquet"
