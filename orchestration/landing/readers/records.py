"""Records inside API pages: one JSON object a record, its scalar fields by (dotted) name."""

from __future__ import annotations

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.reading import Reading, match, text
from orchestration.landing.schema import RawTable


def fields_of(con: duckdb.DuckDBPyConnection, records: str, column: str = "r") -> list[str]:
    """JSON paths of all fields of the records, objects opened one level: `$."a"` or `$."a"."b"`; sorted, deterministic.

    Args:
        con: Connection.
        records: SELECT with a JSON column.
        column: Its name.
    """
    rows = con.execute(
        f"""
        with keyed as (select {column} as r, unnest(json_keys({column})) as k from ({records})),
        typed as (select k, json_extract(r, '$."' || k || '"') as v from keyed),
        opened as (
            select k, case when json_type(v) = 'OBJECT' then unnest(json_keys(v)) end as inner_key from typed where
                json_type(v) = 'OBJECT'
            union all
            select k, null from typed where json_type(v) <> 'OBJECT'
        )
        select distinct k, inner_key from opened order by all
        """
    ).fetchall()
    objects = {key for key, inner in rows if inner is not None}
    return [
        f'$."{key}"' + (f'."{inner}"' if inner is not None else "")
        for key, inner in rows
        if inner is not None or key not in objects
    ]


def dotted(path: str) -> str:
    """`$."a"."b"` -> `a.b`."""
    return path[2:].replace('"', "")


def extracted(column: str, paths: list[str]) -> str:
    """SQL list of the paths' values as text, in their order."""
    return f"json_extract_string({column}, [{', '.join(text(path) for path in paths)}]::varchar[])"


def matched(records: str, table: RawTable, delivery: Delivery) -> Reading:
    """Reading of records of which only the declared `$.` paths are taken.

    Args:
        records: SELECT with a JSON column `r`.
        table: The declared schema.
        delivery: Its mapping takes part.
    """
    origins = {origin for column in table.columns for origin in column.origins if origin.startswith("$.")}
    paths = {origin: f"json_extract_string(r, {text(origin)})" for origin in sorted(origins)}
    return match({}, table, delivery, paths=paths, relation=records)
