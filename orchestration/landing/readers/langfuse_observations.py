"""Observations of Langfuse: an export in any form (JSON lines, a JSON array, CSV, Parquet), or the JSON of a trace with
its list `observations`; one row per observation.

Origins `$.a.b` are paths into column `a`, in whatever form it holds JSON. Of a trace, `trace_user_id`, `trace_session_id`, `trace_metadata` and `trace_environment` stand beside each observation.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers import tabular
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import FileRefused, Reading, form_of, match, name, split_path, text
from orchestration.landing.schema import RawTable

_OF_TRACE = {
    "trace_user_id": "$.trace.userId",
    "trace_session_id": "$.trace.sessionId",
    "trace_metadata": "$.trace.metadata",
    "trace_environment": "$.trace.environment",
}


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one file by what it is.

    Raises:
        FileRefused: If it is no table and no whole trace.
    """
    form = form_of(path)
    if form != "json":
        reading = tabular.read(con, path, table, delivery)
        return reading if form == "json_array" else _with_paths(reading, table)
    # The longest trace that is taken; a file of JSON lines is told by its first object, whatever its size.
    size = max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)
    objects = f"read_json_objects({text(path)}, format='auto', maximum_object_size={size})"
    try:
        first = con.execute(f"select json_type(json, '$.observations') from {objects} limit 1").fetchone()
    except duckdb.Error as error:
        raise FileRefused(f"it is no complete JSON ({str(error).splitlines()[0]}). Export it again") from error
    if first is None or first[0] is None:
        return tabular.read(con, path, table, delivery)
    return _read_traces(con, objects, table, delivery)


def _read_traces(con: duckdb.DuckDBPyConnection, objects: str, table: RawTable, delivery: Delivery) -> Reading:
    drop = {str(column).lower() for column in table.options.get("drop", ())}
    of_trace = ", ".join(f"json_extract_string(json, {text(where)}) as {column}" for column, where in _OF_TRACE.items())
    observations = f"select {of_trace}, unnest(json_extract(json, '$.observations[*]')) as observation from {objects}"
    try:
        found = con.execute(
            f"select distinct unnest(json_keys(observation)) as k from ({observations}) order by k"
        ).fetchall()
    except duckdb.Error as error:
        raise FileRefused(f"it is no complete JSON ({str(error).splitlines()[0]}). Export it again") from error
    fields = [field for (field,) in found if field.lower() not in drop]
    paths = ", ".join(text('$."' + field.replace('"', '\\"') + '"') for field in fields)
    named = ", ".join(f"__values[{index}] as {name(field)}" for index, field in enumerate(fields, start=1))
    relation = (
        f"select {', '.join(_OF_TRACE)}, {named} from (select {', '.join(_OF_TRACE)}, "
        f"json_extract_string(observation, [{paths}]::varchar[]) as __values from ({observations}))"
    )
    columns = dict.fromkeys([*_OF_TRACE, *fields], "VARCHAR")
    return _with_paths(match(columns, table, delivery, relation=relation), table)


def _with_paths(reading: Reading, table: RawTable) -> Reading:
    """Give the declared columns what paths find in columns that nobody declared; the rest of those is not kept."""
    by_lower = {column.lower(): column for column in reading.extra}
    wanted: dict[str, list[tuple[str, str]]] = {}
    for column in table.columns:
        for origin in column.origins:
            if origin.startswith("$."):
                base, rest = split_path(origin)
                if base.lower() in by_lower:
                    wanted.setdefault(by_lower[base.lower()], []).append((column.name, rest))
    parsed = []
    for position, (base, targets) in enumerate(wanted.items()):
        paths = ", ".join(text(rest) for _, rest in targets)
        parsed.append(f"try(json_extract_string({reading.extra.pop(base)}, [{paths}])) as __paths_{position}")
        for index, (column, _) in enumerate(targets, start=1):
            reading.found.setdefault(column, []).append((f"__paths_{position}[{index}]", "VARCHAR"))
    if parsed:
        reading.sql = f"select *, {', '.join(parsed)} from ({reading.sql})"
    return reading
