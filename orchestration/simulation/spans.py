"""Spans that the search team's service sends of its calls through the gateway: OTLP JSON lines, as the collector's file
exporter writes them.

One call in three is sampled, and the span has the gateway's response id, so the same call is metered twice and must count
once. Each call is inside a span of the agent that made it, which repeats its usage. The instrumentation is upgraded in
the corrected month: before, its attributes have the older names.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from .database import JSON_LINES, copy
from .timeline import Timeline
from .traffic import FAILED

ROUTES = "search-answers%"
SAMPLED_ONE_IN = 3
_OLD_NAMES = {
    "gen_ai.provider.name": "gen_ai.system",
    "gen_ai.usage.input_tokens": "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.output_tokens": "gen_ai.usage.completion_tokens",
    "gen_ai.usage.cache_read.input_tokens": "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.reasoning.output_tokens": "gen_ai.usage.reasoning_tokens",
}


def write_day(con: duckdb.DuckDBPyConnection, day: date, timeline: Timeline, path: Path) -> Path:
    """Write the day's sampled spans, a line an hour, from table `priced` of the gateway's day."""
    is_old = day < timeline.day_of(1, 10)
    usage = {
        "gen_ai.usage.input_tokens": "input_uncached_text_tokens + input_cache_read_tokens + "
        "input_cache_write_unspecified_tokens",
        "gen_ai.usage.output_tokens": "output_text_tokens + output_reasoning_tokens",
    }
    details = {
        "gen_ai.usage.cache_read.input_tokens": "input_cache_read_tokens",
        "gen_ai.usage.cache_creation.input_tokens": "input_cache_write_unspecified_tokens",
        "gen_ai.usage.reasoning.output_tokens": "output_reasoning_tokens",
    }

    def attribute(name: str, value: str, kind: str = "stringValue") -> str:
        name = _OLD_NAMES.get(name, name) if is_old else name
        return f"json_object('key', '{name}', 'value', json_object('{kind}', cast({value} as varchar)))"

    def attributes(operation: str, counts: dict[str, str], *more: str) -> str:
        listed = [
            attribute("gen_ai.operation.name", f"'{operation}'"),
            attribute("gen_ai.provider.name", "provider"),
            attribute("gen_ai.request.model", "model"),
            *(attribute(name, value, "intValue") for name, value in counts.items()),
            *more,
        ]
        return f"json_array({', '.join(listed)})"

    def span(suffix: str, parent: str, name: str, kind: int, values: str) -> str:
        return (
            f"json_object('traceId', md5(request_id), 'spanId', substr(md5(request_id || '{suffix}'), 1, 16), "
            f"'parentSpanId', {parent}, 'name', {name}, 'kind', {kind}, "
            "'startTimeUnixNano', cast(second * 1000000000 as varchar), "
            "'endTimeUnixNano', cast(second * 1000000000 + latency_ms * 1000000 as varchar), "
            f"'attributes', {values}, 'status', json_object())"
        )

    agent = span("agent", "''", "'invoke_agent answers'", 1, attributes("invoke_agent", usage))
    call = span(
        "call",
        "substr(md5(request_id || 'agent'), 1, 16)",
        "'chat ' || model",
        3,
        attributes(
            "chat",
            usage | details,
            attribute("gen_ai.response.model", "bill_model"),
            attribute("gen_ai.response.id", "request_id"),
            attribute("user.id", "coalesce(customer_id, '')"),
        ),
    )
    resource = "json_array({})".format(
        ", ".join(
            attribute(name, f"'{value}'")
            for name, value in {
                "service.name": "search-api",
                "deployment.environment.name": "prod",
                "team": "search",
                "feature": "answers",
            }.items()
        )
    )
    query = f"""
        with calls as (
            select * from priced
            where metered and outcome <> {FAILED} and route_id like '{ROUTES}' and id % {SAMPLED_ONE_IN} = 0)
        select json_array(json_object('resource', json_object('attributes', {resource}), 'scopeSpans', json_array(
            json_object('scope', json_object('name', 'opentelemetry.instrumentation.openai_v2'), 'spans', spans)
        ))) as "resourceSpans"
        from (
            select second // 3600 as hour, to_json(list(span order by seq, part)) as spans
            from (
                select second, seq, 1 as part, {agent} as span from calls
                union all
                select second, seq, 2 as part, {call} as span from calls)
            group by hour)
        order by hour"""
    return copy(con, query, path, JSON_LINES)
