"""JSON documents of an API, pretty-printed or not: one object a file, several one after the other, or an array of them.

Top-level fields as text, nested ones as JSON text; an origin `$.a.b` is a path into the top-level field `a`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import (
    FileRefused,
    Reading,
    form_of,
    match,
    name,
    refuse_unless,
    split_path,
    text,
)
from orchestration.landing.schema import RawTable


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one file of JSON objects.

    Raises:
        FileRefused: If it is cut off, or holds no object.
    """
    refuse_unless(form_of(path), ("json", "json_array"), "JSON")
    size = max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)
    objects = f"select json as o from read_json_objects({text(path)}, format='auto', maximum_object_size={size})"
    try:
        keys = [
            key
            for (key,) in con.execute(
                f"select distinct unnest(json_keys(o)) as k from ({objects}) order by k"
            ).fetchall()
        ]
    except duckdb.Error as error:
        raise FileRefused(f"it is no complete JSON ({str(error).splitlines()[0]}). Pull it again") from error
    if not keys:
        raise FileRefused("it holds no JSON object with fields. One object a record is expected")
    columns = {key: "VARCHAR" for key in keys if not key.startswith("__")}
    paths, bases = {}, set()
    for origin in (origin for column in table.columns for origin in column.origins if origin.startswith("$.")):
        base, rest = split_path(origin)
        if base in columns:
            bases.add(base)
            paths[origin] = _value("__object", base, rest[1:])
    fields = ", ".join(f"{_value('o', key)} as {name(key)}" for key in columns)
    reading = match(columns, table, delivery, paths=paths, relation=f"select {fields}, o as __object from ({objects})")
    # A field that is read by paths is declared by them, the rest of it is not kept.
    reading.extra = {key: expression for key, expression in reading.extra.items() if key not in bases}
    return reading


def _value(column: str, field: str, path: str = "") -> str:
    """SQL text of a field, or of what lies below it."""
    where = f'$."{field}"{path}'
    return f"json_extract_string({column}, {text(where)})"
