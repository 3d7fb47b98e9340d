"""The least DuckDB SQL by hand that does the data work of one night on the same request files.

Typing with reject capture, Parquet by day, pricing by day-expanded price rows, the hourly aggregate. Spans are typed and
written, no more: the gateway's rows count what they saw. No lake, no gates, no bills, no allocation, no search for repeated
rows or for calls that two meters saw: the yardstick, not a product. Run as a module it takes its
arguments as one JSON object and prints the seconds of each step and its processor time as one.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

CLASSES = (
    "input_uncached_text",
    "input_cache_read",
    "input_cache_write_5m",
    "input_cache_write_1h",
    "output_text",
    "output_reasoning",
)

_GATEWAY_COLUMNS = {
    "request_id": "varchar",
    "startTime": "varchar",
    "model": "varchar",
    "custom_llm_provider": "varchar",
    "team_id": "varchar",
    "end_user": "varchar",
    "prompt_tokens": "varchar",
    "completion_tokens": "varchar",
    "spend": "varchar",
    "cache_hit": "varchar",
    "status": "varchar",
    "api_key": "varchar",
    "metadata": "json",
}

_DETAIL = "metadata->'usage_object'->'prompt_tokens_details'"
_TYPED_GATEWAY = f"""
    select request_id, try_cast("startTime" as timestamp) as requested_at, model,
        case custom_llm_provider when 'bedrock' then 'aws' else custom_llm_provider end as provider_id, team_id,
        end_user as customer_id, api_key, metadata->'spend_logs_metadata'->>'feature' as feature, status, cache_hit,
        try_cast(prompt_tokens as bigint) as prompt_tokens, try_cast(completion_tokens as bigint) as completion_tokens,
        coalesce(try_cast({_DETAIL}->>'cached_tokens' as bigint), 0) as input_cache_read_tokens,
        coalesce(try_cast({_DETAIL}->'cache_creation_token_details'->>'ephemeral_5m_input_tokens' as bigint),
            try_cast({_DETAIL}->>'cache_write_tokens' as bigint), 0) as input_cache_write_5m_tokens,
        coalesce(try_cast({_DETAIL}->'cache_creation_token_details'->>'ephemeral_1h_input_tokens' as bigint), 0)
            as input_cache_write_1h_tokens,
        coalesce(try_cast(metadata->'usage_object'->'completion_tokens_details'->>'reasoning_tokens' as bigint), 0)
            as output_reasoning_tokens,
        try_cast(spend as decimal(38, 12)) as spend
    from read_json({{files}}, columns = {{columns}}, format = 'newline_delimited')
"""
_TYPED_SERVING = """
    select rid as request_id, try_cast(finished_at as timestamp) as requested_at, served_model as model,
        'self_hosted' as provider_id, caller_team as team_id, tenant as customer_id, server_group as api_key, feature,
        status, 'False' as cache_hit, try_cast(tokens_in as bigint) as prompt_tokens,
        try_cast(tokens_out as bigint) as completion_tokens,
        try_cast(tokens_in_prefix_hit as bigint) as input_cache_read_tokens, 0::bigint as input_cache_write_5m_tokens,
        0::bigint as input_cache_write_1h_tokens, 0::bigint as output_reasoning_tokens, null::decimal(38, 12) as spend
    from read_parquet({files})
"""

_ATTRIBUTES = "STRUCT(key VARCHAR, value STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue VARCHAR))[]"
_SPANS_COLUMNS = (
    f"STRUCT(resource STRUCT(attributes {_ATTRIBUTES}), scopeSpans STRUCT(scope STRUCT(name VARCHAR, version VARCHAR), "
    "spans STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, kind VARCHAR, "
    f"startTimeUnixNano VARCHAR, endTimeUnixNano VARCHAR, attributes {_ATTRIBUTES}, status STRUCT(code VARCHAR))[])[])[]"
)
# Column to the attribute that it is of.
_OF_SPAN = {
    "operation": "gen_ai.operation.name",
    "provider": "gen_ai.provider.name",
    "request_model": "gen_ai.request.model",
    "response_model": "gen_ai.response.model",
    "response_id": "gen_ai.response.id",
    "customer_id": "user.id",
    "error_type": "error.type",
}
_TOKENS_OF_SPAN = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}
_OF_RESOURCE = {
    "service_name": "service.name",
    "environment": "deployment.environment.name",
    "team": "team",
    "feature": "feature",
}


def _typed_spans(files: list[str]) -> str:
    values = "coalesce(a.value.stringValue, a.value.intValue, a.value.doubleValue)"

    def listed(attributes: str, name: str) -> str:
        return (
            f"list_transform({attributes}, lambda a: a.key) as {name}_keys,"
            f" list_transform({attributes}, lambda a: {values}) as {name}_values"
        )

    def taken(name: str, key: str) -> str:
        return f"{name}_values[list_position({name}_keys, '{key}')]"

    columns = [f"{taken('span', key)} as {column}" for column, key in _OF_SPAN.items()]
    columns += [f"try_cast({taken('span', key)} as bigint) as {column}" for column, key in _TOKENS_OF_SPAN.items()]
    columns += [f"{taken('resource', key)} as {column}" for column, key in _OF_RESOURCE.items()]
    # Without `records`, DuckDB guesses what a single column is of, at ten times the cost.
    return f"""
        select span.traceId as trace_id, span.spanId as span_id, span.parentSpanId as parent_span_id, span.name as name,
            span.kind as kind, make_timestamp(try_cast(span.startTimeUnixNano as bigint) // 1000) as started_at,
            make_timestamp(try_cast(span.endTimeUnixNano as bigint) // 1000) as ended_at, span.status.code as status_code,
            scope.name as scope_name, scope.version as scope_version, {", ".join(columns)}
        from (
            select scope, span, resource_keys, resource_values, {listed("span.attributes", "span")}
            from (
                select scoped.scope as scope, unnest(scoped.spans) as span, resource_keys, resource_values
                from (
                    select {listed("resourced.resource.attributes", "resource")}, unnest(resourced.scopeSpans) as scoped
                    from (
                        select unnest(resourceSpans) as resourced
                        from read_json({files}, columns = {{resourceSpans: '{_SPANS_COLUMNS}'}},
                            format = 'newline_delimited', records = true, maximum_object_size = 67108864)
                    )
                )
            )
        )
    """


def run(
    gateway: list[str],
    serving: list[str],
    spans: list[str],
    prices_csv: str,
    aliases_csv: str,
    out: str,
    *,
    threads: int,
    memory_limit: str,
) -> dict[str, float]:
    """Run the yardstick; returns seconds by step.

    Args:
        gateway: LiteLLM SpendLogs files.
        serving: Parquet files of the serving log.
        spans: OTLP JSON files of the collector.
        prices_csv: The price book as `orchestration.reference.price_book` writes it.
        aliases_csv: The names of models in the logs and in the price book, from the same delivery.
        out: Folder for Parquet and the result.
    """
    con = duckdb.connect()
    con.execute(f"set threads = {threads}; set memory_limit = '{memory_limit}'; set preserve_insertion_order = false")
    Path(out).mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}

    def timed(name: str, *statements: str) -> None:
        start = time.perf_counter()
        for statement in statements:
            con.execute(statement)
        seconds[name] = time.perf_counter() - start

    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in _GATEWAY_COLUMNS.items()) + "}"
    is_good = "requested_at is not null and prompt_tokens >= 0 and completion_tokens >= 0 and request_id is not null"
    branches = []
    if gateway:
        branches.append(_TYPED_GATEWAY.format(files=gateway, columns=columns))
    if serving:
        branches.append(_TYPED_SERVING.format(files=serving))
    typed = " union all by name ".join(branches)
    requests = f"read_parquet('{out}/requests/*/*.parquet', hive_partitioning = false)"
    timed(
        "type and write",
        f"copy (select *, cast(requested_at as date) as usage_date, {is_good} as is_good from ({typed}))"
        f" to '{out}/requests'"
        " (format parquet, compression zstd, partition_by (usage_date), write_partition_columns true)",
    )
    if spans:
        sound = "started_at is not null and trace_id is not null and span_id is not null"
        timed(
            "type and write spans",
            f"copy (select *, cast(started_at as date) as usage_date, {sound} as is_good from ({_typed_spans(spans)}))"
            f" to '{out}/spans'"
            " (format parquet, compression zstd, partition_by (usage_date), write_partition_columns true)",
            f"copy (select * from '{out}/spans/*/*.parquet' where not is_good)"
            f" to '{out}/rejected_spans.parquet' (format parquet)",
        )
    timed(
        "rejects",
        f"copy (select * from {requests} where not is_good or is_good is null)"
        f" to '{out}/rejects.parquet' (format parquet)",
    )
    con.execute(f"create table prices as select * from read_csv('{prices_csv}', all_varchar = true)")
    con.execute(f"create table names as select * from read_csv('{aliases_csv}', all_varchar = true)")
    terms = " + ".join(f"cast({name}_tokens as decimal(18, 0)) * coalesce(price_{name}, 0)" for name in CLASSES)
    wide = ", ".join(
        f"max(case when token_class = '{name}' then cast(unit_price_usd as decimal(18, 12)) end) as price_{name}"
        for name in CLASSES
    )
    timed(
        "price and aggregate",
        f"""create table day_prices as
            select day, provider_id, model_id, cast(tier_start as bigint) as tier_start,
                cast(coalesce(nullif(tier_end, ''), '9000000000') as bigint) as tier_end, {wide}
            from prices, (select distinct cast(requested_at as date) as day from {requests})
            where service_tier = 'standard' and processing = 'standard' and residency = 'any' and window_start_second = '0'
                and cast(valid_from as date) <= day and day < coalesce(try_cast(valid_to as date), date '2999-01-01')
            group by all""",
        f"""copy (
            with classes as (
                select *,
                    prompt_tokens - input_cache_read_tokens - input_cache_write_5m_tokens - input_cache_write_1h_tokens
                        as input_uncached_text_tokens, completion_tokens - output_reasoning_tokens as output_text_tokens
                from {requests} where is_good)
            select date_trunc('hour', requested_at) as usage_hour, c.provider_id, c.model, team_id, customer_id,
                feature, api_key,
                count(*) as requests, {", ".join(f"sum({name}_tokens) as {name}_tokens" for name in CLASSES)},
                sum(case when cache_hit = 'True' then 0 else {terms} end) as cost, sum(spend) as spend
            from classes c
            left join names n on n.provider_id = c.provider_id and n.raw_model = c.model
            left join day_prices p on p.provider_id = n.price_provider_id and p.model_id = n.model_id
                and p.day = c.usage_date and c.prompt_tokens > p.tier_start and c.prompt_tokens <= p.tier_end
            group by all
        ) to '{out}/groups.parquet' (format parquet)""",
    )
    con.close()
    return seconds


if __name__ == "__main__":
    began = time.process_time()
    steps = run(**json.loads(sys.argv[1]))
    print(json.dumps({"steps": steps, "cpu_seconds": time.process_time() - began}))
