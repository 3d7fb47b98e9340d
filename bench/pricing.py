"""Rates of pricing on the same rows in one process: our compiled models, a hash join by hand, and the per-call calculators.

Both SQL sides read one table of canonical requests in memory and give the same hourly sums. Ours is the compiled
request fact with all its classes, tiers and places, once with nothing to join but prices, as the other, which joins names
and day-expanded price rows of the standard tier, and once whole, with owners and the meter of record. Beside them the
compiled groups model as it is, with group ids, contract cost and every class. Run as a module it takes its arguments as
one JSON object and prints one.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC
from functools import partial
from pathlib import Path

import duckdb
from genai_prices import Usage
from genai_prices.data import providers

from bench import hand_sql

CLASSES = (*hand_sql.CLASSES, "input_cache_write_unspecified")
ROUNDS = 5
CALLS = 3000


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _least(runs: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """(processor seconds, wall seconds) of the quickest of some rounds of each; taking turns, so that all see one machine."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            cpu, wall = _cpu(), time.perf_counter()
            run()
            found[name].append((_cpu() - cpu, time.perf_counter() - wall))
    return {name: min(times) for name, times in found.items()}


def _model(compiled: Path, name: str) -> str:
    """Compiled SQL of a model."""
    return next(compiled.rglob(f"{name}.sql")).read_text()


def _with(sql: str, schema: str, source: str, replacement: str) -> str:
    """SQL with one of its inputs exchanged."""
    relation = f'"build"."{schema}"."{source}"'
    if relation not in sql:
        raise RuntimeError(f"nothing reads {relation}")
    return sql.replace(relation, replacement)


def run(build_path: str, compiled: str, prices: str, aliases: str, threads: int, memory_limit: str) -> dict:
    """Measure; returns rows, list cost of both sides, processor and wall seconds, and calls a second of the calculators.

    Args:
        build_path: The build file of a warehouse whose last run built every day.
        compiled: Folder of dbt's compiled models of that run.
        prices: The price book's CSV.
        aliases: The CSV of model names.
        threads: DuckDB threads.
        memory_limit: DuckDB memory.
    """
    con = duckdb.connect()
    con.execute(f"set threads = {threads}; set memory_limit = '{memory_limit}'; set preserve_insertion_order = false")
    con.execute("set TimeZone = 'UTC'")
    con.execute(f"attach '{build_path}' as build (read_only); use build")
    con.execute("create temp table requests as select * from build.intermediate.int_requests_unioned")
    rows = con.execute("select count(*) from requests").fetchone()[0]

    facts = _with(_model(Path(compiled), "fct_inference_requests"), "intermediate", "int_requests_unioned", "requests")
    groups = _with(_model(Path(compiled), "int_request_groups_hourly"), "core", "fct_inference_requests", f"({facts})")
    priced = facts
    for joined in ("int_meter_of_record_overruled", "int_request_owners_daily"):
        priced = _with(priced, "intermediate", joined, f"(select * from build.intermediate.{joined} limit 0)")

    con.execute(f"create temp table prices as select * from read_csv('{prices}', all_varchar = true)")
    con.execute(f"create temp table names as select * from read_csv('{aliases}', all_varchar = true)")
    wide = ", ".join(
        f"max(case when token_class = '{name}' then cast(unit_price_usd as decimal(18, 12)) end) as price_{name}"
        for name in CLASSES
    )
    con.execute(
        f"""
        create temp table day_prices as
        select day, names.provider_id, raw_model, case tier_start when '0' then -1 else cast(tier_start as bigint) end as above,
            cast(coalesce(nullif(tier_end, ''), '9000000000') as bigint) as up_to, {wide}
        from prices
        join names on names.price_provider_id = prices.provider_id and names.model_id = prices.model_id,
            (select distinct usage_date as day from requests)
        where service_tier = 'standard' and processing = 'standard' and residency = 'any' and window_start_second = '0'
            and cast(valid_from as date) <= day and day < coalesce(try_cast(valid_to as date), date '2999-01-01')
        group by all
        """
    )
    terms = " + ".join(f"cast({name}_tokens as decimal(18, 0)) * coalesce(price_{name}, 0)" for name in CLASSES)
    sums = ", ".join(f"sum({name}_tokens) as {name}_tokens" for name in CLASSES)
    sums_of = f"""
        select usage_hour, provider_id, raw_model, team_id, customer_id, feature, api_key_id, count(*) as requests, {sums},
            sum(list_cost) as cost, sum(gateway_cost) as spend
        from ({{}}) group by all
    """
    ours = sums_of.format(priced)
    by_hand = f"""
        select date_trunc('hour', requested_at) as usage_hour, r.raw_provider, r.raw_model, team, customer_id, feature,
            api_key_id, count(*) as requests, {sums},
            sum(case when served_from = 'gateway_cache' then 0 else {terms} end) as cost, sum(gateway_cost) as spend
        from requests r
        left join day_prices p on p.day = r.usage_date and p.raw_model = r.raw_model
            and p.provider_id = case r.raw_provider when 'bedrock' then 'aws' else r.raw_provider end
            and r.input_total_tokens > p.above and r.input_total_tokens <= p.up_to
        group by all
    """
    con.execute("create or replace temp table ours as " + ours)
    con.execute("create or replace temp table by_hand as " + by_hand)
    costs = [
        str(con.execute(sql).fetchone()[0])
        for sql in (
            "select sum(cost) from ours where provider_id <> 'self_hosted'",
            "select sum(cost) from by_hand where raw_provider <> 'self_hosted'",
        )
    ]
    timed = _least(
        {
            name: partial(con.execute, "create or replace temp table timed as " + sql)
            for name, sql in (
                ("ours", ours),
                ("by_hand", by_hand),
                ("whole", sums_of.format(facts)),
                ("groups", groups),
            )
        }
    )
    sampled = f"select * from ({facts}) where provider_id <> 'self_hosted' and pricing_status = 'priced' limit {CALLS}"
    sample = con.sql(sampled).to_arrow_table().to_pylist()
    return {
        "rows": rows,
        "list_cost": dict(zip(("ours", "by_hand"), costs, strict=True)),
        "cpu_seconds": {name: cpu for name, (cpu, _) in timed.items()},
        "seconds": {name: wall for name, (_, wall) in timed.items()},
        "calls_per_second": {"genai-prices": _genai_rate(sample)} | _litellm_rate(sample),
    }


def _genai_rate(sample: list[dict]) -> float:
    """Requests a processor second by genai-prices' calculator, models looked up beforehand."""
    known = {(provider.id, model.id): (provider, model) for provider in providers for model in provider.models}
    calls = []
    for row in sample:
        if (row["provider_id"], row["model_id"]) in known:
            provider, model = known[row["provider_id"], row["model_id"]]
            calls.append((model, provider, row))
    began = _cpu()
    for model, provider, row in calls:
        usage = Usage(
            input_tokens=row["input_total_tokens"],
            cache_read_tokens=row["input_cache_read_tokens"],
            output_tokens=row["output_total_tokens"],
        )
        model.calc_price(usage, provider, genai_request_timestamp=row["requested_at"].replace(tzinfo=UTC))
    return len(calls) / (_cpu() - began)


def _litellm_rate(sample: list[dict]) -> dict[str, float]:
    """The same by LiteLLM's calculator; empty where it is not installed (it is a dependency of development only)."""
    # Without it, importing litellm asks the network for its prices.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        from litellm import cost_per_token, model_cost
    except ImportError:
        return {}
    calls = [row for row in sample if row["model_id"] in model_cost]
    began = _cpu()
    for row in calls:
        cost_per_token(
            model=row["model_id"],
            prompt_tokens=row["input_total_tokens"],
            completion_tokens=row["output_total_tokens"],
            cache_read_input_tokens=row["input_cache_read_tokens"],
        )
    return {"litellm": len(calls) / (_cpu() - began)} if calls else {}


if __name__ == "__main__":
    print(json.dumps(run(**json.loads(sys.argv[1]))))
