"""What the company itself knows: organisation, identities, customers, rates, budgets, rules, revenue and the invoices
it got.
"""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb

from . import aws, northgrid
from .api_bills import prepaid_credits
from .company import (
    ADAPTER,
    ADAPTER_MODEL,
    ADAPTER_TRAINED,
    ADAPTER_VERSIONS,
    ALTERNATIVES,
    ANTHROPIC_ACCOUNT,
    ANTHROPIC_ISSUER,
    AWS_ISSUER,
    CHAT_70B,
    CODE_32B,
    CONTRACTS,
    CORPUS,
    DATA_ACCOUNT,
    DIRECT_PROJECT,
    GATEWAY_ROUTES,
    NORTHGRID_ACCOUNT,
    NORTHGRID_ISSUER,
    OLD_CORPUS,
    OPENAI_ISSUER,
    OPENAI_ORGANISATION,
    PAYER,
    PRODUCT_ACCOUNT,
    SERVED_MODELS,
    SERVING_ROUTES,
    TEAMS,
    TRAINING_ACCOUNT,
    UNITS,
    customers,
)
from .fleet import Fleet
from .timeline import Timeline

EUR_USD = ("1.158400", "1.163900", "1.160700", "1.171200")
BUDGET_EUR_USD = Decimal("1.120000")
LATE_EUR_USD = Decimal("1.250000")  # of the first month, after its close
AWS_PROMISE = Decimal(18_000_000)  # USD in the year from the first month on
CENT = Decimal("0.01")


def write_csv(path: Path, header: str, rows: list[tuple]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(["" if value is None else value for value in row] for row in rows)
    return path


def write_reference(folder: Path, timeline: Timeline, fleet: Fleet) -> list[Path]:
    """Organisation, identity map, customers, contract rates, allocation rules, served models and exchange rates."""
    start = timeline.start.date()
    moved = timeline.day_of(1, 15)
    moved = moved if start < moved < timeline.data_end.date() else None
    units = []
    for unit, parent, name, centre in UNITS:
        row = (unit, parent, name, f"{unit}@meridian.example", centre)
        if unit == "evaluation" and moved:  # the team moves to another business unit
            units += [(*row, start, moved), (unit, "platform", *row[2:], moved, None)]
        else:
            units.append((*row, start, None))
    first_of_open = timeline.months[-1].start.date()
    contracts = []
    for rate in CONTRACTS:
        since, until = start, None
        if rate.from_open_month is False:
            until = first_of_open
            if until == start:
                continue
        elif rate.from_open_month:
            since = first_of_open
        contracts.append(
            (
                rate.provider,
                rate.model_pattern,
                rate.token_class,
                rate.discount_pct,
                rate.unit_price_per_million,
                "USD",
                since,
                until,
            )
        )
    everyone = json.dumps({"*": 1})
    rules = [
        (
            "support-fee",
            10,
            "service_name",
            "AWS Support (Enterprise)",
            "proportional",
            "effective_cost",
            everyone,
            start,
            None,
        ),
        (
            "transfer",
            20,
            "service_name",
            "AWS Data Transfer",
            "proportional",
            "requests",
            json.dumps({"assistant": 1, "search": 1, "automation": 1}),
            start,
            None,
        ),
        ("tax", 30, "charge_category", "Tax", "fixed", "", json.dumps({"platform": 1}), start, None),
        (
            "training-volumes",
            40,
            "sub_account_id",
            TRAINING_ACCOUNT,
            "fixed",
            "",
            json.dumps({"foundation": 0.6, "posttraining": 0.4}),
            start,
            None,
        ),
        (
            "free-capacity",
            50,
            "usage_state",
            "unallocated",
            "proportional",
            "effective_cost",
            everyone,
            start,
            None,
        ),
    ]
    return [
        write_csv(
            folder / "org_units.csv", "unit_id,parent_unit_id,name,owner_email,cost_center,valid_from,valid_to", units
        ),
        write_csv(
            folder / "identity_map.csv",
            "scope,key_type,key_value,unit_id,project,environment,priority,valid_from,valid_to",
            _identities(timeline, fleet, moved),
        ),
        write_csv(
            folder / "customers.csv",
            "customer_id,name,plan,segment,valid_from,valid_to",
            [(c.id, c.name, c.plan, c.segment, start, None) for c in customers()],
        ),
        write_csv(
            folder / "contract_rates.csv",
            "provider_id,model_pattern,token_class,discount_pct,unit_price_per_million,currency,valid_from,valid_to",
            contracts,
        ),
        write_csv(
            folder / "allocation_rules.csv",
            "rule_id,priority,match_field,match_value,method,driver,targets,valid_from,valid_to",
            rules,
        ),
        _write_serving_map(folder / "serving_map.csv", timeline),
        write_csv(
            folder / "datasets.csv",
            "dataset_id,resource_id,unit_id,valid_from,valid_to",
            [(name, name, "foundation", start, None) for name in (CORPUS, OLD_CORPUS)],
        ),
        write_fx_rates(folder / "fx_rates.csv", timeline),
        _write_commitments(folder / "commitments.csv", timeline),
        _write_carbon_factors(folder / "carbon_factors.csv", timeline),
    ]


def _write_carbon_factors(path: Path, timeline: Timeline) -> Path:
    """What the company's sustainability report uses; figures of its own for places that are made up, of a real order of size."""
    start = timeline.start.date()
    grid, anywhere = "grid_gco2e_per_kwh", ("*", "*", "*")
    rows = [
        (grid, "location", "AWS", "us-east-1", "*", 285, "utility", "2025"),
        (grid, "location", "AWS", "us-west-2", "*", 275, "utility", "2025"),
        (grid, "market", "AWS", "*", "*", 30, "vendor's report", "2025"),
        (grid, "location", "Northgrid", "*", "*", 28, "utility", "2025"),
        (grid, "market", "Northgrid", "*", "*", 11, "vendor's report", "2025"),
        ("pue_ratio", "", "AWS", "*", "*", "1.15", "vendor's report", "2025"),
        ("pue_ratio", "", "Northgrid", "*", "*", "1.08", "vendor's report", "2025"),
        ("host_watts", "", *anywhere, 120, "measured", "1"),
        ("host_watts", "", "*", "*", "H100-80GB", 300, "measured", "1"),
        ("host_watts", "", "*", "*", "H200-141GB", 300, "measured", "1"),
        ("embodied_kgco2e", "", *anywhere, 150, "maker", "1"),
        ("life_hours", "", *anywhere, 4 * 8760, "company", "1"),
    ]
    header = "factor,method,vendor,region_id,accelerator_type,value,source,version,valid_from,valid_to"
    return write_csv(path, header, [(*row, start, None) for row in rows])


def _write_serving_map(path: Path, timeline: Timeline) -> Path:
    """Which names mean which model, on which deployment's pods, and the API that it is compared with."""
    start = timeline.start.date()
    rows = []
    for deployment, model in SERVED_MODELS.items():
        # the pods of the code deployment carry no label of their own
        chosen = ("", f"{deployment}-*") if deployment == CODE_32B else (deployment, "")
        alternative = ALTERNATIVES.get(deployment, ("", ""))
        rows.append((model, "", "", deployment, "serving", *chosen, *alternative, "", "", start, None))
    served = (ADAPTER, ADAPTER_MODEL, ADAPTER, CHAT_70B, "serving", "", "", *ALTERNATIVES[CHAT_70B], ADAPTER_TRAINED)
    for index, month in enumerate(timeline.months):
        until = timeline.months[index + 1].start.date() if index + 1 < len(timeline.months) else None
        rows.append((*served, ADAPTER_VERSIONS[index % len(ADAPTER_VERSIONS)], month.start.date(), until))
    header = (
        "model_alias,model_id,adapter,deployment_id,namespace,pod_app,pod_name,api_provider,api_model,trained_model_id,trained_version,"
        "valid_from,valid_to"
    )
    return write_csv(path, header, rows)


def write_fx_rates(path: Path, timeline: Timeline, *, first_month: Decimal | None = None) -> Path:
    """Treasury's table: a rate of each month and the one of the budget.

    Args:
        path: File to write.
        timeline: The world's months.
        first_month: What treasury says of the first month later, when it is closed.
    """
    rates = [("EUR", "USD", BUDGET_EUR_USD, "budget", timeline.start.date(), timeline.months[-1].end.date())]
    for index, month in enumerate(timeline.months):
        rate = first_month if first_month and index == 0 else Decimal(EUR_USD[index % len(EUR_USD)])
        until = timeline.months[index + 1].start.date() if index + 1 < len(timeline.months) else None
        rates.append(("EUR", "USD", rate, "corporate_month", month.start.date(), until))
        rates.append(("USD", "EUR", round(1 / rate, 12), "corporate_month", month.start.date(), until))
    return write_csv(path, "from_currency,to_currency,rate,rate_set,valid_from,valid_to", rates)


def _write_commitments(path: Path, timeline: Timeline) -> Path:
    """What the company bought ahead or promised to spend: credits, reserved GPUs, a savings plan, a year of AWS."""
    start = timeline.start.date()
    year = date(start.year + 1, start.month, 1)
    header = "contract_id,kind,invoice_issuer_name,currency,committed_amount,fulfilment,match_field,match_value,unit_id,valid_from,valid_to"
    account = "billing_account_id"
    discount = "commitment_discount_id"
    rows = [
        (
            "anthropic-credits",
            "prepaid_credit",
            ANTHROPIC_ISSUER,
            "USD",
            None,
            "term",
            account,
            ANTHROPIC_ACCOUNT,
            "platform",
        ),
        (
            northgrid.RESERVATION,
            "take_or_pay",
            NORTHGRID_ISSUER,
            "EUR",
            None,
            "month",
            discount,
            northgrid.RESERVATION,
            "foundation",
        ),
        ("aws-compute-plan", "savings_plan", AWS_ISSUER, "USD", None, "term", discount, aws.SAVINGS_PLAN, "platform"),
        ("aws-agreement", "enterprise_agreement", AWS_ISSUER, "USD", AWS_PROMISE, "term", account, PAYER, "platform"),
    ]
    return write_csv(path, header, [(*row, start, year) for row in rows])


def write_ecb_rates(path: Path, timeline: Timeline, end: date) -> Path:
    """The ECB's history up to `end`, as it publishes it: newest line first, a column a currency, no line on weekends."""
    first = timeline.start.date() - timedelta(days=7)
    days = [first + timedelta(days=step) for step in range((end - first).days)]
    lines = []
    for step, day in enumerate(days):
        month = next((index for index, month in enumerate(timeline.months) if day < month.end.date()), 0)
        usd = Decimal(EUR_USD[month % len(EUR_USD)]) + Decimal(step % 9 - 4) / 2000
        if day.weekday() < 5:
            lines.append((day, f"{usd:.4f}", f"{Decimal(150) * usd:.2f}", "N/A", f"{Decimal('0.75') * usd:.4f}", ""))
    return write_csv(path, "Date,USD,JPY,BGN,GBP,", lines[::-1])


def _identities(timeline: Timeline, fleet: Fleet, moved) -> list[tuple]:
    start = timeline.start.date()
    rows: list[tuple] = []

    def add(
        scope: str, kind: str, value: str, unit: str, project: str = "", environment: str = "", priority: int = 10
    ) -> None:
        # the labelling work, its gateway team and its profile change hands in the re-organisation
        if moved and (kind, value) in (
            {("litellm_team", "tm-dataplatform")} | {("inference_profile", p) for p in handed_over}
        ):
            rows.append((scope, kind, value, unit, project, environment, priority, start, moved))
            rows.append((scope, kind, value, "mlplatform", project, environment, priority, moved, None))
        else:
            rows.append((scope, kind, value, unit, project, environment, priority, start, None))

    handed_over = {r.project for r in GATEWAY_ROUTES if r.id == "data-labels"}
    add("", "billing_account", PAYER, "platform", priority=90)
    add("", "billing_account", NORTHGRID_ACCOUNT, "foundation", priority=90)
    add("", "billing_account", OPENAI_ORGANISATION, "platform", priority=90)
    add("", "billing_account", ANTHROPIC_ACCOUNT, "platform", priority=90)
    add("", "platform", "*", "platform", priority=90)
    add("", "sub_account", DATA_ACCOUNT, "dataplatform", priority=80)
    add("", "sub_account", PRODUCT_ACCOUNT, "mlplatform", priority=80)
    for route in GATEWAY_ROUTES:
        key = (route.provider, route.gateway_team)
        if not any(row[:3] == (key[0], "litellm_team", key[1]) for row in rows):
            add(route.provider, "litellm_team", route.gateway_team, route.team, route.project, route.environment)
    for team in sorted({route.team for route in SERVING_ROUTES}):
        add("self_hosted", "litellm_team", team, team)
    owners = {"wrkspc_research": "posttraining"}
    seen = set()
    for route in GATEWAY_ROUTES:
        kind = {"openai": "project", "anthropic": "workspace", "aws": "inference_profile"}[route.provider]
        if (kind, route.project) not in seen:
            seen.add((kind, route.project))
            add("", kind, route.project, owners.get(route.project, route.team), route.project, route.environment, 20)
    add("", "project", DIRECT_PROJECT, "evaluation", DIRECT_PROJECT, "dev", 20)
    for team in TEAMS:
        add("", "namespace", team, team, environment="dev", priority=30)
        add("", "slurm_account", team, team, environment="dev", priority=30)
        add("", "tag", f"user_team={team}", team, priority=40)
        add("", "tag", f"team={team}", team, priority=40)
    add("", "namespace", "serving", "mlplatform", environment="prod", priority=50)
    add("", "namespace", "gateway", "mlplatform", environment="prod", priority=30)
    for run_experiment, team in sorted({(r.experiment_id, r.team) for r in fleet.runs}):
        add("", "mlflow_experiment", run_experiment, team, environment="dev", priority=60)
    return rows


def write_revenue(con: duckdb.DuckDBPyConnection, path: Path, timeline: Timeline, until_month: int) -> Path:
    """Revenue by customer and month up to month `until_month`: most pay two to four times what they cost, three pay
    less than it.
    """
    cost = {
        (customer, f"{month:%Y-%m}"): value
        for customer, month, value in con.execute(
            "select customer_id, usage_month, api_cost + api_cost_not_billed_yet + selfhosted_cost from "
            "truth_customers_monthly"
            " where customer_id is not null"
        ).fetchall()
    }
    rows = []
    for month in timeline.months[: until_month + 1]:
        for rank, customer in enumerate(customers()):
            spent = cost.get((customer.id, month.label), Decimal(0))
            factor = Decimal("0.62") if customer.loss_making else Decimal("2.1") + Decimal(rank % 6) * Decimal("0.35")
            earned = spent * factor / (Decimal("1.16") if customer.currency == "EUR" else 1)
            fee = (earned * Decimal("0.6")).quantize(Decimal(1), ROUND_HALF_UP)
            rows.append((customer.id, "assistant", month.start.date(), fee, customer.currency, "recurring"))
            rows.append(
                (
                    customer.id,
                    "assistant",
                    month.start.date(),
                    (earned - fee).quantize(CENT, ROUND_HALF_UP),
                    customer.currency,
                    "usage",
                )
            )
    return write_csv(path, "customer_id,product,revenue_month,amount,currency,revenue_type", rows)


def write_budgets(path: Path, timeline: Timeline, gpu_scale: float) -> Path:
    monthly = {
        "foundation": 780_000,
        "posttraining": 520_000,
        "evaluation": 160_000,
        "assistant": 90_000,
        "search": 120_000,
        "automation": 40_000,
        "mlplatform": 70_000,
        "dataplatform": 60_000,
    }
    rows = [
        ("team", team, month.start.date(), month.end.date(), round(amount * gpu_scale, 2), "USD", 80)
        for month in timeline.months
        for team, amount in monthly.items()
    ]
    return write_csv(path, "scope_type,scope_id,period_start,period_end,amount,currency,alert_pct", rows)


INVOICE_HEADER = (
    "invoice_issuer_name,invoice_id,billing_account_id,billing_period_start,billing_period_end,currency,"
    "subtotal,discount,credit,tax,total,issued_at,paid_at"
)


def invoices(con: duckdb.DuckDBPyConnection, timeline: Timeline, gpu_scale: float) -> list[dict]:
    """The issuers' invoices of all months but the open one: cents, rounded half up on each part, then added.

    The corrected month has two AWS documents (the invoice of the first bill and a credit memo) and a Northgrid credit
    that its export shows only a month later: that issuer does not tie, and the credit says why.
    """

    def cents(value: Decimal) -> Decimal:
        return Decimal(value).quantize(CENT, ROUND_HALF_UP)

    found = []
    for month in timeline.months:
        if month.status == "open":
            continue
        issued = f"{month.end:%Y-%m}-03T08:00:00Z"

        def add(
            issuer, number, account, currency, subtotal, discount=0, credit=0, tax=0, month=month, issued=issued
        ) -> None:
            parts = [cents(part) for part in (subtotal, discount, credit, tax)]
            found.append(
                dict(
                    zip(
                        INVOICE_HEADER.split(","),
                        (
                            issuer,
                            number,
                            account,
                            month.start.date(),
                            month.end.date(),
                            currency,
                            *parts,
                            sum(parts),
                            issued,
                            f"{issued[:8]}24T08:00:00Z",
                        ),
                        strict=True,
                    )
                )
            )

        first, last = int(month.start.timestamp()), int(month.end.timestamp())

        def aws_sums(seen_at: int, month=month) -> list[Decimal]:
            return con.execute(
                f"""select coalesce(sum(cost) filter (line_type not in ('Tax', 'Credit', 'Refund')), 0),
                    coalesce(sum(net_cost - cost) filter (line_type not in ('Tax', 'Credit', 'Refund')), 0),
                    coalesce(sum(net_cost) filter (line_type in ('Credit', 'Refund')), 0),
                        coalesce(sum(net_cost) filter (line_type = 'Tax'), 0)
                from cur where {aws.visible(month, seen_at)}"""
            ).fetchone()

        first_bill = aws_sums(last)
        add(AWS_ISSUER, aws.invoice_id(month), PAYER, "USD", *first_bill)
        if month.status == "corrected" and aws.correction_instant(timeline):
            final = aws_sums(timeline.t1)
            issued_memo = timeline.day_of(0, 14)
            add(
                AWS_ISSUER,
                aws.invoice_id(month, memo=True),
                PAYER,
                "USD",
                *(b - a for a, b in zip(first_bill, final, strict=True)),
                issued=f"{issued_memo}T09:00:00Z",
            )
        (billed,) = con.execute(
            "select sum(billed) from northgrid where start_at >= ? and start_at < ? and kind <> 'credit'", [first, last]
        ).fetchone()
        credit = northgrid.sla_credit(gpu_scale) if month.status == "corrected" else 0
        add(NORTHGRID_ISSUER, northgrid.invoice_id(month), NORTHGRID_ACCOUNT, "EUR", billed, credit=credit)
        (spent,) = con.execute(
            "select coalesce(sum(contract_cost), 0) from token_lines where provider = 'openai' and day >= ? and day "
            "< ?",
            [month.start.date(), month.end.date()],
        ).fetchone()
        add(OPENAI_ISSUER, f"OAI-{month.start:%Y%m}-77", OPENAI_ORGANISATION, "USD", spent)
        add(ANTHROPIC_ISSUER, f"ANT-{month.label}", ANTHROPIC_ACCOUNT, "USD", prepaid_credits(con, month, timeline))
    return found


def write_invoices(path: Path, rows: list[dict]) -> Path:
    return write_csv(path, INVOICE_HEADER, [tuple(row.values()) for row in rows])


def totals(con: duckdb.DuckDBPyConnection, timeline: Timeline, documents: list[dict]) -> list[tuple]:
    """(issuer, month, currency, billed, effective, invoice total) of each month as its latest bill has it."""
    rows = []
    for month in timeline.months:
        first, last = int(month.start.timestamp()), int(month.end.timestamp())
        cap = min(month.end.date(), timeline.bill_end.date())
        bills = {
            (AWS_ISSUER, "USD"): con.execute(
                f"select sum(net_cost), sum(effective) from cur where {aws.visible(month, timeline.t1)}"
            ).fetchone(),
            (NORTHGRID_ISSUER, "EUR"): con.execute(
                "select sum(billed), sum(effective) from northgrid where start_at >= ? and start_at < ?", [first, last]
            ).fetchone(),
        }
        for issuer, provider in ((OPENAI_ISSUER, "openai"), (ANTHROPIC_ISSUER, "anthropic")):
            (used,) = con.execute(
                "select coalesce(sum(contract_cost), 0) from token_lines where provider = ? and day >= ? and day < ?",
                [provider, month.start.date(), cap],
            ).fetchone()
            bills[issuer, "USD"] = (prepaid_credits(con, month, timeline) if provider == "anthropic" else used, used)
        for (issuer, currency), (billed, effective) in bills.items():
            total = sum(
                d["total"]
                for d in documents
                if d["invoice_issuer_name"] == issuer and d["billing_period_start"] == month.start.date()
            )
            rows.append((issuer, month.label, currency, billed, effective, total if month.status != "open" else None))
    return rows
