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
