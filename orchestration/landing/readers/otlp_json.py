"""Traces as the OpenTelemetry collector's file exporter writes them: one OTLP JSON object a line, plain or gzip; one row
per span.

Attributes of span and resource become one JSON object of texts each. Origins of declared columns and of a delivery's
mapping: `attribute:x` (attribute x of the span), `resource:x` (of its resource), `metadata:x` (key x of the JSON text in
the span's attribute `metadata`). The form of a line is declared, not inferred: a sample lacks what is seldom, and 64-bit
numbers are strings. Lines of other signals (metrics, logs) hold no span. A line that is no OTLP object becomes a row of
NULLs, which its missing required fields then reject.

Options: `drop_attributes` (beginnings of names: prompts, answers and other content that must never be landed),
`longest_value` (characters; longer values are content too).
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import FILE_COLUMN, FileRefused, Reading, form_of, match, refuse_unless, text
from orchestration.landing.schema import RawTable

LONGEST_LINE = 67_108_864
_ATTRIBUTES = (
    "STRUCT(key VARCHAR, value STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue VARCHAR, boolValue VARCHAR, "
    "arrayValue JSON, kvlistValue JSON))[]"
)
_SPAN = (
    "STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, kind VARCHAR, startTimeUnixNano VARCHAR, "
    f"endTimeUnixNano VARCHAR, attributes {_ATTRIBUTES}, status STRUCT(code VARCHAR))"
)
_RESOURCE_SPANS = (
    f"STRUCT(resource STRUCT(attributes {_ATTRIBUTES}), "
    f"scopeSpans STRUCT(scope STRUCT(name VARCHAR, version VARCHAR), spans {_SPAN}[])[])[]"
)
_FIELDS = {
    "trace_id": "span.traceId",
    "span_id": "span.spanId",
    "parent_span_id": "nullif(span.parentSpanId, '')",
    "name": "span.name",
    "kind": "span.kind",
    "started_at": "make_timestamp(try_cast(span.startTimeUnixNano as bigint) // 1000)",
    "ended_at": "make_timestamp(try_cast(span.endTimeUnixNano as bigint) // 1000)",
    "status_code": "span.status.code",
    "scope_name": "scope.name",
    "scope_version": "scope.version",
}
_BASES = {"attribute:": "attributes", "resource:": "resource_attributes", "metadata:": "__metadata"}


def _flat(attributes: str, table: RawTable) -> str:
    """SQL of a JSON object (text) of a list of OTLP attributes, without content. A key twice stays twice: no error."""
    value = (
        "coalesce(a.value.stringValue, a.value.intValue, a.value.doubleValue, a.value.boolValue, "
        "cast(a.value.arrayValue as varchar), cast(a.value.kvlistValue as varchar))"
    )
    kept = f"length({value}) <= {int(table.options.get('longest_value', 2000))}"
    dropped = [re.escape(str(start)) for start in table.options.get("drop_attributes", ())]
    if dropped:
        kept += f" and not regexp_matches(a.key, {text('^(' + '|'.join(dropped) + ')')})"
    pairs = (
        f"[cast(to_json(a.key) as varchar) || ':' || cast(to_json({value}) as varchar) for a in {attributes} if {kept}]"
    )
    return f"'{{' || coalesce(array_to_string({pairs}, ','), '') || '}}'"


def _refuse_framed(path: Path) -> None:
    """Refuse what the exporter writes with `format: proto` or with compression: binary, or frames with their length."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if head[:4] == b"\x28\xb5\x2f\xfd" or head[4:8] == b"\x28\xb5\x2f\xfd":
        raise FileRefused(
            "it is compressed by zstd. Set the file exporter's `compression` to none, or gzip the finished files"
        )
    if form_of(path) == "binary":
        raise FileRefused(
            "it is binary (length-prefixed protobuf?). Set the file exporter's `format` to json without compression"
        )


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one file.

    Raises:
        FileRefused: If it is no JSON, or protobuf or zstd.
    """
    _refuse_framed(path)
    refuse_unless(form_of(path), ("json",), "OTLP JSON with one object a line")
    wanted: dict[str, list[str]] = {}
    origins = [*(origin for column in table.columns for origin in column.origins), *delivery.mapping.values()]
    for origin in dict.fromkeys(origins):
        for start, base in _BASES.items():
            if origin.startswith(start):
                wanted.setdefault(base, []).append(origin)
    paths: dict[str, str] = {}
    parsed: list[str] = []
    for base, found in wanted.items():
        keys = ", ".join(text('$."' + origin.split(":", 1)[1].replace('"', '\\"') + '"') for origin in found)
        parsed.append(f"try(json_extract_string({base}, [{keys}]::varchar[])) as __{base}_values")
        paths |= {origin: f"__{base}_values[{index}]" for index, origin in enumerate(found, start=1)}
    signals = f"{{resourceSpans: {text(_RESOURCE_SPANS)}, resourceMetrics: 'JSON', resourceLogs: 'JSON'}}"
    fields = ", ".join(f"{expression} as {column}" for column, expression in _FIELDS.items())
    relation = f"""
        select *{"".join(f", {one}" for one in parsed)}
        from (
            select *, json_extract_string(attributes, '$.metadata') as __metadata
            from (
                select {FILE_COLUMN}, {fields}, {_flat("span.attributes", table)} as attributes,
                    {_flat("resource_attributes", table)} as resource_attributes
                from (
                    select {FILE_COLUMN}, resource_attributes, scoped.scope as scope,
                        unnest(case when scoped is null then [null] else scoped.spans end) as span
                    from (
                        select {FILE_COLUMN}, resourced.resource.attributes as resource_attributes,
                            unnest(case when resourced is null then [null] else resourced.scopeSpans end) as scoped
                        from (
                            select {FILE_COLUMN}, unnest(case
                                when resourceSpans is null and resourceMetrics is null and resourceLogs is null then [null]
                                else resourceSpans
                            end) as resourced
                            from read_json({text(path)}, format='newline_delimited', columns={signals}, ignore_errors=true,
                                compression='{"gzip" if is_gzip(path) else "none"}', maximum_object_size={LONGEST_LINE},
                                filename={FILE_COLUMN})
                        )
                    )
                )
            )
        )
    """
    columns = {column: "TIMESTAMP" if column.endswith("_at") else "VARCHAR" for column in _FIELDS}
    columns |= {"attributes": "VARCHAR", "resource_attributes": "VARCHAR"}
    return match(columns, table, delivery, paths=paths, relation=relation, file=text(path))
