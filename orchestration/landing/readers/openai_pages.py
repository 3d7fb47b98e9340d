"""Pages of OpenAI's organisation API (costs, usage): one row per result, with the start and end of its bucket.

A file holds one page, several pages one a line, or an array of pages. A bucket without results has no row but covers
its days. Option `result_object`: only results of this object type; a file that holds only others is not for this table.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import FileRefused, Reading, form_of, match, refuse_unless, text
from orchestration.landing.readers.records import dotted, extracted, fields_of
from orchestration.landing.schema import RawTable


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading | None:
    """Read one file of pages.

    Raises:
        FileRefused: If it is no page of results (an error body, another endpoint).
    """
    refuse_unless(form_of(path), ("json", "json_array"), "A JSON page with `data` buckets")
    size = max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)
    pages = f"select json as page from read_json_objects({text(path)}, format='auto', maximum_object_size={size})"
    buckets = f"""
        select json_extract_string(bucket, '$.start_time') as start_time, json_extract_string(bucket, '$.end_time')
            as end_time,
            json_extract(bucket, '$.results[*]') as results
        from (select unnest(json_extract(page, '$.data[*]')) as bucket from ({pages}))
    """
    try:
        described = con.execute(
            f"select count(*), count(*) filter (where json_type(page, '$.data') = 'ARRAY'), "
            f"min(coalesce(json_extract_string(page, '$.error.message'), json_extract_string(page, '$.error'))), "
            f"count(*) filter (where json_extract_string(page, '$.has_more') = 'true') from ({pages})"
        ).fetchone()
        spans = con.execute(
            f"select distinct try_cast(start_time as bigint), try_cast(end_time as bigint) from ({buckets}) order by "
            f"all"
        ).fetchall()
        kinds = [
            kind
            for (kind,) in con.execute(
                f"select distinct json_extract_string(unnest(results), '$.object') from ({buckets})"
            ).fetchall()
        ]
    except duckdb.Error as error:
        raise FileRefused(f"it is no complete JSON page ({str(error).splitlines()[0]}). Pull it again") from error
    if described[2]:
        raise FileRefused(f"it holds the API's error instead of a page: {described[2]}. Pull it again")
    if not described[0] or described[0] != described[1]:
        raise FileRefused(
            "a page with a `data` list of buckets is expected. Land the bodies of /organization/costs or "
            "/organization/usage/…"
        )
    wanted = table.options.get("result_object")
    if wanted and kinds and wanted not in kinds:
        return None
    if wanted and not kinds:
        # Only empty buckets: the file's name tells the endpoint.
        endpoint = wanted.removesuffix(".result").rsplit(".", 1)[-1]
        if endpoint not in path.name.lower():
            return None
    covered = set()
    for start, end in spans:
        if start is None or end is None:
            continue
        day = datetime.fromtimestamp(start, UTC).date()
        while datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() < end:
            covered.add(day)
            day += timedelta(days=1)
    chosen = f" where json_extract_string(r, '$.object') = {text(wanted)}" if wanted else ""
    records = (
        f"select start_time, end_time, r from (select start_time, end_time, unnest(results) as r from "
        f"({buckets})){chosen}"
    )
    fields = fields_of(con, records)
    columns = {"start_time": "VARCHAR", "end_time": "VARCHAR"} | {
        dotted(field): "VARCHAR" for field in fields if dotted(field) != "object"
    }
    kept = [field for field in fields if dotted(field) != "object"]
    named = ", ".join([f'__fields[{index}] as "{dotted(field)}"' for index, field in enumerate(kept, start=1)])
    relation = (
        f"select start_time, end_time{', ' + named if named else ''} "
        f"from (select start_time, end_time, {extracted('r', kept)} as __fields from ({records}))"
    )
    reading = match(columns, table, delivery, relation=relation, covered_days=covered)
    if described[3] and described[3] == described[0]:
        reading.warnings.append("the last page says has_more: later pages of this pull are not in this file")
    return reading
