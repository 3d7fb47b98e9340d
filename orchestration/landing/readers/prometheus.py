"""Prometheus: `query_range` and `query` JSON, and text dumps of `/metrics`. One row per series and observation.

Columns: `metric`, `labels` (JSON object with sorted keys, without `__name__`), `observed_at`, `value` (text); an
origin `label:x` is the label x. A text dump without timestamps needs `observed_at` of the delivery. Samples of a dump
whose labels are cut out (`...`) would be filed under the wrong series, so such a dump is refused.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import (
    HEAD_BYTES,
    FileRefused,
    Reading,
    form_of,
    head_of,
    match,
    name,
    refuse_unless,
    text,
)
from orchestration.landing.schema import RawTable

LARGEST_PAGE = 4_000_000_000

_LINE = r"^([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{(.*)\})?[ \t]+([^ \t]+)(?:[ \t]+(-?[0-9]+))?[ \t]*$"
_PAIR = r'([a-zA-Z_][a-zA-Z0-9_]*)[ ]*=[ ]*"((?:[^"\\]|\\.)*)"'


def _labels(table: RawTable) -> list[str]:
    """Labels that the declared columns ask for."""
    origins = [origin for column in table.columns for origin in column.origins if origin.startswith("label:")]
    return list(dict.fromkeys(origin.removeprefix("label:") for origin in origins))


def _series(source: str, table: RawTable) -> tuple[str, dict[str, str]]:
    """SELECT list that turns a map `m` of labels into columns, and the origins that it gives."""
    wanted = _labels(table)
    named = "".join(f", m[{text(label)}] as {name('__label ' + label)}" for label in wanted)
    plain = "list_filter(map_entries(m), lambda e: e.key <> '__name__' and e.value is not null)"
    sql = f"cast(to_json(map_from_entries(list_sort({plain}))) as varchar) as labels{named}"
    return sql, {f"label:{label}": name("__label " + label) for label in wanted}


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one answer or dump."""
    form = form_of(path)
    refuse_unless(form, ("json", "text"), "A Prometheus query_range answer or a text dump of /metrics")
    return _read_json(path, table, delivery) if form == "json" else _read_text(con, path, table, delivery)


def _tail_of(path: Path) -> str:
    if is_gzip(path):
        return ""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - HEAD_BYTES))
        return stream.read().decode("utf-8", errors="replace")


def _read_json(path: Path, table: RawTable, delivery: Delivery) -> Reading:
    head = head_of(path).decode("utf-8", errors="replace")
    failed = re.search(r'"status"\s*:\s*"error"', head)
    if failed:
        reason = re.search(r'"error"\s*:\s*"((?:[^"\\]|\\.)*)"', head)
        raise FileRefused(f"Prometheus answered with an error: {reason[1] if reason else head[:200]}. Query again")
    kind = re.search(r'"resultType"\s*:\s*"(\w+)"', head)
    if kind is None:
        raise FileRefused("no `data.resultType` is in it: the body of /api/v1/query_range is expected")
    if kind[1] not in ("matrix", "vector"):
        raise FileRefused(f"its resultType is {kind[1]}; a matrix (query_range) or vector (query) is expected")
    points = "values" if kind[1] == "matrix" else "value"
    shape = "VARCHAR[][]" if points == "values" else "VARCHAR[]"
    size = max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)
    if size > LARGEST_PAGE:
        raise FileRefused("one answer of more than 4 GB cannot be read. Query shorter ranges")
    scan = (
        f"read_json({text(path)}, format='unstructured', maximum_object_size={size}, "
        f"compression='{'gzip' if is_gzip(path) else 'none'}', "
        f"columns={{data: 'STRUCT(result STRUCT(metric MAP(VARCHAR, VARCHAR), \"{points}\" {shape})[])'}})"
    )
    columns, paths = _series("m", table)
    observations = 's."values"' if points == "values" else '[s."value"]'
    samples = f"select s.metric as m, {observations} as points from (select unnest(data.result) as s from {scan})"
    # Labels are taken in a step of their own: beside the unnest they would be worked out again for every observation.
    series = f"select m['__name__'] as metric, {columns}, points from ({samples})"
    relation = (
        f"select * exclude (point), cast(make_timestamp(cast(try_cast(point[1] as decimal(24,6)) * 1000000 as "
        f"bigint)) as timestamp) as observed_at, "
        f"point[2] as value from (select * exclude (points), unnest(points) as point from ({series}))"
    )
    reading = match(
        {"metric": "VARCHAR", "labels": "VARCHAR", "observed_at": "TIMESTAMP", "value": "VARCHAR"},
        table,
        delivery,
        paths=paths,
        relation=relation,
    )
    for body in (head, _tail_of(path)):
        warned = re.search(r'"warnings"\s*:\s*\[(\s*"(?:[^"\\]|\\.)*"[^\]]*)\]', body)
        if warned and f"Prometheus: {warned[1].strip()}" not in reading.warnings:
            reading.warnings.append(f"Prometheus: {warned[1].strip()}")
    return reading


def _read_text(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    lines = (
        "select row_number() over () as __row, line from "
        f"read_csv({text(path)}, header=false, auto_detect=false, columns={{line: 'VARCHAR'}}, delim='\x01', "
        f"quote='', escape='', "
        f"compression='{'gzip' if is_gzip(path) else 'none'}', strict_mode=false, max_line_size=33554432)"
    )
    parsed = f"""
        select __row, line, regexp_extract(line, {text(_LINE)}, ['metric', 'body', 'value', 'stamp']) as p
        from ({lines}) where not starts_with(ltrim(line), '#') and trim(line) <> ''
    """
    try:
        cut, unreadable, stampless, total = con.execute(
            f"""
            select
                min(__row) filter (where trim(regexp_replace(p.body, {text(_PAIR)}, '', 'g'), ', ') <> ''),
                min(__row) filter (where p.metric = ''),
                count(*) filter (where p.stamp = ''),
                count(*)
            from ({parsed})
            """
        ).fetchone()
    except duckdb.Error as error:
        raise FileRefused(f"it is no text dump of /metrics ({str(error).splitlines()[0]})") from error
    if not total:
        raise FileRefused("it holds no sample. Take the dump of /metrics again")
    first = con.execute(f"select line from ({parsed}) where __row = {cut or unreadable or 0}").fetchone()
    if cut is not None:
        raise FileRefused(
            f"line {cut} has labels that are cut out or unreadable (`{first[0][:120]}`). Which series a sample "
            f"belongs to would be a "
            "guess. Take the dump of /metrics again, whole"
        )
    if unreadable == 1 or con.execute(f"select count(*) = {total} from ({parsed}) where p.metric = ''").fetchone()[0]:
        raise FileRefused(
            f"line {unreadable} is no Prometheus sample (`{first[0][:120]}`). A text dump of /metrics is expected"
        )
    if stampless and delivery.observed_at is None:
        raise FileRefused("a text dump does not say when it was taken. Land it again with --observed-at (UTC)")
    columns, paths = _series("m", table)
    unescaped = r"""replace(replace(replace(replace(v, '\\', chr(1)), '\n', chr(10)), '\"', '"'), chr(1), '\')"""
    observed = (
        f"case when p.stamp <> '' then make_timestamp(cast(try_cast(p.stamp as decimal(24,0)) * 1000 as bigint)) "
        f"else {'cast(' + text(delivery.observed_at) + ' as timestamp)' if delivery.observed_at else 'null'} end"
    )
    relation = f"""
        select __row, metric, {columns}, observed_at, value from (
            select __row, nullif(p.metric, '') as metric, nullif(p.value, '') as value, cast({observed} as timestamp)
                as observed_at,
                map_from_entries(list_transform(
                    list_zip(regexp_extract_all(p.body, {text(_PAIR)}, 1), regexp_extract_all(p.body, {text(_PAIR)},
                        2)),
                    lambda pair: {{'k': pair[1], 'v': {unescaped.replace("(v,", "(pair[2],")}}}
                )) as m
            from ({parsed})
        )
    """
    return match(
        {"metric": "VARCHAR", "labels": "VARCHAR", "observed_at": "TIMESTAMP", "value": "VARCHAR"},
        table,
        delivery,
        paths=paths,
        relation=relation,
        row="__row",
    )
