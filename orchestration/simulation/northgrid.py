"""The neocloud: a FOCUS 1.2 export in EUR, Slurm accounting, and what its reservation costs.

The reservation is invoiced once a month (Purchase: billed, effective 0). Each hour of a node in service is a Usage
row (billed 0, effective at the reserved rate) with the Slurm node's name as ResourceId; hours of drained nodes and of
the node that was never delivered are Usage rows with CommitmentDiscountStatus Unused and no resource. Effective cost
of a whole month = the purchase.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from .company import NORTHGRID_ACCOUNT, NORTHGRID_ISSUER
from .database import CSV, copy
from .fleet import RUNNING, Fleet
from .timeline import HOUR, Month, Timeline, epoch, utc

NODE_RATE = Decimal("39.20")  # EUR per node-hour, 4.90 per GPU-hour
LIST_RATE = Decimal("47.20")
STORAGE_RATE, STORAGE_TB = Decimal("0.042"), 620  # EUR per TB-hour of the shared file system
RESERVATION = "rsv-2026-h200"
SLA_CREDIT = Decimal("-4200.00")  # on the invoice of the corrected month; in the export only a month later


def build_lines(con: duckdb.DuckDBPyConnection, timeline: Timeline, fleet: Fleet, *, gpu_scale: float) -> None:
    """Table `northgrid`: every charge of the window."""
    rate = f"cast({NODE_RATE} as decimal(38,12))"
    list_rate = f"cast({LIST_RATE} as decimal(38,12))"
    reserved = sum(n.cluster == "northgrid" for n in fleet.nodes) + fleet.undelivered
    con.execute(
        f"""create or replace table northgrid as
        with used as (
            select h.hour, n.resource_id from node_hours h join nodes n on n.node = h.node where n.cluster =
                'northgrid' and h.hour < {timeline.t_bill}),
        unused as (
            select hours.hour, {reserved} - count(u.resource_id) as nodes
            from (select unnest(range({timeline.t0}, {timeline.t_bill}, {HOUR})) as hour) hours
            left join used u on u.hour = hours.hour group by all)
        select 'usage' as kind, hour as start_at, hour + {HOUR} as end_at, resource_id, 'Used' as status,
            cast(8 as decimal(38,6)) as quantity,
            cast(0 as decimal(38,12)) as billed, {rate} as effective, {list_rate} as list_cost from used
        union all
        select 'unused', hour, hour + {HOUR}, null, 'Unused', cast(8 * nodes as decimal(38,6)), 0, {rate} * nodes,
            {list_rate} * nodes
        from unused where nodes > 0"""
    )
    storage_tb = max(1, round(STORAGE_TB * gpu_scale))
    for month in timeline.months:
        first, last = int(month.start.timestamp()), int(month.end.timestamp())
        hours = (last - first) // HOUR
        fee = NODE_RATE * hours * reserved
        con.execute(
            "insert into northgrid values ('purchase', ?, ?, null, null, ?, ?, 0, ?)",
            [first, last, reserved * 8 * hours, fee, fee],
        )
        if month.status == "open" and len(timeline.months) > 1:
            con.execute(
                "insert into northgrid values ('credit', ?, ?, null, null, null, ?, ?, null)",
                [first, first + 24 * HOUR, sla_credit(gpu_scale), sla_credit(gpu_scale)],
            )
    daily = f"cast({STORAGE_RATE * storage_tb * 24} as decimal(38,12))"
    con.execute(
        f"""insert into northgrid select 'storage', day, day + 86400, 'lustre-01', null, {storage_tb * 24}, {daily},
            {daily}, {daily}
        from (select unnest(range({timeline.t0}, {timeline.t_bill}, 86400)) as day)"""
    )


def sla_credit(gpu_scale: float) -> Decimal:
    """What the invoice of the corrected month already has and its export does not."""
    return round(SLA_CREDIT * Decimal(str(gpu_scale)), 2)


def invoice_id(month: Month) -> str:
    return f"NG-{month.start:%Y%m}-118"


def write_export(con: duckdb.DuckDBPyConnection, path: Path, month: Month, end: date) -> Path:
    """FOCUS 1.2 CSV of a billing month with usage up to `end` (exclusive)."""
    first, last = int(month.start.timestamp()), int(month.end.timestamp())
    final = end >= month.end.date()
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    compute = "kind in ('usage', 'unused', 'purchase')"
    query = f"""
        select null as "AvailabilityZone", billed as "BilledCost", '{NORTHGRID_ACCOUNT}' as "BillingAccountId",
            'Meridian Labs' as "BillingAccountName", 'Organization' as "BillingAccountType", 'EUR' as "BillingCurrency",
            '{month.end:{stamp}}' as "BillingPeriodEnd", '{month.start:{stamp}}' as "BillingPeriodStart",
            case kind when 'purchase' then 'Purchase' when 'credit' then 'Credit' else 'Usage' end as "ChargeCategory",
            case kind when 'credit' then 'Correction' end as "ChargeClass",
            case kind when 'usage' then 'H200 node hour, reserved' when 'unused' then 'Reserved capacity not used'
                when 'purchase' then 'Monthly reservation of H200 nodes' when 'storage' then 'Shared file system'
                else 'Service credit for node failures' end as "ChargeDescription",
            case kind when 'purchase' then 'Recurring' when 'credit' then 'One-Time' else 'Usage-Based' end as
                "ChargeFrequency",
            strftime(make_timestamp(end_at * 1000000), '{stamp}') as "ChargePeriodEnd",
            strftime(make_timestamp(start_at * 1000000), '{stamp}') as "ChargePeriodStart",
            case when {compute} then 'Usage' end as "CommitmentDiscountCategory",
            case when {compute} then '{RESERVATION}' end as "CommitmentDiscountId",
            case when {compute} then 'H200 reservation 2026' end as "CommitmentDiscountName",
            case when {compute} then quantity end as "CommitmentDiscountQuantity", status as "CommitmentDiscountStatus",
            case when {compute} then 'Reservation' end as "CommitmentDiscountType",
            case when {compute} then 'GPU-hours' end as "CommitmentDiscountUnit",
            case when kind in ('usage', 'storage') then quantity end as "ConsumedQuantity",
            case kind when 'usage' then 'GPU-hours' when 'storage' then 'TB-hours' end as "ConsumedUnit",
            case when kind in ('usage', 'unused') then effective else billed end as "ContractedCost",
            case when {compute} then {NODE_RATE / 8} when kind = 'storage' then {STORAGE_RATE} end as
                "ContractedUnitPrice",
            effective as "EffectiveCost", {f"'{invoice_id(month)}'" if final else "null"} as "InvoiceId",
            '{NORTHGRID_ISSUER}' as "InvoiceIssuerName", coalesce(list_cost, billed) as "ListCost",
            case when kind in ('usage', 'unused') then {LIST_RATE / 8} when kind = 'purchase' then {NODE_RATE / 8}
                when kind = 'storage' then {STORAGE_RATE} end as "ListUnitPrice",
            case when {compute} then 'Committed' else 'Standard' end as "PricingCategory",
                quantity as "PricingQuantity",
            case when {compute} then 'GPU-hours' when kind = 'storage' then 'TB-hours' end as "PricingUnit",
            'Northgrid' as "ProviderName", 'Northgrid' as "PublisherName", 'eu-nord-2' as "RegionId",
                'Nordic 2' as "RegionName",
            resource_id as "ResourceId", resource_id as "ResourceName",
            case kind when 'usage' then 'Node' when 'storage' then 'File system' end as "ResourceType",
            case when kind = 'storage' then 'Storage' else 'Compute' end as "ServiceCategory",
            case when kind = 'storage' then 'Northgrid Storage' else 'GPU Cloud' end as "ServiceName",
            case when kind = 'storage' then 'File Storage' else 'Virtual Machines' end as "ServiceSubcategory",
            case when kind = 'storage' then 'ng.lustre' else 'ng.h200.8x' end as "SkuId",
            case when kind = 'storage' then 'TB-hours' else 'H200 GPU-hours' end as "SkuMeter",
            case when {compute} then
                '{{"InstanceType":"ng.h200.8x","x_GpuModel":"H200","x_GpuCount":8,"CoreCount":192,"MemorySize":2048}}'
                    end as "SkuPriceDetails",
            case when kind = 'storage' then 'ng.lustre-std' else 'ng.h200.8x-rsv' end as "SkuPriceId",
            'nordic-slurm' as "SubAccountId", 'Nordic Slurm cluster' as "SubAccountName", 'Project' as "SubAccountType",
            case when kind = 'storage' then '{{"team":"foundation"}}' else '{{}}' end as "Tags",
            case when {compute} then 'ng.h200.8x' end as "x_InstanceType"
        from northgrid
        where start_at >= {first} and start_at < {last} and (kind in ('purchase', 'credit') or end_at <= {epoch(end)})
        order by start_at, kind, resource_id"""
    return copy(con, query, path, CSV)


SACCT = (
    "JobIDRaw|JobName|User|Account|QOS|Partition|State|Submit|Start|End|ElapsedRaw|NNodes|AllocTRES|ReqTRES|"
    "ExitCode|Restarts|NodeList|Comment|WCKey"
)


def write_sacct(path: Path, fleet: Fleet, start: int, pulled_at: int) -> Path:
    """`sacct -X -D -P` of jobs that touch [start, pulled_at): requeued attempts are rows of their own, running ones
    have no end.
    """
    rows = []
    for run in fleet.runs:
        for attempt in run.attempts:
            end = None if attempt.end == RUNNING or attempt.end > pulled_at else attempt.end
            if attempt.scheduler != "slurm" or attempt.start >= pulled_at or (end is not None and end <= start):
                continue
            count = len(attempt.nodes)
            tres = (
                f"billing={count * 192},cpu={count * 192},gres/gpu:h200={count * 8},gres/gpu={count * 8},"
                f"mem={count * 2048}G,node={count}"
            )
            checkpoint = attempt.checkpoint if attempt.checkpoint and (end or attempt.checkpoint <= pulled_at) else None
            comment = f"run_id={run.run_id}" + (
                f";checkpoint={utc(checkpoint):%Y-%m-%dT%H:%M:%S}" if checkpoint else ""
            )
            state = attempt.state if end is not None else "RUNNING"
            rows.append(
                (
                    attempt.start,
                    attempt.job_id,
                    "|".join(
                        (
                            str(attempt.job_id),
                            run.name,
                            f"u-{run.team}",
                            run.team,
                            "normal",
                            "h200",
                            state,
                            _iso(attempt.submit),
                            _iso(attempt.start),
                            _iso(end) if end else "Unknown",
                            str((end or pulled_at) - attempt.start),
                            str(count),
                            tres,
                            tres,
                            "1:0" if state == "FAILED" else "0:0",
                            str(attempt.attempt_no - 1),
                            hostlist([node.name for node in attempt.nodes]),
                            comment,
                            "",
                        )
                    ),
                )
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([SACCT, *(text for _, _, text in sorted(rows))]) + "\n")
    return path


def _iso(seconds: int) -> str:
    return f"{utc(seconds):%Y-%m-%dT%H:%M:%S}"


def hostlist(names: list[str]) -> str:
    """Slurm's bracket notation of consecutive node names of one prefix: `ng-h200-[001-004,009]`."""
    numbers = sorted((int(m.group(2)), m.group(2)) for m in (re.fullmatch(r"(.*-)(\d+)", name) for name in names) if m)
    prefix = names[0][: -len(numbers[0][1])]
    if len(numbers) == 1:
        return names[0]
    spans: list[list[tuple[int, str]]] = []
    for number in numbers:
        if spans and spans[-1][-1][0] == number[0] - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return prefix + "[" + ",".join(s[0][1] if len(s) == 1 else f"{s[0][1]}-{s[-1][1]}" for s in spans) + "]"
