"""What the model vendors bill: OpenAI cost and usage pages, Anthropic's FOCUS export; and the token lines behind
them.

A line is what the vendor can tell apart. OpenAI: day, project, key, model, class. Anthropic: day, workspace, model,
class. Bedrock (rows of the AWS bill, see `aws.py`): hour, inference profile, model, class.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

import duckdb

from .company import (
    ANTHROPIC_ACCOUNT,
    ANTHROPIC_ISSUER,
    DIRECT_KEY,
    DIRECT_MODEL,
    DIRECT_PROJECT,
    MINI,
)
from .database import CSV, copy
from .timeline import DAY, Month, Timeline, epoch, rng
from .traffic import BILLING_CLASS

OPENAI_LINE = {"input": "input", "cache_read": "cached input", "cache_write": "cache write", "output": "output"}
PRELIMINARY_SHARE = 0.92  # of the last day of a pull that was taken before the vendor had counted it all


def build_lines(con: duckdb.DuckDBPyConnection, timeline: Timeline, *, seed: int, requests_per_day: float) -> None:
    """Table `token_lines`: one row per line of a vendor, with its tokens and its exact list and contract cost.

    Calls answered by the gateway's cache and failed calls cost nothing; calls that bypassed the gateway are billed.
    """
    branches = " union all ".join(
        f"select meter, day, hour, route, is_above, '{token_class}' as token_class, '{billing}' as billing_class,"
        f" {token_class}_tokens as tokens from usage where meter = 'litellm' and outcome = 0 and "
        f"{token_class}_tokens > 0"
        for token_class, billing in BILLING_CLASS.items()
    )
    con.execute(
        f"""create or replace table token_lines as
        with used as ({branches})
        select u.day, case when r.provider = 'aws' then u.hour else epoch(u.day::timestamp)::bigint end as hour,
            r.provider,
            r.project, r.api_key, r.bill_model, r.model_id, u.billing_class, sum(u.tokens)::bigint as tokens,
            sum(cast(u.tokens as decimal(18,0)) * p.list_price)::decimal(38,12) as list_cost,
            sum(cast(u.tokens as decimal(18,0)) * p.contract_price)::decimal(38,12) as contract_cost
        from used u join routes r on r.meter = u.meter and r.route = u.route
        left join prices p on p.provider = r.provider and p.model_id = r.model_id and p.token_class = u.token_class
            and p.is_above = u.is_above and p.valid_from <= u.day and u.day < p.valid_to
        group by all"""
    )
    _direct_project(con, timeline, seed, requests_per_day)


def _direct_project(con: duckdb.DuckDBPyConnection, timeline: Timeline, seed: int, requests_per_day: float) -> None:
    """The OpenAI project that never uses the gateway."""
    random = rng(seed, "direct project")
    rows = []
    for day in timeline.days:
        size = max(requests_per_day, 1.0) * float(random.uniform(0.01, 0.03))
        for billing, tokens in (("input", 9_000), ("cache_read", 5_000), ("output", 900)):
            rows.append(
                (day, epoch(day), DIRECT_PROJECT, DIRECT_KEY, DIRECT_MODEL, MINI, billing, int(size * tokens) + 1)
            )
    con.execute(
        "create or replace temp table direct (day date, hour bigint, project varchar, api_key varchar, bill_model "
        "varchar,"
        " model_id varchar, billing_class varchar, tokens bigint)"
    )
    con.executemany("insert into direct values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    con.execute(
        """insert into token_lines by name
        select d.*, 'openai' as provider, cast(d.tokens as decimal(18,0)) * p.list_price as list_cost,
            cast(d.tokens as decimal(18,0)) * p.contract_price as contract_cost
        from direct d join prices p on p.provider = 'openai' and p.model_id = d.model_id and not p.is_above
            and p.valid_from <= d.day and d.day < p.valid_to
            and p.token_class = case d.billing_class when 'input' then 'input_uncached_text' when 'output' then
            'output_text'
                else 'input_cache_read' end
        order by d.day, d.billing_class"""
    )


def write_openai(
    con: duckdb.DuckDBPyConnection, folder: Path, first: date, last: date, *, preliminary: date | None = None
) -> list[Path]:
    """Pages of `/organization/costs` (a week of days each) and `/organization/usage/completions` (hours) of [first,
    last).

    Numbers of the `preliminary` day are not complete yet; a later pull of the window has them right.
    """
    share = f"case when day = date '{preliminary}' then {PRELIMINARY_SHARE} else 1 end" if preliminary else "1"
    costs = con.execute(
        f"""select epoch(day::timestamp)::bigint, project, api_key, bill_model, billing_class,
            floor(tokens * {share})::bigint,
            cast(case when floor(tokens * {share}) = tokens then contract_cost
                else round(contract_cost * cast({share} as decimal(4,2)), 12) end as decimal(38,12))
        from token_lines where provider = 'openai' and day >= ? and day < ? order by all""",
        [first, last],
    ).fetchall()
    days = [first + timedelta(days=i) for i in range((last - first).days)]
    buckets: dict[int, list[str]] = {epoch(day): [] for day in days}
    for start, project, key, model, billing, tokens, cost in costs:
        # the amount is written digit by digit: a Python float would already have rounded it
        item = json.dumps(f"{model}, {OPENAI_LINE[billing]}")
        buckets[start].append(
            f'{{"object":"organization.costs.result","amount":{{"value":{_plain(cost)},"currency":"usd"}},'
            f'"line_item":{item},"project_id":"{project}","api_key_id":"{key}","quantity":{tokens}}}'
        )
    paths = _pages(folder, "costs", buckets, DAY, per_page=7)

    usage = con.execute(
        f"""select u.hour, r.project, r.api_key, r.bill_model,
            sum(input_uncached_text_tokens)::bigint, sum(input_cache_read_tokens)::bigint,
            sum(input_cache_write_unspecified_tokens)::bigint, sum(output_text_tokens +
                output_reasoning_tokens)::bigint,
            sum(requests)::bigint
        from usage u join routes r on r.meter = u.meter and r.route = u.route
        where r.provider = 'openai' and u.outcome = 0 and r.model not like '%embedding%'
            and u.day >= ? and u.day < ? {f"and u.day <> date '{preliminary}'" if preliminary else ""}
        group by all order by all""",
        [first, last],
    ).fetchall()
    hours: dict[int, list[str]] = {epoch(day) + h * 3600: [] for day in days for h in range(24)}
    for hour, project, key, model, uncached, cached, written, output, requests in usage:
        result = {
            "object": "organization.usage.completions.result",
            "input_tokens": uncached + cached + written,
            "input_uncached_tokens": uncached,
            "input_cached_tokens": cached,
            "input_cache_write_tokens": written,
            "input_text_tokens": uncached,
            "input_cached_text_tokens": cached,
            "input_audio_tokens": 0,
            "input_cached_audio_tokens": 0,
            "input_image_tokens": 0,
            "input_cached_image_tokens": 0,
            "output_tokens": output,
            "output_text_tokens": output,
            "output_audio_tokens": 0,
            "output_image_tokens": 0,
            "num_model_requests": requests,
            "project_id": project,
            "user_id": None,
            "api_key_id": key,
            "model": model,
            "batch": False,
            "service_tier": "default",
        }
        hours[hour].append(json.dumps(result, separators=(",", ":")))
    return paths + _pages(folder, "usage-completions", hours, 3600, per_page=168)


def _pages(folder: Path, name: str, buckets: dict[int, list[str]], width: int, per_page: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    starts = sorted(buckets)
    paths = []
    for number, first in enumerate(range(0, len(starts), per_page), start=1):
        chunk = starts[first : first + per_page]
        more = first + per_page < len(starts)
        rows = []
        for start in chunk:
            results = ",\n".join(buckets[start])
            rows.append(f'{{"object":"bucket","start_time":{start},"end_time":{start + width},"results":[{results}]}}')
        next_page = f'"page_{number + 1}"' if more else "null"
        path = folder / f"{name}-{number:02d}.json"
        path.write_text(
            '{"object":"page","data":['
            + ",\n".join(rows)
            + f'],"has_more":{str(more).lower()},"next_page":{next_page}}}\n'
        )
        paths.append(path)
    return paths


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def prepaid_credits(con: duckdb.DuckDBPyConnection, month: Month, timeline: Timeline) -> Decimal:
    """Credits bought from Anthropic on the first of the month, full thousands: what the month will use at the first
    day's pace and a half, or what it did use where that was more.
    """
    last = min(month.end.date(), timeline.bill_end.date())
    used, first_day = con.execute(
        "select coalesce(sum(contract_cost), 0), coalesce(sum(contract_cost) filter (day = ?), 0) from token_lines"
        " where provider = 'anthropic' and day >= ? and day < ?",
        [month.start.date(), month.start.date(), last],
    ).fetchone()
    expected = first_day * (month.end - month.start).days * Decimal("1.5")
    return max((max(used, expected) / 1000).to_integral_value(ROUND_CEILING), Decimal(1)) * 1000


def write_anthropic(con: duckdb.DuckDBPyConnection, path: Path, month: Month, timeline: Timeline, end: date) -> Path:
    """FOCUS 1.4 export of a billing month up to `end`: one prepaid purchase, then daily drawdown (billed 0, effective
    at contract price).
    """
    credits = prepaid_credits(con, month, timeline)
    start, stop = month.start, month.end
    query = f"""
        with lines as (
            select *, bill_model || '-' || replace(billing_class, '_', '-') as sku from token_lines
            where provider = 'anthropic' and day >= date '{start.date()}' and day < date '{end}'),
        charges as (
            select 0 as part, null::date as day, null as project, null as bill_model, null as billing_class,
                null as sku, null::bigint as tokens,
                null::decimal(38,12) as list_cost, null::decimal(38,12) as contract_cost
            union all
            select 1, day, project, bill_model, billing_class, sku, tokens, list_cost, contract_cost from lines)
        select
            case when part = 0 then cast({credits} as decimal(38,12)) else 0 end as "BilledCost",
            '{ANTHROPIC_ACCOUNT}' as "BillingAccountId", 'Meridian Labs' as "BillingAccountName",
                'Organization' as "BillingAccountType",
            'USD' as "BillingCurrency",
            '{stop:%Y-%m-%dT%H:%M:%SZ}' as "BillingPeriodEnd", '{start:%Y-%m-%dT%H:%M:%SZ}' as "BillingPeriodStart",
            case when part = 0 then 'Purchase' else 'Usage' end as "ChargeCategory", null as "ChargeClass",
            case when part = 0 then 'Prepaid usage credits' else bill_model || ' ' || replace(billing_class, '_',
                ' ') || ' tokens' end as "ChargeDescription",
            case when part = 0 then 'One-Time' else 'Usage-Based' end as "ChargeFrequency",
            strftime(case when part = 0 then timestamp '{stop:%Y-%m-%d}' else day + interval 1 day end,
                '%Y-%m-%dT%H:%M:%SZ') as "ChargePeriodEnd",
            strftime(case when part = 0 then timestamp '{start:%Y-%m-%d}' else day::timestamp end,
                '%Y-%m-%dT%H:%M:%SZ') as "ChargePeriodStart",
            tokens as "ConsumedQuantity", case when part = 1 then 'Tokens' end as "ConsumedUnit",
            case when part = 0 then cast({credits} as decimal(38,12)) else contract_cost end as "ContractedCost",
            case when part = 0 then {credits} else round(contract_cost / tokens * 1000000,
                6) end as "ContractedUnitPrice",
            case when part = 0 then 0 else contract_cost end as "EffectiveCost",
            'Anthropic' as "HostProviderName", 'ANT-' || '{month.label}' as "InvoiceId",
                '{ANTHROPIC_ISSUER}' as "InvoiceIssuerName",
            case when part = 0 then cast({credits} as decimal(38,12)) else list_cost end as "ListCost",
            case when part = 0 then {credits} else round(list_cost / tokens * 1000000, 6) end as "ListUnitPrice",
            'Standard' as "PricingCategory",
            case when part = 0 then 1 else cast(tokens as decimal(38,6)) / 1000000 end as "PricingQuantity",
            case when part = 0 then 'Credits' else '1000000 Tokens' end as "PricingUnit",
            null as "RegionId", 'AI and Machine Learning' as "ServiceCategory", 'Claude API' as "ServiceName",
            'Anthropic' as "ServiceProviderName", 'Generative AI' as "ServiceSubcategory",
            coalesce(sku, 'prepaid-credits') as "SkuId", case when part = 1 then replace(billing_class, '_',
                ' ') || ' tokens' end as "SkuMeter",
            case when part = 1 then to_json({{'ModelDeveloper': 'Anthropic', 'ModelId': bill_model,
                'TokenDirection': case when billing_class = 'output' then 'Output' else 'Input' end,
                'TokenCacheAction': case billing_class when 'input' then 'Uncached' when 'cache_read' then 'Read' when
                    'cache_write' then 'Write' end}})
            end as "SkuPriceDetails",
            coalesce(sku, 'prepaid-credits') || '-price' as "SkuPriceId",
            project as "SubAccountId", replace(project, 'wrkspc_', '') as "SubAccountName",
                case when part = 1 then 'Workspace' end as "SubAccountType",
            '{{}}' as "Tags"
        from charges order by part, day, project, bill_model, billing_class"""
    return copy(con, query, path, CSV)
