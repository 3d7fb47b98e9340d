"""The AWS bill (CUR 2.0): EC2 nodes by purchase option, the savings plan, Bedrock, storage, fees, tax, credits,
corrections.

A private discount of 9 % makes the net_* columns appear; it holds for the savings plan too, so its net effective cost
is 9 % below the plan's rate, and the unused part of an hour's commitment is worth its part of the *net* fee. What a
manifest shows is decided by `visible_from` and `visible_to` (epoch seconds): a month that was corrected after close
differs between versions.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from . import sagemaker
from .company import (
    AWS_DISCOUNT_PCT,
    AWS_HAIKU,
    AWS_ISSUER,
    AWS_SONNET_ID,
    CORPUS,
    DATA_ACCOUNT,
    OLD_CORPUS,
    PAYER,
    PRODUCT_ACCOUNT,
    TRAINING_ACCOUNT,
)
from .database import CSV, add_table, copy
from .fleet import planned_nodes
from .timeline import DAY, HOUR, Month, Timeline, epoch, rng

ON_DEMAND_RATE = {
    "p5.48xlarge": "55.04",
    "p4d.24xlarge": "21.957642",
    "g6e.12xlarge": "10.49264",
    "g5.xlarge": "1.006",
    "m7i.8xlarge": "1.6128",
}
SAVINGS_PLAN_RATE = "38.528"
SAVINGS_PLAN = f"arn:aws:savingsplans::{PAYER}:savingsplan/5f2c7a10-aa41-4d5e-9f0e-1d2c3b4a5968"
SPOT_RETURN = 0.998  # of its distance from the mean, the spot price keeps so much from hour to hour
NET_FACTOR = f"cast({(100 - AWS_DISCOUNT_PCT) / 100} as decimal(3,2))"
CLAIM_GIGABYTES = 2_000
ALWAYS = 2**40  # visible_to of a line that no later manifest withdraws

# model -> product code, billing name, unit, tokens per unit, suffix; a third-party model bills under its own service
# code
BEDROCK = {
    AWS_SONNET_ID: ("AmazonBedrock", "Claude4.5Sonnet", "1K tokens", 1_000, ""),
    AWS_HAIKU: ("AmazonBedrockService", "Claude4.5Haiku", "1M tokens", 1_000_000, "-cross-region-global"),
}
_TOKEN_TYPE = {
    "input": "input-tokens",
    "output": "output-tokens",
    "cache_read": "cache-read-input-token-count",
    "cache_write": "cache-write-input-token-count",
}

_NAMES = {
    "AmazonS3": "Amazon Simple Storage Service",
    "AmazonFSx": "Amazon FSx",
    "AmazonEC2": "Amazon Elastic Compute Cloud",
    "AmazonSageMaker": "Amazon SageMaker",
    "AWSDataTransfer": "AWS Data Transfer",
    "AWSGlue": "AWS Glue",
    "AWSSupportEnterprise": "AWS Support (Enterprise)",
}
# account, product code, usage type, resource, unit, list rate, units a day at scale 1, team tag
# fmt: off
_DAILY = (
    (TRAINING_ACCOUNT, "AmazonS3", "TimedStorage-ByteHrs", CORPUS, "GB-Mo", "0.021", 300_000, "foundation"),
    (TRAINING_ACCOUNT, "AmazonS3", "TimedStorage-ByteHrs", "meridian-weights", "GB-Mo", "0.021", 52_000,
        "posttraining"),
    (TRAINING_ACCOUNT, "AmazonFSx", "USE1-Lustre-SSD-Storage", "fs-0a1b2c3d4e5f6071", "GB-Mo", "0.145", 16_000,
        "foundation"),
    (TRAINING_ACCOUNT, "AmazonEC2", "EBS:VolumeUsage.gp3", "", "GB-Mo", "0.08", 4_100, ""),
    (PRODUCT_ACCOUNT, "AmazonS3", "TimedStorage-ByteHrs", "meridian-logs", "GB-Mo", "0.023", 21_000, "dataplatform"),
    (PRODUCT_ACCOUNT, "AWSDataTransfer", "DataTransfer-Out-Bytes", "", "GB", "0.05", 11_000, ""),
    (DATA_ACCOUNT, "AWSGlue", "USE1-ETL-DPU-Hour", "job/token-dedup", "DPU-Hour", "0.44", 1_900, "dataplatform"),
    (TRAINING_ACCOUNT, "AmazonS3", "TimedStorage-ByteHrs", OLD_CORPUS, "GB-Mo", "0.021", 24_000, "foundation"),
)
# fmt: on


def _money(sql: str, places: int = 10) -> str:
    """An amount as AWS writes it: ten places before discounts."""
    return f"cast(round({sql}, {places}) as decimal(38,12))"


def _net(sql: str) -> str:
    """An amount after the private discount."""
    return _money(f"{sql} * {NET_FACTOR}", 12)


def build_lines(con: duckdb.DuckDBPyConnection, timeline: Timeline, *, seed: int, gpu_scale: float) -> None:
    """Table `cur`: every line item of the window, with all versions of those that changed."""
    _spot_prices(con, timeline, seed)
    rates = ", ".join(f"('{itype}', cast('{rate}' as decimal(18,10)))" for itype, rate in ON_DEMAND_RATE.items())
    con.execute(f"create or replace table od_rates as select * from (values {rates}) t(instance_type, od_rate)")
    con.execute(f"create or replace table cur as {_nodes()}")
    con.execute(f"insert into cur by name {_negations()}")
    con.execute(f"insert into cur by name {_recurring_fee(timeline, _commitment(gpu_scale))}")
    con.execute(f"insert into cur by name {_bedrock()}")
    _daily(con, timeline, seed, gpu_scale)
    _of_runs(con, timeline, gpu_scale)
    _of_claims(con, timeline)
    _sagemaker(con, timeline)
    con.execute(f"delete from cur where start_at >= {timeline.t_bill}")
    _monthly(con, timeline, gpu_scale)


def _line(**fields: str) -> str:
    """One SELECT list of a CUR line; what is not given is NULL or a plain default."""
    defaults = {
        "visible_from": "0",
        "visible_to": str(ALWAYS),
        "start_at": "null::bigint",
        "end_at": "null::bigint",
        "account": "null::varchar",
        "line_type": "'Usage'",
        "product_code": "null::varchar",
        "product_name": "null::varchar",
        "usage_type": "null::varchar",
        "operation": "null::varchar",
        "zone": "null::varchar",
        "resource": "null::varchar",
        "amount": "cast(null as decimal(28,10))",
        "unit": "null::varchar",
        "rate": "cast(null as decimal(28,12))",
        "cost": "cast(null as decimal(38,12))",
        "net_cost": "cast(null as decimal(38,12))",
        "od_cost": "cast(null as decimal(38,12))",
        "term": "null::varchar",
        "itype": "null::varchar",
        "family": "null::varchar",
        "sp_effective": "cast(null as decimal(38,12))",
        "sp_net_effective": "cast(null as decimal(38,12))",
        "sp_total": "cast(null as decimal(38,12))",
        "sp_used": "cast(null as decimal(38,12))",
        "tags": "'{}'",
        "iam": "null::varchar",
        "description": "null::varchar",
        "bill_type": "'Anniversary'",
        "invoice": "''",
        "effective": "cast(null as decimal(38,12))",
    }
    unknown = fields.keys() - defaults.keys()
    if unknown:
        raise KeyError(f"no such CUR field: {sorted(unknown)}")
    return ", ".join(f"{value} as {name}" for name, value in (defaults | fields).items())


def _nodes() -> str:
    region = "case when n.zone like 'us-east-1%' then 'USE1-' else 'USW2-' end"
    cost, plan_cost = _money("amount * rate"), _money(f"amount * {SAVINGS_PLAN_RATE}")
    if_plan = "case purchase when 'savings_plan' then"
    select = _line(
        start_at="hour",
        end_at=f"hour + {HOUR}",
        account="account",
        product_code="'AmazonEC2'",
        product_name="'Amazon Elastic Compute Cloud'",
        line_type="case purchase when 'savings_plan' then 'SavingsPlanCoveredUsage' else 'Usage' end",
        usage_type="region || case purchase when 'spot' then 'SpotUsage:' else 'BoxUsage:' end || instance_type",
        operation="case purchase when 'spot' then 'RunInstances:SV050' else 'RunInstances' end",
        zone="zone",
        resource="resource_id",
        amount="amount",
        unit="'Hrs'",
        rate="rate",
        cost=cost,
        net_cost=_net(cost),
        od_cost=_money("amount * od_rate"),
        term="case purchase when 'spot' then 'Spot' else 'OnDemand' end",
        itype="instance_type",
        family="'Compute Instance'",
        sp_effective=f"{if_plan} {plan_cost} end",
        sp_net_effective=f"{if_plan} {_net(plan_cost)} end",
        tags="""'{"aws_eks_cluster_name":"' || cluster || '","user_pool":"' || purchase || '"}'""",
        description="instance_type || ' ' || purchase || ' Linux instance hour'",
        effective=f"{if_plan} {_net(plan_cost)} else {_net(cost)} end",
    )
    return f"""
        with paid as (
            select h.hour, n.*, {region} as region, cast(round(h.seconds / 3600.0, 10) as decimal(28,10)) as amount,
                r.od_rate,
                case n.purchase when 'spot' then s.price else r.od_rate end as rate
            from node_hours h join nodes n on n.node = h.node join od_rates r on r.instance_type = n.instance_type
            left join spot_prices s on s.hour = h.hour
            where n.cluster <> 'northgrid')
        select {select} from paid"""


def _negations() -> str:
    select = _line(
        start_at="start_at",
        end_at="end_at",
        account="account",
        line_type="'SavingsPlanNegation'",
        product_code="product_code",
        product_name="product_name",
        usage_type="usage_type",
        operation="operation",
        zone="zone",
        resource="resource",
        amount="amount",
        unit="unit",
        rate="rate",
        cost="-cost",
        net_cost="-net_cost",
        od_cost="cast(0 as decimal(38,12))",
        term="term",
        itype="itype",
        family="family",
        sp_effective="cast(0 as decimal(38,12))",
        sp_net_effective="cast(0 as decimal(38,12))",
        description="'SavingsPlanNegation used by AccountId : " + TRAINING_ACCOUNT + "'",
        effective="cast(0 as decimal(38,12))",
    )
    return f"select {select} from cur where line_type = 'SavingsPlanCoveredUsage'"


def _commitment(gpu_scale: float) -> str:
    """Dollars an hour: what was bought covers all nodes of the plan, so hours with fewer leave some of it unused.

    It is not sized by the use of the window: a plan was bought before, and a longer window must leave old lines alone.
    """
    return str(planned_nodes(gpu_scale) * Decimal(SAVINGS_PLAN_RATE))


def _recurring_fee(timeline: Timeline, commitment: str) -> str:
    fee = f"cast({commitment} as decimal(38,12))"
    net = _net(fee)
    select = _line(
        start_at="hour",
        end_at=f"hour + {HOUR}",
        account=f"'{PAYER}'",
        line_type="'SavingsPlanRecurringFee'",
        product_code="'ComputeSavingsPlans'",
        product_name="'Savings Plans for AWS Compute usage'",
        usage_type="'USE1-EC2SP:p5.1yrNoUpfront'",
        resource=f"'{SAVINGS_PLAN}'",
        amount="cast(1 as decimal(28,10))",
        unit="'Hrs'",
        rate=fee,
        cost=fee,
        net_cost=net,
        sp_total=fee,
        sp_used="coalesce(used, 0)",
        description="'1 year No Upfront EC2 Instance Savings Plan, p5 in us-east-1'",
        effective=f"{net} - coalesce(net_used, 0)",
    )
    return f"""
        with used as (
            select start_at, sum(sp_effective)::decimal(38,12) as used,
                sum(sp_net_effective)::decimal(38,12) as net_used
            from cur where line_type = 'SavingsPlanCoveredUsage' group by start_at),
        hours as (select unnest(range({timeline.t0}, {timeline.t1}, {HOUR})) as hour)
        select {select} from hours left join used on used.start_at = hours.hour order by hour"""


def _bedrock() -> str:
    models = ", ".join(
        f"('{model}', '{code}', '{name}', '{unit}', {per}, '{suffix}')"
        for model, (code, name, unit, per, suffix) in BEDROCK.items()
    )
    types = ", ".join(f"('{billing}', '{text}')" for billing, text in _TOKEN_TYPE.items())
    amount = (
        "cast(cast(l.tokens as decimal(28,10)) * case m.per when 1000 then 0.001 else 0.000001 end as decimal(28,10))"
    )
    select = _line(
        start_at="l.hour",
        end_at=f"l.hour + {HOUR}",
        account=f"'{PRODUCT_ACCOUNT}'",
        product_code="m.code",
        product_name="'Amazon Bedrock'",
        usage_type="'USE1-' || m.name || '-' || t.text || m.suffix",
        operation="'InvokeModelInference'",
        resource="l.project",
        amount=amount,
        unit="m.unit",
        rate="cast(l.list_cost / l.tokens * m.per as decimal(28,12))",
        cost="l.list_cost",
        net_cost="l.contract_cost",
        od_cost="l.list_cost",
        term="'OnDemand'",
        family="'Generative AI'",
        tags="'{\"user_team\":\"' || r.team || '\"}'",
        iam=f"'arn:aws:sts::{PRODUCT_ACCOUNT}:assumed-role/litellm-gateway/' || split_part(l.project, '/', 2)",
        description="m.name || ' ' || t.text",
        effective="l.contract_cost",
    )
    return f"""
        with m(model_id, code, name, unit, per, suffix) as (values {models}), t(billing_class, text) as (values {types})
        select {select}
        from token_lines l
        join m on m.model_id = l.model_id
        join t on t.billing_class = l.billing_class
        join (select distinct project, team from routes where provider = 'aws') r on r.project = l.project
        where l.provider = 'aws'
        order by l.hour, l.project, t.text"""


def _spot_prices(con: duckdb.DuckDBPyConnection, timeline: Timeline, seed: int) -> None:
    hours = np.arange(timeline.t0, timeline.t1, HOUR)
    away = accumulate(
        rng(seed, "spot").normal(0, 0.06, size=len(hours)), lambda level, step: SPOT_RETURN * level + step
    )
    prices = np.rint(np.clip(10.9 + np.fromiter(away, float), 8.7, 14.2) * 10_000).astype(np.int64)
    add_table(con, "spot_raw", pa.table({"hour": hours, "price": prices}))
    con.execute(
        "create or replace table spot_prices as select hour, cast(price * 0.0001 as decimal(18,10)) as price from "
        "spot_raw"
    )


def _daily(con: duckdb.DuckDBPyConnection, timeline: Timeline, seed: int, gpu_scale: float) -> None:
    """Storage, transfer and batch jobs by day. Two days of the corrected month were first billed wrong."""
    random = rng(seed, "daily")
    close = correction_instant(timeline)
    wrong = {(timeline.day_of(1, 11), "AmazonS3"), (timeline.day_of(1, 12), "AWSDataTransfer")}
    rows = []
    for day in timeline.days:
        for account, code, usage_type, resource, unit, rate, units, team in _DAILY:
            amount = round(units * gpu_scale * float(random.uniform(0.96, 1.04)), 4)
            row = (account, code, _NAMES[code], usage_type, resource, unit, rate, team, epoch(day))
            if (day, code) in wrong and close:
                rows.append((*row, round(amount * 1.4, 4), 0, close))
                rows.append((*row, amount, close, ALWAYS))
            else:
                rows.append((*row, amount, 0, ALWAYS))
    names = (
        "account",
        "code",
        "name",
        "usage_type",
        "resource",
        "unit",
        "rate",
        "team",
        "day",
        "amount",
        "seen",
        "gone",
    )
    add_table(con, "daily_raw", pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]))
    cost = _money("cast(amount as decimal(28,10)) * cast(rate as decimal(18,10))")
    select = _line(
        visible_from="seen",
        visible_to="gone",
        start_at="day",
        end_at=f"day + {DAY}",
        account="account",
        product_code="code",
        product_name="name",
        usage_type="usage_type",
        operation="'Standard'",
        resource="resource",
        amount="cast(amount as decimal(28,10))",
        unit="unit",
        rate="cast(rate as decimal(28,12))",
        cost=cost,
        net_cost=_net(cost),
        od_cost=cost,
        term="'OnDemand'",
        tags="""case when team = '' then '{}' else '{"user_team":"' || team || '"}' end""",
        description="name || ' ' || usage_type",
        effective=_net(cost),
    )
    con.execute(
        f"insert into cur by name select {select} from daily_raw order by day, account, code, usage_type, resource, "
        f"seen"
    )


def _of_runs(con: duckdb.DuckDBPyConnection, timeline: Timeline, gpu_scale: float) -> None:
    """What a run left behind: its volume, tagged with its id and never deleted, and the transfer of its weights when it ended."""
    for usage_type, rate, amount, days in (
        ("EBS:VolumeUsage.gp3", "0.08", 180, f"day >= start_at - {DAY} and day < {timeline.t1}"),
        ("DataTransfer-Out-Bytes", "0.05", 900, f"day <= end_at and end_at < day + {DAY}"),
    ):
        code = "AmazonEC2"
        cost = _money(f"cast({round(amount * gpu_scale, 4)} as decimal(28,10)) * cast('{rate}' as decimal(18,10))")
        select = _line(
            start_at="day",
            end_at=f"day + {DAY}",
            account=f"'{TRAINING_ACCOUNT}'",
            product_code=f"'{code}'",
            product_name=f"'{_NAMES[code]}'",
            usage_type=f"'{usage_type}'",
            operation="'Standard'",
            resource="volume",
            amount=f"cast({round(amount * gpu_scale, 4)} as decimal(28,10))",
            unit="'GB-Mo'" if "Volume" in usage_type else "'GB'",
            rate=f"cast('{rate}' as decimal(28,12))",
            cost=cost,
            net_cost=_net(cost),
            od_cost=cost,
            term="'OnDemand'",
            tags="""'{"user_run_id":"' || run_id || '"}'""",
            description=f"'{_NAMES[code]} {usage_type}'",
            effective=_net(cost),
        )
        con.execute(
            f"insert into cur by name select {select} from runs,"
            f" (select unnest(range({timeline.t0}, {timeline.t1}, {DAY})) as day) where volume <> '' and {days} order by day"
        )


def _of_claims(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """Volumes that pods claimed: a line a day without a tag, from the day of the pod on for as long as the data go."""
    cost = _money(f"cast({CLAIM_GIGABYTES / 30:.10f} as decimal(28,10)) * cast('0.08' as decimal(18,10))")
    select = _line(
        start_at="day",
        end_at=f"day + {DAY}",
        account=f"'{TRAINING_ACCOUNT}'",
        product_code="'AmazonEC2'",
        product_name=f"'{_NAMES['AmazonEC2']}'",
        usage_type="'EBS:VolumeUsage.gp3'",
        operation="'CreateVolume-Gp3'",
        resource="volume",
        amount=f"cast({CLAIM_GIGABYTES / 30:.10f} as decimal(28,10))",
        unit="'GB-Mo'",
        rate="cast('0.08' as decimal(28,12))",
        cost=cost,
        net_cost=_net(cost),
        od_cost=cost,
        term="'OnDemand'",
        description="'$0.08 per GB-month of General Purpose (gp3) provisioned storage'",
        effective=_net(cost),
    )
    con.execute(
        f"insert into cur by name select {select} from holds,"
        f" (select unnest(range({timeline.t0}, {timeline.t1}, {DAY})) as day) where volume <> '' and day > start_at - {DAY} order by day"
    )


def _sagemaker(con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    """The managed training job, under its ARN."""
    job = sagemaker.run_of(timeline)
    for hour, amount in sagemaker.billed_hours(job):
        cost = _money(f"cast({amount:.10f} as decimal(28,10)) * cast('{sagemaker.RATE}' as decimal(18,10))")
        select = _line(
            start_at=str(hour),
            end_at=str(hour + HOUR),
            account=f"'{TRAINING_ACCOUNT}'",
            product_code="'AmazonSageMaker'",
            product_name=f"'{_NAMES['AmazonSageMaker']}'",
            usage_type=f"'USE1-Train:ml.{sagemaker.INSTANCE}'",
            operation="'CreateTrainingJob'",
            zone="'us-east-1a'",
            resource=f"'{job.run_id}'",
            amount=f"cast({amount:.10f} as decimal(28,10))",
            unit="'Hrs'",
            rate=f"cast('{sagemaker.RATE}' as decimal(28,12))",
            cost=cost,
            net_cost=_net(cost),
            od_cost=cost,
            term="'OnDemand'",
            family="'ML Instance'",
            description=f"'ml.{sagemaker.INSTANCE} managed training hour'",
            effective=_net(cost),
        )
        con.execute(f"insert into cur by name select {select}")


def correction_instant(timeline: Timeline) -> int:
    """When the corrected month was restated: the 14th of the open month (0 where the world has no corrected month)."""
    corrected = [m for m in timeline.months if m.status == "corrected"]
    return epoch(timeline.day_of(0, 14)) if corrected and timeline.as_of.day > 14 else 0


def _one_off(
    con: duckdb.DuckDBPyConnection, first: int, end: int, account: str, line_type: str, code: str, usage_type: str,
    cost: float | str, description: str, **fields: str,
) -> None:  # fmt: skip
    """A line that nothing meters: a fee, a tax, a credit, a refund. No discount applies to it."""
    money = f"cast({cost} as decimal(38,12))"
    select = _line(
        start_at=str(first),
        end_at=str(end),
        account=f"'{account}'",
        line_type=f"'{line_type}'",
        product_code=f"'{code}'",
        product_name=f"'{_NAMES[code]}'",
        usage_type=f"'{usage_type}'",
        cost=money,
        net_cost=money,
        description=f"'{description}'",
        effective=money,
        **fields,
    )
    con.execute(f"insert into cur by name select {select}")


def _monthly(con: duckdb.DuckDBPyConnection, timeline: Timeline, gpu_scale: float) -> None:
    """Support fee, tax, a promotional credit, a refund, and the correction that came after close."""
    one = {"amount": "cast(1 as decimal(28,10))"}
    for month in timeline.months:
        first, end = int(month.start.timestamp()), int(month.end.timestamp())
        support = "AWSSupportEnterprise"
        fee = round(26_000 * max(gpu_scale, 0.05), 2)
        _one_off(con, first, end, PAYER, "Fee", support, "Dollar", fee, _NAMES[support], **one)
        if month.status == "open":
            continue
        accounts = con.execute(
            "select account, round(sum(net_cost) * 0.021, 2)::decimal(38,12) from cur where start_at >= ? and "
            "start_at < ?"
            " and visible_from = 0 group by 1 order by 1",
            [first, end],
        ).fetchall()
        for account, tax in accounts:
            about = "Tax for product code AmazonEC2"
            _one_off(con, first, end, account, "Tax", "AmazonEC2", "Tax", tax, about, **one)
    closed = timeline.months[0]
    if closed.status != "open":
        at = int(closed.start.timestamp()) + 9 * DAY
        credit = -round(18_500 * gpu_scale, 2)
        about = "AWS Migration Acceleration Program credit"
        used = "USE1-BoxUsage:p5.48xlarge"
        _one_off(con, at, at + DAY, TRAINING_ACCOUNT, "Credit", "AmazonEC2", used, credit, about)
    account, code, used = PRODUCT_ACCOUNT, "AWSDataTransfer", "DataTransfer-Out-Bytes"
    corrected = [m for m in timeline.months if m.status == "corrected"]
    if corrected:
        at = int(corrected[0].start.timestamp()) + 20 * DAY
        refund = -round(1_240.5 * gpu_scale, 2)
        about = "Refund for misrouted transfer"
        _one_off(con, at, at + DAY, account, "Refund", code, used, refund, about, bill_type="'Refund'")
    if correction_instant(timeline):
        at = epoch(timeline.day_of(1, 12))
        goodwill = -round(2_000 * gpu_scale, 2)
        about = "Service credit for the metering error"
        seen = {"visible_from": str(correction_instant(timeline)), "invoice": "'credit-memo'"}
        _one_off(con, at, at + DAY, account, "Credit", code, used, goodwill, about, **seen)


def invoice_id(month: Month, *, memo: bool = False) -> str:
    return f"{'AWSCM' if memo else 'AWSIN'}-{month.start:%Y%m}-0417"


def visible(month: Month, seen_at: int) -> str:
    """SQL condition: lines that a manifest of `seen_at` holds for a billing month."""
    first, last = int(month.start.timestamp()), int(month.end.timestamp())
    return (
        f"start_at >= {first} and start_at < {last} and visible_from <= {seen_at} and {seen_at} < visible_to"
        f" and (line_type = 'Fee' or end_at <= {seen_at - DAY} or {seen_at} >= {last})"
    )


def write_manifest_files(con: duckdb.DuckDBPyConnection, path: Path, month: Month, seen_at: int) -> Path:
    """CUR 2.0 CSV of a billing month as a manifest of `seen_at` lists it; open months lag a day and have no invoice
    id.
    """
    final = seen_at >= int(month.end.timestamp())
    invoice = (
        f"case when invoice = 'credit-memo' then '{invoice_id(month, memo=True)}' else '{invoice_id(month)}' end"
        if final
        else "null"
    )
    stamp = "%Y-%m-%d %H:%M:%S"
    # a price of the price list belongs to what is metered
    priced = "line_type in ('Usage', 'SavingsPlanCoveredUsage')"
    sku = "upper(substr(md5(product_code || usage_type), 1, 16))"
    query = f"""
        select substr(md5(start_at || coalesce(resource, '') || coalesce(usage_type, '') || line_type || {seen_at}),
            1, 16) as identity_line_item_id,
            strftime(make_timestamp(start_at * 1000000), '%Y-%m-%dT%H:%M:%SZ') || '/' ||
                strftime(make_timestamp(end_at * 1000000), '%Y-%m-%dT%H:%M:%SZ') as identity_time_interval,
            {invoice} as bill_invoice_id, '{AWS_ISSUER}' as bill_invoicing_entity, 'AWS' as bill_billing_entity,
                bill_type as bill_bill_type,
            '{PAYER}' as bill_payer_account_id, 'meridian-labs' as bill_payer_account_name,
            '{month.start:%Y-%m-%d %H:%M:%S}' as bill_billing_period_start_date,
                '{month.end:%Y-%m-%d %H:%M:%S}' as bill_billing_period_end_date,
            account as line_item_usage_account_id, line_type as line_item_line_item_type,
            strftime(make_timestamp(start_at * 1000000), '{stamp}') as line_item_usage_start_date,
            strftime(make_timestamp(end_at * 1000000), '{stamp}') as line_item_usage_end_date,
            product_code as line_item_product_code, usage_type as line_item_usage_type,
                operation as line_item_operation,
            zone as line_item_availability_zone, resource as line_item_resource_id, amount as line_item_usage_amount,
            'USD' as line_item_currency_code, rate as line_item_unblended_rate, cost as line_item_unblended_cost,
            net_cost as line_item_net_unblended_cost, description as line_item_line_item_description,
            'Amazon Web Services, Inc.' as line_item_legal_entity, iam as line_item_iam_principal,
                od_cost as pricing_public_on_demand_cost,
            case when line_type in ('Usage', 'SavingsPlanCoveredUsage') and itype is not null
                then cast(od_cost / nullif(amount, 0) as decimal(18,6)) end as pricing_public_on_demand_rate,
            case when {priced} then {sku} || '.' || case term when 'Spot' then 'SPOTTERM00' else 'JRTCKXETXF' end || '.6YS6EN2CT7' end
                as pricing_rate_code,
            term as pricing_term, unit as pricing_unit, case when {priced} then {sku} end as product_sku,
            case when sp_effective is not null or sp_total is not null then '{SAVINGS_PLAN}' end as
                savings_plan_savings_plan_a_r_n,
            case when sp_effective is not null or sp_total is not null then 'EC2InstanceSavingsPlans' end as
                savings_plan_offering_type,
            case when line_type = 'SavingsPlanCoveredUsage' then {SAVINGS_PLAN_RATE} end as
                savings_plan_savings_plan_rate,
            sp_effective as savings_plan_savings_plan_effective_cost,
                sp_net_effective as savings_plan_net_savings_plan_effective_cost,
            sp_total as savings_plan_total_commitment_to_date, sp_used as savings_plan_used_commitment,
            case when sp_total is not null then net_cost end as
                savings_plan_net_recurring_commitment_for_billing_period,
            itype as product_instance_type, case when zone is null then null else substr(zone, 1,
                length(zone) - 1) end as product_region_code,
            case when product_name is null then '{{}}' else '{{"product_name":"' || product_name || '"' ||
                case when family is null then '' else ',"product_family":"' || family || '"' end || '}}' end as product,
            tags as resource_tags, '{{}}' as cost_category,
            case when net_cost <> cost then '{{"total_discount":"' || (net_cost - cost) || '"}}' else '{{}}' end as
                discount
        from cur where {visible(month, seen_at)}
        order by start_at, line_type, product_code, usage_type, resource, account, cost"""
    return copy(con, query, path, CSV)
