"""Google Cloud's detailed export: each kind of line, with arrays of several entries. Amounts are decimal texts, so that sums here are exact."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing.deliveries import land
from orchestration.settings import Settings


def row(cost: float, **fields: object) -> dict[str, object]:
    """A row of the export."""
    line = {
        "billing_account_id": "0123AB-4567CD-89EF01",
        "service": {"id": "6F81-5844-456A", "description": "Compute Engine"},
        "sku": {"id": "A1B2", "description": "Nvidia H100 80GB GPU running in Americas"},
        "usage_start_time": "2026-10-03T10:00:00Z",
        "usage_end_time": "2026-10-03T11:00:00Z",
        "project": {"id": "ml-prod", "name": "ML", "labels": [{"key": "team", "value": "platform"}, {"key": "env", "value": "prod"}]},
        "labels": [{"key": "team", "value": "research"}, {"key": "k8s-namespace", "value": "train"}],
        "system_labels": [{"key": "compute.googleapis.com/machine_spec", "value": "a3-highgpu-8g"}],
        "tags": [{"key": "bare"}, {"key": None, "value": "lost"}, {"key": "cost", "value": "a\"b"}, {"key": "zone", "value": "x"}],
        "location": {"location": "us-central1", "region": "us-central1", "zone": "us-central1-a"},
        "resource": {"name": "node-1", "global_name": "//compute/node-1"},
        "usage": {"amount": 28800.0, "unit": "seconds", "amount_in_pricing_units": 8.0, "pricing_unit": "hour"},
        "price": {"effective_price": 9.79, "tier_start_amount": 0.0, "unit": "hour", "pricing_unit_quantity": 1.0},
        "cost": cost,
        "cost_at_list": 88.0,
        "currency": "USD",
        "currency_conversion_rate": 1.0,
        "credits": [],
        "invoice": {"month": "202610"},
        "cost_type": "regular",
        "transaction_type": "GOOGLE",
        "export_time": "2026-10-03T14:21:07Z",
    }  # fmt: skip
    return line | fields


def credit(kind: str, amount: float, identifier: str = "c1") -> dict[str, object]:
    return {"id": identifier, "type": kind, "name": kind, "full_name": kind, "amount": amount}


NO_USE = {
    "usage": None,
    "price": None,
    "labels": [],
    "system_labels": [],
    "tags": [],
    "resource": None,
    "cost_at_list": 0.0,
}
ROWS = [
    row(78.32, credits=[credit("COMMITTED_USAGE_DISCOUNT", -28.16, "cud-1"), credit("SUSTAINED_USAGE_DISCOUNT", -0.16)]),
    row(
        3.0, service={"id": "C7E2", "description": "Vertex AI"},
        sku={"id": "GEM1", "description": "Gemini 2.5 Flash Lite Text Input - Predictions"}, system_labels=[],
        usage={"amount": 2000000.0, "unit": "count", "amount_in_pricing_units": 2000000.0, "pricing_unit": "count"},
        price={"effective_price": 1.5, "tier_start_amount": 0.0, "unit": "count", "pricing_unit_quantity": 1000000.0}, cost_at_list=3.5,
        credits=[{"id": "c0", "name": "no type", "amount": -0.0}, credit("PROMOTION", -1.0), credit("FREE_TIER", -0.5)],
    ),
    row(1.1, usage_start_time="2026-10-31T23:00:00Z", usage_end_time="2026-11-01T00:00:00Z", invoice={"month": "202611"},
        export_time="2026-11-01T09:00:00Z", cost_at_list=0.0),
    row(20.0, sku={"id": "CMT1", "description": "Commitment v1: H100 GPU in Americas for 1 Year"}, subscription={"instance_id": "cud-1"}, **NO_USE),
    row(5.25, service={"id": "TAX", "description": "Invoice"}, sku={"id": "TAX", "description": "Tax"}, cost_type="tax", project=None, **NO_USE),
    row(-2.0, cost_type="adjustment", usage_start_time="2026-09-01T00:00:00Z", usage_end_time="2026-09-02T00:00:00Z",
        adjustment_info={"id": "adj-1", "description": "Service credit for an outage"}, **NO_USE),
    row(4e-07, cost_type="rounding_error", project=None, **NO_USE),
]  # fmt: skip


def fee(
    account: str, cost: float, sku: str, units: float, *, used_for: str | None = None, **fields: object
) -> dict[str, object]:
    """A row of a commitment's fee for an hour; `used_for` is the SKU that Google names on it."""
    return row(
        cost, billing_account_id=account, sku={"id": "FEE", "description": sku}, project=None, resource=None, system_labels=[], tags=[],
        labels=[{"key": "goog-originating-sku-id", "value": used_for}] if used_for else [], cost_at_list=cost,
        subscription={"instance_id": f"subscriptions/{account}"},
        usage={"amount": units * 3600, "unit": "seconds", "amount_in_pricing_units": units, "pricing_unit": "hour"},
        price={"effective_price": cost / units, "tier_start_amount": 0.0, "unit": "hour", "pricing_unit_quantity": 1.0}, **fields,
    )  # fmt: skip


def use(
    account: str,
    cost: float,
    sku: str,
    units: float,
    *,
    name: str = "",
    default_price: float | None = None,
    **fields: object,
) -> dict[str, object]:
    """An hour's use at a price; the credit of a commitment is among the fields."""
    return row(
        cost, billing_account_id=account, sku={"id": name or sku, "description": sku}, labels=[], tags=[], cost_at_list=cost,
        resource={"name": name, "global_name": name} if name else None,
        usage={"amount": units * 3600, "unit": "seconds", "amount_in_pricing_units": units, "pricing_unit": "hour"},
        price={"effective_price": cost / units, "tier_start_amount": 0.0, "unit": "hour", "pricing_unit_quantity": 1.0, "effective_price_default": default_price}, **fields,
    )  # fmt: skip


def offset(amount: str) -> list[dict[str, object]]:
    return [{"type": "FEE_UTILIZATION_OFFSET", "name": "offset", "amount": amount}]


# Google's own examples of a machine of two SKUs ("Spend-based CUDs data model updates", docs.cloud.google.com, scenarios before and after
# the new model): a commitment that is used up and one that is not.
SPENT = {"description": "Compute Flexible CUDs 1 Year", "id": "compute-flexible-1-year"}
DEFAULT = {"description": "Default", "id": "7754-699E-0EBF"}
BASE = "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE"
COMMITMENTS = [
    fee("over-before", 0.046868, "Commitment - dollar based v1: GCE for 1 year", 6.50949, used_for="RAM"),
    fee("over-before", 0.025132, "Commitment - dollar based v1: GCE for 1 year", 3.49051, used_for="CORE"),
    use("over-before", 0.174496, "E2 Instance Ram running in Americas", 8, name="RAM", credits=[credit(BASE, -0.065095)]),
    use("over-before", 0.093568, "E2 Instance Core running in Americas", 32, name="CORE", credits=[credit(BASE, -0.034905)]),
    fee("over-after", 0.046868, "GCE Flex CUD", 0.04686833, used_for="RAM", consumption_model=DEFAULT, credits=offset("-0.046868")),
    fee("over-after", 0.025132, "GCE Flex CUD", 0.02513167, used_for="CORE", consumption_model=DEFAULT, credits=offset("-0.025132")),
    use("over-after", 0.109398, "E2 Instance Ram running in Americas", 5.015577498, name="RAM", consumption_model=DEFAULT),
    use("over-after", 0.058648, "E2 Instance Core running in Americas", 20.06066639, name="CORE", consumption_model=DEFAULT),
    use("over-after", 0.046868, "E2 Instance Ram running in Americas", 2.984422502, name="RAM", consumption_model=SPENT,
        subscription={"instance_id": "subscriptions/over-after"}, cost_at_effective_price_default=0.065095, default_price=0.02181159),
    use("over-after", 0.025132, "E2 Instance Core running in Americas", 11.93933361, name="CORE", consumption_model=SPENT,
        subscription={"instance_id": "subscriptions/over-after"}, cost_at_effective_price_default=0.034905, default_price=0.00292353),
    fee("under-before", 0.022994, "Commitment - dollar based v1: GCE for 1 year", 3.194),
    fee("under-before", 0.125637, "Commitment - dollar based v1: GCE for 1 year", 17.45, used_for="RAM"),
    fee("under-before", 0.067369, "Commitment - dollar based v1: GCE for 1 year", 9.357, used_for="CORE"),
    use("under-before", 0.174496, "E2 Instance Ram running in Americas", 8, name="RAM", credits=[credit(BASE, -0.174496)]),
    use("under-before", 0.093568, "E2 Instance Core running in Americas", 32, name="CORE", credits=[credit(BASE, -0.093568)]),
    fee("under-after", 0.022994, "GCE Flex CUD", 0.022994, consumption_model=DEFAULT),
    fee("under-after", 0.125637, "GCE Flex CUD", 0.1256371, used_for="RAM", consumption_model=DEFAULT, credits=offset("-0.1256348")),
    fee("under-after", 0.067369, "GCE Flex CUD", 0.067369, used_for="CORE", consumption_model=DEFAULT, credits=offset("-0.0673581")),
    use("under-after", 0.125637, "E2 Instance Ram running in Americas", 8, name="RAM", consumption_model=SPENT),
    use("under-after", 0.067369, "E2 Instance Core running in Americas", 32, name="CORE", consumption_model=SPENT),
    # 16 GPUs an hour held at 6; 8 of a node and 2 of the 4 of another got the credit, at 9.79 each; no cores were used
    fee("gpus", 96.0, "Commitment v1: Nvidia H100 80GB GPU running in Iowa for 1 Year", 16),
    fee("gpus", 5.0, "Commitment v1: A3 Cpu in Iowa for 1 Year", 100),
    use("gpus", 78.32, "Nvidia H100 80GB GPU running in Iowa", 8, name="node-1", credits=[credit("COMMITTED_USAGE_DISCOUNT", -78.32)]),
    use("gpus", 39.16, "Nvidia H100 80GB GPU running in Iowa", 4, name="node-2", credits=[credit("COMMITTED_USAGE_DISCOUNT", -19.58)]),
    # three equal parts of 10
    fee("thirds", 10.0, "Commitment v1: A2 Cpu in Iowa for 3 Years", 3),
    *[use("thirds", 6.0, "A2 Instance Core running in Iowa", 1, name=f"vm-{n}", credits=[credit("COMMITTED_USAGE_DISCOUNT", -6.0)]) for n in "abc"],
]  # fmt: skip


def json_lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(line) + "\n" for line in rows)


def parquet(rows: list[dict[str, object]], path: Path) -> Path:
    """The same rows with their nested types, as BigQuery extracts them."""
    times = ("usage_start_time", "usage_end_time", "export_time")
    typed = [line | {column: datetime.fromisoformat(str(line[column])) for column in times} for line in rows]
    columns = {column: [line.get(column) for line in typed] for column in ROWS[0] | ROWS[3] | ROWS[5]}
    pq.write_table(pa.table(columns), path)
    return path


def deliver(settings: Settings, folder: Path) -> None:
    """Land all of it, as JSON lines and again as Parquet of another account."""
    (folder / "export.jsonl").write_text(json_lines(ROWS))
    land("gcp", [folder / "export.jsonl"], settings=settings, feed="gcp", version="1")
    other = [
        line | {"billing_account_id": "parquet", "project": line["project"] and line["project"] | {"id": "parquet"}}
        for line in ROWS
    ]
    land("gcp", [parquet(other, folder / "export.parquet")], settings=settings, feed="parquet", version="1")
    (folder / "commitments.jsonl").write_text(json_lines(COMMITMENTS))
    land("gcp", [folder / "commitments.jsonl"], settings=settings, feed="commitments", version="1")
    odd = row(
        7.0,
        billing_account_id="odd",
        project=ROWS[0]["project"] | {"id": "odd"},
        labels="team=research",
        system_labels="machine_spec=a3-highgpu-8g",
    )
    (folder / "odd.jsonl").write_text(json_lines([odd]))
    land("gcp", [folder / "odd.jsonl"], settings=settings, feed="odd-labels", version="1")
    # an explicit cache of 2 M tokens, held for 3 hours at 1 dollar a million token-hours
    held = row(
        6.0, billing_account_id="held", service={"id": "C7E2", "description": "Vertex AI"}, system_labels=[],
        sku={"id": "GEM2", "description": "Gemini 2.5 Flash Lite Text Input Cache Storage"}, cost_at_list=6.0,
        usage={"amount": 6000000.0, "unit": "count", "amount_in_pricing_units": 6000000.0, "pricing_unit": "count"},
        price={"effective_price": 1.0, "tier_start_amount": 0.0, "unit": "count", "pricing_unit_quantity": 1000000.0},
    )  # fmt: skip
    (folder / "held.jsonl").write_text(json_lines([held]))
    land("gcp", [folder / "held.jsonl"], settings=settings, feed="held", version="1")
