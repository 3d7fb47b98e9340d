"""A year of 1,000 GPUs by the hour: bill, pods and nodes, and one sample a GPU and hour, down to the ledger and the price of an hour.

Samples a minute are reduced to as many rows (bench/telemetry.py); what comes after them is as large as this. `python -m bench.gpu_hours load` and
`build [DAY…]` are what is timed, each in a process of its own on the warehouse of `AI_FINOPS_HOME`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from bench.telemetry import GPUS, GPUS_PER_NODE, load
from orchestration.dbt_project import dbt_environment, dbt_executable, location_args
from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.settings import Settings

NODES = GPUS // GPUS_PER_NODE
GPUS_PER_POD = 4
DOLLARS_PER_NODE_HOUR = "98.32"
BUILT = ["+cost_per_gpu_hour_daily", "+gpu_utilization_daily", "+gpu_devices_daily", "+fct_cost_allocation"]
# Days of one page: a page is one JSON value, which a reader holds whole.
DAYS_PER_PAGE = 10
_DAY, _HOUR = 86_400, 3600

# metric, labels beside the object's own, value
_NODE_METRICS = f"""
    ('kube_node_info', '{{"provider_id": "aws:///z/i-NODE"}}', '1'),
    ('kube_node_labels', '{{"label_node_kubernetes_io_instance_type": "p5.48xlarge"}}', '1'),
    ('kube_node_status_capacity', '{{"resource": "nvidia_com_gpu"}}', '{GPUS_PER_NODE}'),
    ('kube_node_status_capacity', '{{"resource": "cpu"}}', '192'),
    ('kube_node_status_capacity', '{{"resource": "memory"}}', '2199023255552')
"""
_POD_METRICS = f"""
    ('kube_pod_start_time', '{{}}', 'DAY'),
    ('kube_pod_labels', '{{"label_team": "red"}}', '1'),
    ('kube_pod_info', '{{"node": "node-NODE"}}', '1'),
    ('kube_pod_container_resource_requests', '{{"node": "node-NODE", "container": "main", "resource": "nvidia_com_gpu"}}', '{GPUS_PER_POD}'),
    ('kube_pod_container_resource_requests', '{{"node": "node-NODE", "container": "main", "resource": "cpu"}}', '80'),
    ('kube_pod_container_resource_requests', '{{"node": "node-NODE", "container": "main", "resource": "memory"}}', '1000000000000')
"""


def _series_of_page(start: int, end: int) -> dict[str, str]:
    """Feed's part of a page -> SELECT of its series as JSON, for epoch seconds [start, end)."""
    times = f"range({start}, {end}, {_HOUR}) as times (observed)"
    return {
        # half past, so that each hour has its own
        "dcgm": f"""
            select json_object(
                'metric', json_object('__name__', 'DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'UUID', 'GPU-' || gpu, 'Hostname', 'node-' || gpu // {GPUS_PER_NODE},
                    'modelName', 'NVIDIA H100 80GB HBM3', 'namespace', 'lab', 'pod', 'job-' || gpu // {GPUS_PER_POD} || '-' || observed // {_DAY}),
                'values', list([observed + 1800 || '', '0.' || (hash(gpu * {_DAY} + observed) % 90 + 10)] order by observed)) as one
            from range({GPUS}) as gpus (gpu), {times} group by gpu, observed // {_DAY}
        """,
        "nodes": f"""
            select json_object(
                'metric', json_merge_patch(json_object('__name__', metric, 'node', 'node-' || node), cast(replace(labels, 'NODE', node || '') as json)),
                'values', list([observed || '', value] order by observed)) as one
            from range({NODES}) as nodes (node), {times}, (values {_NODE_METRICS}) as metrics (metric, labels, value)
            group by node, metric, labels
        """,
        "pods": f"""
            select json_object(
                'metric', json_merge_patch(
                    json_object('__name__', metric, 'namespace', 'lab', 'pod', 'job-' || pod || '-' || observed // {_DAY}, 'uid', pod || '-' || observed // {_DAY}),
                    cast(replace(labels, 'NODE', pod * {GPUS_PER_POD} // {GPUS_PER_NODE} || '') as json)),
                'values', list([observed || '', replace(value, 'DAY', observed // {_DAY} * {_DAY} || '')] order by observed)) as one
            from range({GPUS // GPUS_PER_POD}) as pods (pod), {times}, (values {_POD_METRICS}) as metrics (metric, labels, value)
            group by pod, observed // {_DAY}, metric, labels
        """,
    }


def land_days(settings: Settings, folder: Path, first: date, count: int) -> None:
    """Write and land successive days, with the bill of their months so far; the files written are removed again.

    Args:
        settings: Warehouse.
        folder: Scratch folder.
        first: First day; a warehouse begins with the first of a month.
        count: Number of days.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        for step in range(0, count, DAYS_PER_PAGE):
            day = first + timedelta(days=step)
            start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
            end = start + min(DAYS_PER_PAGE, count - step) * _DAY
            for kind, series in _series_of_page(start, end).items():
                [(body,)] = con.execute(f"select string_agg(cast(one as varchar), ',') from ({series})").fetchall()
                page = folder / f"{kind}-{day}.json"
                page.write_text(f'{{"status":"success","data":{{"resultType":"matrix","result":[{body}]}}}}')
                source, feed = ("dcgm", "fleet") if kind == "dcgm" else ("kube_state_metrics", "fleet")
                land(source, [page], settings=settings, feed=feed, version=f"{day}-{kind}")
                page.unlink()
        bill = folder / "bill.csv"
        cost = ", ".join(
            f"'{DOLLARS_PER_NODE_HOUR}' as {kind}Cost" for kind in ("Billed", "Effective", "List", "Contracted")
        )
        con.execute(
            f"""
            copy (
                select {cost}, 'USD' as BillingCurrency, 'acme' as BillingAccountId, date_trunc('month', hour) as BillingPeriodStart,
                    date_trunc('month', hour) + interval 1 month as BillingPeriodEnd, hour as ChargePeriodStart,
                    hour + interval 1 hour as ChargePeriodEnd, 'Usage' as ChargeCategory, '1' as ConsumedQuantity, 'Hours' as ConsumedUnit,
                    'Standard' as PricingCategory, 'Cloud' as InvoiceIssuerName, 'Cloud' as ProviderName, 'Compute' as ServiceName,
                    'Compute' as ServiceCategory, 'r1' as RegionId, 'i-' || node as ResourceId, 'node hours' as SkuMeter,
                    'p5.48xlarge' as x_InstanceType
                from range({NODES}) as nodes (node),
                    range(timestamp '{first.replace(day=1)}', timestamp '{first}' + interval {count} day, interval 1 hour) as hours (hour)
            ) to '{bill}' (header, timestampformat '%Y-%m-%dT%H:%M:%SZ')
            """
        )
        land("focus", [bill], settings=settings, feed="cloud", version=f"{first}")
        bill.unlink()


def build(settings: Settings, days: Sequence[str]) -> None:
    """Build everything from samples and bill to the ledger and the price of an hour, for the days; all days where none is named.

    Raises:
        RuntimeError: If the cost of GPU-hours is not the bill, but for rounding, or hours are missing.
    """
    settings.build_path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.build_path)) as con:
        con.execute("set TimeZone = 'UTC'")
        register(con, settings)
    environment = dbt_environment(settings) | {
        "AI_FINOPS_DIRTY_DAYS": ",".join(days),
        "AI_FINOPS_AS_OF": "2026-12-01T00:00:00",
    }
    command = [dbt_executable(), "--quiet", "build", "--exclude-resource-type", "test", "unit_test", "--select", *BUILT]
    subprocess.run(
        [*command, *location_args(settings)], env=os.environ | environment, cwd=settings.project_dir, check=True
    )
    with duckdb.connect(str(settings.build_path), read_only=True) as con:
        found = con.execute(
            "select (select sum(effective_cost) from core.fct_cost_allocation), (select sum(gpu_hours) from core.fct_gpu_hours),"
            f' sum("EffectiveCost"), count(*) * {GPUS_PER_NODE} from focus.cost_and_usage'
        ).fetchone()
    if found[0] != found[2] or found[1] != found[3]:
        raise RuntimeError(f"ledger {found[0]} of {found[2]} USD billed, {found[1]} of {found[3]} GPU-hours")


if __name__ == "__main__":
    verb, *named = sys.argv[1:]
    warehouse = Settings.from_env()
    {"load": lambda: load(warehouse), "build": lambda: build(warehouse, named)}[verb]()
