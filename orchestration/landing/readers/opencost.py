"""OpenCost's allocation API: `data` holds one object a window, whose keys are the allocations' names. One row per allocation and window."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import FileRefused, Reading, form_of, head_of, refuse_unless, text
from orchestration.landing.readers.records import matched
from orchestration.landing.schema import RawTable


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one answer."""
    refuse_unless(form_of(path), ("json",), "An answer of OpenCost's /allocation")
    if b'"data"' not in head_of(path):
        raise FileRefused("it has no `data`: the body of GET /allocation is expected")
    scan = (
        f"read_json({text(path)}, format='unstructured', columns={{data: 'MAP(VARCHAR, JSON)[]'}}, "
        f"maximum_object_size={max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)}, "
        f"compression='{'gzip' if is_gzip(path) else 'none'}')"
    )
    records = f"select unnest(map_values(allocations)) as r from (select unnest(data) as allocations from {scan})"
    return matched(records, table, delivery)
