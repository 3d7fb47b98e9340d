"""Tables in whatever form the exporter wrote them: Parquet, JSON lines, a JSON array or delimited text, told by
content.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers import delimited, json_lines, parquet
from orchestration.landing.readers.reading import Reading, form_of, refuse_unless
from orchestration.landing.schema import RawTable


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one file by what it is."""
    form = form_of(path)
    refuse_unless(form, ("parquet", "json", "json_array", "text"), "CSV, Parquet or JSON lines")
    if form == "parquet":
        return parquet.read(con, path, table, delivery)
    if form in ("json", "json_array"):
        return json_lines.read(con, path, table, delivery)
    return delimited.read(con, path, table, delivery)
