"""A tiny build file and what is published of it, for the publish tests; also run as a program that dies at a given
stage.
"""

import os
import signal
import sys
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.gates.expected import ExpectedGate
from orchestration.gates.results import GateResult
from orchestration.publishing.catalog import PublishedModel
from orchestration.publishing.publish import Published, PublishRequest, publish
from orchestration.settings import PROJECT_DIR, Settings

DAYS = [date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)]
MODELS = [
    PublishedModel("core", "fct_cost_allocation", "table", "usage_date"),
    PublishedModel("core", "fct_inference_requests", "parquet", "usage_date"),
    PublishedModel("unit_economics", "cost_monthly", "table", "usage_month"),
    PublishedModel("core", "inference_request_costs", "view", view_sql="select r.request_id, l.effective_cost from core.fct_inference_requests r join core.fct_cost_allocation l on l.usage_date = r.usage_date", inputs=("core.fct_inference_requests", "core.fct_cost_allocation")),
]  # fmt: skip
GATE = ExpectedGate("ledger_conserves", "fct_cost_allocation")


def settings_of(home: Path) -> Settings:
    return Settings(home=home, project_dir=PROJECT_DIR, lake_catalog_uri="", keep_versions=3)


def build(home: Path, costs: dict[date, str]) -> None:
    """Write the build file anew: one charge a day of the given cost, and a request a day."""
    settings = settings_of(home)
    settings.build_path.parent.mkdir(parents=True, exist_ok=True)
    settings.build_path.unlink(missing_ok=True)
    with duckdb.connect(str(settings.build_path)) as con:
        for schema in ("focus", "core", "unit_economics", "intermediate", "quality", "raw"):
            con.execute(f"create schema {schema}")
        con.execute(
            "create table focus.cost_and_usage (BillingCurrency varchar, BilledCost decimal(38,12), EffectiveCost decimal(38,12))"
        )
        con.execute(
            "create table core.fct_cost_allocation (usage_date date, billing_currency varchar, cost_status varchar, allocation_step varchar, usage_state varchar, "
            "ai_scope varchar, charge_category varchar, billed_cost decimal(38,12), effective_cost decimal(38,12))"
        )
        con.execute(
            "create table raw.load_ledger as select 'slurm_jobs' as table_name, 'loaded' as outcome, date '2026-07-03' as last_day"
        )
        con.execute(
            "create table intermediate.int_request_groups_hourly (provider_id varchar, requests bigint, unpriced_requests bigint)"
        )
        for day, cost in costs.items():
            con.execute(f"insert into focus.cost_and_usage values ('USD', {cost}, {cost})")
            con.execute(
                f"insert into core.fct_cost_allocation values ('{day}', 'USD', 'billed_open', 'direct', 'used', 'model_api', 'Usage', {cost}, {cost})"
            )
        con.execute(
            "create table unit_economics.cost_monthly as select date_trunc('month', usage_date)::date usage_month, sum(effective_cost)::decimal(38,12) cost from core.fct_cost_allocation group by all"
        )
        folder = settings.requests_dir / "core" / "fct_inference_requests"
        for day in costs:
            part = folder / f"usage_date={day}" / "part_0.parquet"
            if not part.exists():
                part.parent.mkdir(parents=True)
                con.execute(f"copy (select 'r{day}' request_id, date '{day}' usage_date) to '{part}' (format parquet)")
        con.execute(f"create view core.fct_inference_requests as select * from read_parquet('{folder}/*/*.parquet')")


def result(run_id: str, status: str = "pass", severity: str = "critical") -> GateResult:
    return GateResult(
        run_id, GATE.check_name, "dbt_test", GATE.scope, severity, status, 0, None, "", "2026-07-04T00:00:00"
    )


def request(run_id: str, *, days=None, results=None, at=datetime(2026, 7, 4), code="c") -> PublishRequest:
    return PublishRequest(
        run_id=run_id, as_of=at, published_at=at, models=MODELS, dirty_days=days, fingerprints={str(day): run_id for day in DAYS},
        code_hash=code, expected=frozenset({GATE}), results=[result(run_id)] if results is None else results,
    )  # fmt: skip


def publish_now(home: Path, run_id: str, **more) -> Published:
    return publish(request(run_id, **more), settings_of(home))


def read(home: Path, query: str) -> list[tuple]:
    """What a reader sees through `current`."""
    with duckdb.connect(str(home / "published" / "current" / "marts.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


if __name__ == "__main__":
    home, stage = Path(sys.argv[1]), sys.argv[2]

    def die(reached: str) -> None:
        if reached == stage:
            os.kill(os.getpid(), signal.SIGKILL)

    publish(request("killed00", days=[DAYS[1]], at=datetime(2026, 7, 5)), settings_of(home), reached=die)
