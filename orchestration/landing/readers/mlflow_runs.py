"""Pages of MLflow's `runs/search`: one row per run; tags and params each as one JSON object, metrics (last value, step and
time of each) and dataset inputs as JSON lists.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import FileRefused, Reading, form_of, match, refuse_unless, split_path, text
from orchestration.landing.readers.records import dotted, extracted, fields_of
from orchestration.landing.schema import RawTable

BAGS = ("tags", "params")
LISTS = {
    "metrics": "cast(json_extract(r, '$.data.metrics') as varchar)",
    "dataset_inputs": "cast(json_extract(r, '$.inputs.dataset_inputs') as varchar)",
    # the last sign of life of a run that was never closed
    "last_metric_time": "cast(list_max([try_cast(t as bigint) for t in "
    "json_extract_string(r, '$.data.metrics[*].timestamp')]) as varchar)",
}


def _object(bag: str) -> str:
    """`[{key, value}]` of a run as one JSON object with sorted keys; of a repeated key the last value."""
    entries = f'coalesce(from_json(json_extract(r, \'$.data.{bag}\'), \'[{{"key":"VARCHAR","value":"VARCHAR"}}]\'), [])'
    return (
        f"(select cast(to_json(map_from_entries(list({{'k': key, 'v': value}} order by key))) as varchar) from "
        f"(select e.key as key, last(e.value order by place) as value "
        f"from (select unnest(b.bag) as e, generate_subscripts(b.bag, 1) as place from (select {entries} as bag) b) "
        f"group by e.key))"
    )


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one file of pages (one page, or one a line).

    Raises:
        FileRefused: If it is no answer of `runs/search`.
    """
    refuse_unless(form_of(path), ("json", "json_array"), "An MLflow runs/search page")
    size = max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)
    pages = f"select json as page from read_json_objects({text(path)}, format='auto', maximum_object_size={size})"
    try:
        total, without_runs, error_code = con.execute(
            f"select count(*), count(*) filter (where json_type(page, '$.runs') <> 'ARRAY'), "
            f"min(json_extract_string(page, '$.error_code') || ': ' || coalesce(json_extract_string(page, "
            f"'$.message'), '')) from ({pages})"
        ).fetchone()
    except duckdb.Error as error:
        raise FileRefused(f"it is no complete JSON page ({str(error).splitlines()[0]}). Pull it again") from error
    if error_code:
        raise FileRefused(f"it holds MLflow's error instead of a page: {error_code}. Pull it again")
    if not total or without_runs:
        raise FileRefused("a page with a `runs` list is expected. Land the body of /api/2.0/mlflow/runs/search")
    runs = f"select unnest(json_extract(page, '$.runs[*]')) as r from ({pages})"
    infos = f"select json_extract(r, '$.info') as r from ({runs})"
    fields = fields_of(con, infos)
    named = ", ".join(f'__info[{index}] as "info.{dotted(field)}"' for index, field in enumerate(fields, start=1))
    columns = {f"info.{dotted(field)}": "VARCHAR" for field in fields} | dict.fromkeys((*BAGS, *LISTS), "VARCHAR")
    paths = {}
    for origin in (origin for column in table.columns for origin in column.origins if origin.startswith("$.")):
        base, rest = split_path(origin)
        if base in BAGS:
            paths[origin] = f"json_extract_string({base}, {text(rest)})"
    info = extracted("json_extract(r, '$.info')", fields)
    relation = (
        f"select {named + ', ' if named else ''}{', '.join((*BAGS, *LISTS))} from ("
        f"select {info} as __info, "
        f"{', '.join(f'{_object(bag)} as {bag}' for bag in BAGS)}, "
        f"{', '.join(f'{entries} as {column}' for column, entries in LISTS.items())} from ({runs}))"
    )
    return match(columns, table, delivery, paths=paths, relation=relation)
