"""Pages of usage and cost APIs: a list `data` of time buckets, each with a list `results`, or of results that say their own
times; one row per result.

A file holds one page, several pages one a line, or an array of pages. A bucket without results has no row but covers
its days. What vendors differ in (names and form of a bucket's start and end) their own readers tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import FileRefused, Reading, form_of, match, name, refuse_unless, text
from orchestration.landing.readers.records import dotted, extracted, fields_of
from orchestration.landing.schema import RawTable


@dataclass(frozen=True)
class Pages:
    """The pages of one file.

    Attributes:
        start: Name of a bucket's start, also the column that holds it.
        end: Name of its end, exclusive.
        records: SELECT of (start, end, r), one row per result; `r` is JSON.
        covered_days: Days that the buckets span, also those without results.
        is_cut: Whether the last page says that more pages follow.
    """

    start: str
    end: str
    records: str
    covered_days: set[date]
    is_cut: bool


def open_pages(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    start: str,
    end: str,
    instant: Callable[[str], datetime],
    endpoints: str,
) -> Pages:
    """Check the form of a file of pages.

    Args:
        con: Connection.
        path: The file.
        start: Name of a bucket's start.
        end: Name of a bucket's end.
        instant: Start or end as written -> time, UTC.
        endpoints: What should be landed, for the message.

    Raises:
        FileRefused: If it is no page of results (an error body, another endpoint).
    """
    refuse_unless(form_of(path), ("json", "json_array"), "A JSON page with `data` buckets")
    size = max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)
    pages = f"select json as page from read_json_objects({text(path)}, format='auto', maximum_object_size={size})"
    buckets = f"""
        select json_extract_string(bucket, '$.{start}') as {name(start)},
            json_extract_string(bucket, '$.{end}') as {name(end)},
            case when json_exists(bucket, '$.results') then json_extract(bucket, '$.results[*]') else [bucket] end as results
        from (select unnest(json_extract(page, '$.data[*]')) as bucket from ({pages}))
    """
    try:
        described = con.execute(
            f"select count(*), count(*) filter (where json_type(page, '$.data') = 'ARRAY'), "
            f"min(coalesce(json_extract_string(page, '$.error.message'), json_extract_string(page, '$.error'))), "
            f"count(*) filter (where json_extract_string(page, '$.has_more') = 'true') from ({pages})"
        ).fetchone()
        spans = con.execute(f"select distinct {name(start)}, {name(end)} from ({buckets}) order by all").fetchall()
    except duckdb.Error as error:
        raise FileRefused(f"it is no complete JSON page ({str(error).splitlines()[0]}). Pull it again") from error
    if described[2]:
        raise FileRefused(f"it holds the API's error instead of a page: {described[2]}. Pull it again")
    if not described[0] or described[0] != described[1]:
        raise FileRefused(f"a page with a `data` list of buckets is expected. Land the bodies of {endpoints}")
    covered = set()
    for first, last in spans:
        try:
            begins, ends = instant(first), instant(last)
        except (TypeError, ValueError):
            continue
        day = begins.date()
        while datetime(day.year, day.month, day.day, tzinfo=UTC) < ends:
            covered.add(day)
            day += timedelta(days=1)
    records = f"select {name(start)}, {name(end)}, unnest(results) as r from ({buckets})"
    return Pages(start, end, records, covered, bool(described[3]) and described[3] == described[0])


def reading_of(
    con: duckdb.DuckDBPyConnection, pages: Pages, table: RawTable, delivery: Delivery, *, where: str = "true"
) -> Reading:
    """The results as a relation, nested objects opened one level by dotted names.

    Args:
        con: Connection.
        pages: What `open_pages` returned.
        table: The declared schema.
        delivery: Its mapping takes part.
        where: SQL condition on `r`.
    """
    records = f"select * from ({pages.records}) where {where}"
    kept = [field for field in fields_of(con, records) if dotted(field) not in ("object", pages.start, pages.end)]
    if not kept:
        # No result, so no field to know: the buckets still speak for their days.
        kept = [f'$."{column.name}"' for column in table.columns if column.name not in (pages.start, pages.end)]
    columns = dict.fromkeys([pages.start, pages.end, *(dotted(field) for field in kept)], "VARCHAR")
    named = "".join(f", __fields[{index}] as {name(dotted(field))}" for index, field in enumerate(kept, start=1))
    times = f"{name(pages.start)}, {name(pages.end)}"
    relation = f"select {times}{named} from (select {times}, {extracted('r', kept)} as __fields from ({records}))"
    reading = match(columns, table, delivery, relation=relation, covered_days=pages.covered_days)
    if pages.is_cut:
        reading.warnings.append("the last page says has_more: later pages of this pull are not in this file")
    return reading
