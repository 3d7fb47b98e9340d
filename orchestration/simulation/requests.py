"""Write each day's requests the way their meters log them, and keep what bills, counters and truth need.

The LiteLLM gateway logs calls to vendors (SpendLogs, JSON lines); the servers of the own deployments write a Parquet
log. What stays in the working database is grouped by hour, so that memory does not grow with the number of requests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from . import spans
from .company import ADAPTER, GATEWAY_ROUTES, OPUS, SERVING_ROUTES, TERRA
from .database import JSON_LINES, PARQUET, add_table, copy
from .timeline import HOUR, Timeline, epoch
from .traffic import CACHE_HIT, FAILED, TOKEN_CLASSES, day_of_requests

GATEWAY_PRICE_LAG_DAYS = 5  # the gateway's price file is refreshed late
NEW_MODEL_UNPRICED_DAYS = 7  # and does not know a new model for a week
OVERLAP_EVERY_DAYS = 5  # every fifth export begins an hour early and repeats rows of the day before
SERVING_RATIO = 0.94  # requests to own deployments per gateway request

# request_log columns -> columns of the Parquet files; given when landing
REQUEST_LOG_MAPPING = {
    "requested_at": "finished_at",
    "request_id": "rid",
    "provider": "=self_hosted",
    "model": "served_model",
    "deployment_id": "server_group",
    "input_tokens": "tokens_in",
    "input_cache_read_tokens": "tokens_in_prefix_hit",
    "output_tokens": "tokens_out",
    "team": "caller_team",
    "environment": "caller_env",
    "customer_id": "tenant",
    "feature": "feature",
    "status": "status",
}
_TOKENS = [f"{token_class}_tokens" for token_class in TOKEN_CLASSES]
_INPUTS = " + ".join(name for name in _TOKENS if name.startswith("input"))
_OUTPUTS = "output_text_tokens + output_reasoning_tokens"


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Create the grouped tables that the days add to."""
    tokens = ", ".join(f"{name} bigint" for name in _TOKENS)
    con.execute(
        f"create or replace table usage (meter varchar, day date, hour bigint, route integer, customer integer, "
        f"metered boolean,"
        f" outcome tinyint, is_above boolean, requests bigint, {tokens})"
    )


def write_days(
    con: duckdb.DuckDBPyConnection,
    timeline: Timeline,
    out: Path,
    truth: Path,
    *,
    seed: int,
    requests_per_day: float,
    progress: Callable[[str], None],
) -> dict[str, dict[date, Path]]:
    """Write logs and truth of every day; returns the files by meter and day."""
    prepare(con)
    files: dict[str, dict[date, Path]] = {"litellm": {}, "request_log": {}, "otel": {}}
    new_model_from = timeline.day_of(*next(r.from_day for r in GATEWAY_ROUTES if r.model == TERRA and r.from_day))
    con.execute("create or replace table repeats as select null::varchar as none limit 0")
    for number, day in enumerate(timeline.days):
        for meter, routes, rate in (
            ("litellm", GATEWAY_ROUTES, requests_per_day),
            ("request_log", SERVING_ROUTES, requests_per_day * SERVING_RATIO),
        ):
            add_table(con, "day_rows", day_of_requests(day, routes, rate, seed=seed, meter=meter, timeline=timeline))
            _price_day(con, day, meter)
            _keep_groups(con, day, meter)
            copy(con, _truth_query(meter), truth / "truth_requests" / f"{meter}-{day}.parquet", PARQUET)
            target = out / f"{meter}-{day}.{'jsonl' if meter == 'litellm' else 'parquet'}"
            if meter == "litellm":
                overlap_next = (number + 1) % OVERLAP_EVERY_DAYS == 0
                _gateway_rows(con, day, new_model_from, timeline)
                early = "select * from log_rows" if not overlap_next else _early_versions(day)
                files[meter][day] = copy(
                    con,
                    f"select * exclude (second, seq) from ({early} union all by name from repeats) order by second, "
                    f"seq",
                    target,
                    JSON_LINES,
                )
                last_hour = epoch(day, 23)
                keep = f"second >= {last_hour}" if overlap_next else "false"
                con.execute(f"create or replace table repeats as select * from log_rows where {keep}")
                files["otel"][day] = spans.write_day(con, day, timeline, out / f"traces-{day}.json")
            else:
                files[meter][day] = copy(con, _serving_query(), target, PARQUET)
        if number % 10 == 9:
            progress(f"requests up to {day}")
    return files


def _price_day(con: duckdb.DuckDBPyConnection, day: date, meter: str) -> None:
    """Table `priced`: the day's rows with names and with exact list and contract cost."""
    columns = []
    for token_class in TOKEN_CLASSES:
        for kind in ("list", "contract"):
            columns.append(f"max({kind}_price) filter (token_class = '{token_class}') as {kind}_{token_class}")
    con.execute(
        f"create or replace temp table price_today as select provider, model_id, is_above, {', '.join(columns)}"
        f" from prices where valid_from <= date '{day}' and date '{day}' < valid_to group by all"
    )

    def total(kind: str) -> str:
        terms = (
            f"coalesce(cast({c}_tokens as decimal(18,0)) * p.{kind}_{c}, cast(0 as decimal(38,12)))"
            for c in TOKEN_CLASSES
        )
        return f"cast({' + '.join(terms)} as decimal(38,12))"

    prefix = "req-" if meter == "litellm" else "srv-"
    con.execute(
        f"""create or replace table priced as
        select d.*, format('{prefix}{{:016x}}', d.id) as request_id, r.* exclude (meter, route), c.customer_id,
            case when r.provider = 'self_hosted' or outcome <> 0 then 0 else {total("list")} end as list_cost,
            case when r.provider = 'self_hosted' or outcome <> 0 then 0 else {total("contract")} end as contract_cost,
            row_number() over (order by d.second, d.id) as seq
        from day_rows d join routes r on r.meter = '{meter}' and r.route = d.route
        left join customers c on c.customer = d.customer
        left join price_today p on p.provider = r.provider and p.model_id = r.model_id and p.is_above = d.above"""
    )


def _keep_groups(con: duckdb.DuckDBPyConnection, day: date, meter: str) -> None:
    sums = ", ".join(f"sum({name})::bigint" for name in _TOKENS)
    con.execute(
        f"insert into usage select '{meter}', date '{day}', second // {HOUR} * {HOUR} as hour, route, customer, "
        f"metered,"
        f" outcome, above, count(*), {sums} from day_rows group by all order by all"
    )


def _truth_query(meter: str) -> str:
    """Plain reading: what each logged request cost at list and at contract price, in disjoint token classes."""
    return f"""select request_id, '{meter}' as meter, make_timestamp(second * 1000000) as requested_at,
        provider as provider_id,
            model_id, project, team, environment, customer_id, feature, outcome = {FAILED} as is_failed,
            case when outcome = {CACHE_HIT} then 'gateway_cache' else 'provider' end as served_from,
                {", ".join(_TOKENS)},
            cast(list_cost as decimal(38,12)) as list_cost, cast(contract_cost as decimal(38,12)) as contracted_cost
        from priced where metered order by seq"""


def _gateway_rows(con: duckdb.DuckDBPyConnection, day: date, new_model_from: date, timeline: Timeline) -> None:
    """Table `log_rows`: SpendLogs rows, with the gateway's own idea of the cost."""
    priced_as_of = max(day - timedelta(days=GATEWAY_PRICE_LAG_DAYS), timeline.start.date())
    unknown = new_model_from <= day < new_model_from + timedelta(days=NEW_MODEL_UNPRICED_DAYS)
    columns = ", ".join(f"max(list_price) filter (token_class = '{c}')::double as g_{c}" for c in TOKEN_CLASSES)
    terms = " + ".join(f"coalesce({c}_tokens * g_{c}, 0)" for c in TOKEN_CLASSES)
    con.execute(
        f"""create or replace table log_rows as
        with gateway_prices as (
            select provider, model_id, is_above, {columns} from prices
            where valid_from <= date '{priced_as_of}' and date '{priced_as_of}' < valid_to group by all),
        costed as (
            select d.*, {_INPUTS} as prompt, {_OUTPUTS} as completion,
                case when outcome <> 0 then 0.0
                    when model = '{TERRA}' and {str(unknown).lower()} then 0.0
                    when model = '{OPUS}' then {terms} + input_cache_read_tokens * g_input_uncached_text
                    else {terms} end as spend
            from priced d left join gateway_prices g on g.provider = d.provider and g.model_id = d.model_id and
                g.is_above = d.above
            where metered)
        select request_id, case when output_text_tokens + output_reasoning_tokens = 0 and model like '%embedding%'
                then 'aembedding' else 'acompletion' end as call_type,
            sha256(gateway_team) as api_key, round(spend, 10) as spend, prompt + completion as total_tokens,
            prompt as prompt_tokens, completion as completion_tokens,
            strftime(make_timestamp(second * 1000000), '%Y-%m-%dT%H:%M:%S.000Z') as "startTime",
            strftime(make_timestamp(second * 1000000 + latency_ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ') as "endTime",
            latency_ms as request_duration_ms, model, feature || '-default' as model_group,
            case provider when 'aws' then 'bedrock' else provider end as custom_llm_provider,
            {{
                'user_api_key_alias': gateway_team, 'user_api_key_team_alias': gateway_team, 'attempted_retries': retry,
                'usage_object': case when outcome = {FAILED} then null else {{
                    'prompt_tokens': prompt, 'completion_tokens': completion, 'total_tokens': prompt + completion,
                    'prompt_tokens_details': {{
                        'cached_tokens': input_cache_read_tokens,
                        'cache_write_tokens': case when provider = 'openai' then input_cache_write_unspecified_tokens
                            end,
                        'cache_creation_tokens': case when provider <> 'openai'
                            then input_cache_write_5m_tokens + input_cache_write_1h_tokens end,
                        'cache_creation_token_details': case when provider <> 'openai' then {{
                            'ephemeral_5m_input_tokens': input_cache_write_5m_tokens,
                            'ephemeral_1h_input_tokens': input_cache_write_1h_tokens}} end}},
                    'completion_tokens_details': {{'reasoning_tokens': output_reasoning_tokens}}}} end,
                'spend_logs_metadata': {{'feature': feature}}
            }} as metadata,
            case when outcome = {CACHE_HIT} then 'True' else 'False' end as cache_hit,
            ['env:' || environment] as request_tags, gateway_team as team_id, coalesce(customer_id, '') as end_user,
            's-' || substr(sha256(gateway_team || customer_id || (second // 1800)::varchar), 1, 10) as session_id,
            case when outcome = {FAILED} then 'failure' else 'success' end as status,
            strftime(make_timestamp(second * 1000000 + latency_ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ') as updated_at,
            second, seq
        from costed"""
    )


def _early_versions(day: date) -> str:
    """The day's rows where the next export repeats the last hour: a few of them are first seen without their
    customer.
    """
    first = f"second >= {epoch(day, 23)} and seq % 7 = 0"
    return f"""select * replace (
            case when {first} then '' else end_user end as end_user,
            case when {first} then "startTime" else updated_at end as updated_at)
        from log_rows"""


def _serving_query() -> str:
    return f"""select make_timestamp(second * 1000000) as finished_at, request_id as rid, case when model <> '{ADAPTER}' then project end as server_group,
            model as served_model, {_INPUTS} as tokens_in, input_cache_read_tokens as tokens_in_prefix_hit,
            {_OUTPUTS} as tokens_out, gateway_team as caller_team, environment as caller_env,
            customer_id as tenant, feature, case when outcome = {FAILED} then 'failure' else 'success' end as status
        from priced where metered order by seq"""
