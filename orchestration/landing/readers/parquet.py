"""Parquet: native types are kept for the loader to cast; maps, structs and lists become JSON text."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.reading import (
    FILE_COLUMN,
    FileRefused,
    Reading,
    form_of,
    match,
    name,
    refuse_unless,
    text,
)
from orchestration.landing.schema import RawTable


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one Parquet file.

    Raises:
        FileRefused: If the file is cut off or damaged.
    """
    refuse_unless(form_of(path), ("parquet",), "Parquet")
    scan = f"read_parquet({text(path)}, hive_partitioning=false, file_row_number=true, filename={FILE_COLUMN})"
    try:
        described = con.execute(f"describe select * from {scan}").fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise FileRefused(
            f"it is no complete Parquet file (cut off in transfer?): {reason}. Deliver it again"
        ) from error
    columns: dict[str, str] = {}
    selected: list[str] = ["file_row_number as __row", FILE_COLUMN]
    for column, data_type, *_ in described:
        if column in ("file_row_number", FILE_COLUMN):
            continue
        if data_type.startswith(("MAP", "STRUCT", "UNION")) or data_type.endswith("]"):
            selected.append(f"cast(to_json({name(column)}) as varchar) as {name(column)}")
            columns[column] = "VARCHAR"
        elif data_type == "BLOB":
            selected.append(f"try(decode({name(column)})) as {name(column)}")
            columns[column] = "VARCHAR"
        else:
            selected.append(name(column))
            columns[column] = data_type
    relation = f"select {', '.join(selected)} from {scan}"
    return match(columns, table, delivery, relation=relation, row="__row + 1", file=text(path))
