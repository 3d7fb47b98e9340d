"""The working database of a simulation: in memory, deterministic order, UTC."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from .company import GATEWAY_ROUTES, SERVING_ROUTES, Route, customers
from .fleet import INSTANCES, RUNNING, SLICES, Fleet
from .physics import Physics
from .prices import Price
from .timeline import Timeline


def open_database(threads: int = 2) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"set threads = {threads}")
    con.execute("set timezone = 'UTC'")
    return con


def add_table(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.register("_arrow", table)
    con.execute(f"create or replace table {name} as select * from _arrow")
    con.unregister("_arrow")


def load_company(con: duckdb.DuckDBPyConnection, prices: list[Price]) -> None:
    """Tables `routes` (index, meter, ...), `customers` and `prices`."""
    rows = []
    for meter, routes in (("litellm", GATEWAY_ROUTES), ("request_log", SERVING_ROUTES)):
        for index, route in enumerate(routes):
            rows.append({"meter": meter, "route": index, **_route_columns(route)})
    add_table(con, "routes", pa.Table.from_pylist(rows))
    add_table(
        con,
        "customers",
        pa.Table.from_pylist([{"customer": i, "customer_id": c.id} for i, c in enumerate(customers())]),
    )
    con.execute(
        "create table prices (provider varchar, model_id varchar, token_class varchar, is_above boolean, valid_from "
        "date,"
        " valid_to date, list_price decimal(18,12), contract_price decimal(18,12))"
    )
    # a model without tiers prices its long requests like the others
    tiered = {(p.provider, p.model_id) for p in prices if p.above}
    found = [
        (p.provider, p.model_id, p.token_class, is_above, p.valid_from, p.valid_to, p.list_price, p.contract_price)
        for p in prices
        for is_above in ([p.above > 0] if (p.provider, p.model_id) in tiered else [False, True])
    ]
    con.executemany("insert into prices values (?, ?, ?, ?, ?, ?, ?, ?)", found)


def _route_columns(route: Route) -> dict:
    names = (
        "id",
        "team",
        "gateway_team",
        "environment",
        "provider",
        "model",
        "model_id",
        "bill_model",
        "project",
        "api_key",
        "feature",
    )
    return {name if name != "id" else "route_id": getattr(route, name) for name in names}


def load_fleet(con: duckdb.DuckDBPyConnection, fleet: Fleet, physics: Physics, timeline: Timeline) -> None:
    """Tables `nodes`, `holds`, `runs`, `attempts`, `node_hours`, `hold_hours`, `activity_hours`, `trouble_hours`."""
    position = {id(node): i for i, node in enumerate(fleet.nodes)}
    nodes = [
        {
            "node": i,
            "resource_id": n.resource_id,
            "name": n.name,
            "cluster": n.cluster,
            "instance_type": n.instance_type,
            "purchase": n.purchase,
            "account": n.account,
            "zone": n.zone,
            "mig": n.mig,
            "gpus": INSTANCES[n.instance_type][0],
        }
        for i, n in enumerate(fleet.nodes)
    ]
    add_table(con, "nodes", pa.Table.from_pylist(nodes))
    hold_position = {id(hold): i for i, hold in enumerate(fleet.holds)}
    holds = [
        {
            "hold": i,
            "node": position[id(h.node)],
            "workload_id": h.workload_id,
            "start_at": h.start,
            "end_at": timeline.t1 if h.end == RUNNING else h.end,
            "gpus": h.gpus,
            "gpu_share": SLICES[h.mig_profile] * len(h.mig_slots) if h.mig_profile else h.gpus,
            "namespace": h.namespace,
            "pod": h.pod,
            "team": h.labels.get("team", ""),
            "run_id": h.run_id,
            "deployment": h.deployment,
            "volume": h.volume,
            "whole_node": not h.mig_profile and h.gpus > 0,
        }
        for i, h in enumerate(fleet.holds)
    ]
    add_table(con, "holds", pa.Table.from_pylist(holds))
    runs, attempts = [], []
    for run in fleet.runs:
        runs.append(
            {
                "run_id": run.run_id,
                "parent_run_id": run.parent_run_id,
                "name": run.name,
                "team": run.team,
                "model": run.model,
                "kind": run.kind,
                "cluster": run.cluster,
                "start_at": run.start,
                "end_at": timeline.t1 if run.end == RUNNING else run.end,
                "steps": run.steps,
                "accuracy": run.accuracy,
                "repeats_run_id": run.repeats_run_id,
                "volume": run.volume,
                "writes_dataset": run.writes_dataset,
            }
        )
        for attempt in run.attempts:
            for hold in attempt.holds:
                attempts.append(
                    {
                        "run_id": run.run_id,
                        "attempt_no": attempt.attempt_no,
                        "job_id": attempt.job_id,
                        "hold": hold_position[id(hold)],
                        "start_at": attempt.start,
                        "end_at": timeline.t1 if attempt.end == RUNNING else attempt.end,
                        "state": attempt.state,
                        "checkpoint": attempt.checkpoint,
                    }
                )
    add_table(con, "runs", pa.Table.from_pylist(runs))
    add_table(con, "attempts", pa.Table.from_pylist(attempts))
    for name in ("node_hours", "hold_hours", "activity_hours", "trouble_hours"):
        add_table(con, name, getattr(physics, name))


def copy(con: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> Path:
    """Write a query's rows, in its order, to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"copy ({query}) to '{path}' ({options})")
    return path


CSV = "format csv, header true"
JSON_LINES = "format json"
PARQUET = "format parquet, compression zstd"
