"""Google Cloud's export as charges; amounts worked out by hand from gcp_bills.py."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.unit.bills.gcp_bills import ROWS, credit, json_lines, row

GCP = "from focus.cost_and_usage where x_Feed = 'gcp'"


def plain(rows: list[tuple]) -> list[tuple]:
    return [tuple(float(one) if isinstance(one, Decimal) else one for one in line) for line in rows]


def test_net_cost_is_cost_and_all_credits_however_many_labels_a_row_has(charges):
    """78.32 - 28.16 - 0.16 + 3 - 1 - 0.5 + 1.1 + 20 + 5.25 - 2 + 0.0000004; a join of labels and credits would count rows up to 8 times."""
    cost = sum(
        Decimal(str(line["cost"])) + sum(Decimal(str(one["amount"])) for one in line["credits"]) for line in ROWS
    )
    assert cost == Decimal("75.8500004")
    assert charges.execute(f"select sum(BilledCost), sum(EffectiveCost) {GCP}").fetchone() == (cost, cost)


def test_parquet_says_the_same_as_json(charges):
    compared = "ChargeCategory, ChargeClass, BilledCost, ListCost, ConsumedQuantity, PricingQuantity, PricingUnit, Tags, x_ModelId, x_AiScope, ChargePeriodStart"
    assert (
        charges.execute(
            f"(select {compared} {GCP} except select {compared} from focus.cost_and_usage where x_Feed = 'parquet')"
        ).fetchall()
        == []
    )
    assert charges.execute("select count(*) from focus.cost_and_usage where x_Feed = 'parquet'").fetchone() == (8,)


def test_b6_kinds_of_lines_stay_apart(charges):
    assert plain(
        charges.execute(
            f"select ChargeCategory, ChargeClass, ChargeFrequency, sum(BilledCost), count(*) {GCP} group by all order by all"
        ).fetchall()
    ) == [
        ("Adjustment", "Correction", "One-Time", -2, 1),
        ("Adjustment", None, "One-Time", 4e-07, 1),
        ("Credit", None, "One-Time", -1, 1),
        ("Purchase", None, "Recurring", 20, 1),
        ("Tax", None, "One-Time", 5.25, 1),
        ("Usage", None, "Usage-Based", 50 + 2.5 + 1.1, 3),
    ]


def test_b13_the_last_hour_of_a_month_may_be_on_the_next_invoice(charges):
    assert charges.execute(
        "select cast(ChargePeriodStart as varchar), cast(BillingPeriodStart as varchar), cast(BillingPeriodEnd as varchar)"
        f" {GCP} and BilledCost = 1.1"
    ).fetchall() == [("2026-10-31 23:00:00", "2026-11-01 00:00:00", "2026-12-01 00:00:00")]


def test_b14_an_adjustment_keeps_its_old_charge_period(charges):
    assert charges.execute(
        f"select cast(ChargePeriodStart as varchar), cast(BillingPeriodStart as varchar), ChargeDescription {GCP} and ChargeClass = 'Correction'"
    ).fetchall() == [("2026-09-01 00:00:00", "2026-10-01 00:00:00", "Service credit for an outage")]


def test_committed_use_is_named_and_accelerators_are_found(charges):
    assert plain(
        charges.execute(
            "select CommitmentDiscountId, CommitmentDiscountCategory, CommitmentDiscountStatus, x_AiScope, BilledCost, ContractedCost, ListCost,"
            f" PricingCategory, x_InstanceType {GCP} and CommitmentDiscountId is not null order by BilledCost"
        ).fetchall()
    ) == [
        ("cud-1", "Usage", None, "accelerator", 20, None, None, None, None),
        ("cud-1", "Usage", "Used", "accelerator", 50, 78.32, 88, "Committed", "a3-highgpu-8g"),
    ]


def test_b5_a_list_cost_of_0_beside_a_cost_is_missing(charges):
    assert charges.execute(f"select ListCost {GCP} and BilledCost = 1.1").fetchall() == [(None,)]


def test_gemini_skus_name_model_class_and_tokens(charges):
    assert plain(
        charges.execute(
            "select ServiceName, x_AiScope, x_MeterScope, x_ModelId, x_BillingTokenClass, x_UsageQuantity, PricingQuantity, PricingUnit,"
            f" ContractedCost, ContractedUnitPrice {GCP} and ServiceName = 'Vertex AI' and ChargeCategory = 'Usage'"
        ).fetchall()
    ) == [("Vertex AI", "model_api", "google", "gemini-2.5-flash-lite", "input", 2_000_000, 2, "1000000 count", 3, 1.5)]


def test_t22_storage_of_a_cache_is_token_hours_and_no_cache_read(charges):
    """2 M tokens for 3 h are 6 M token-hours: a class that no request is divided by, and no tokens that anybody read."""
    assert plain(
        charges.execute(
            "select x_BillingTokenClass, x_TokenCacheAction, ConsumedQuantity, EffectiveCost, c.quantity_unit, c.split_by"
            " from focus.cost_and_usage as f join seeds.billing_token_classes as c on f.x_BillingTokenClass = c.billing_token_class"
            " where f.BillingAccountId = 'held'"
        ).fetchall()
    ) == [("cache_storage", None, 6_000_000, 6, "token_hours", "nothing")]


def test_labels_of_the_resource_win_over_those_of_its_project(charges):
    tags = charges.execute(
        "select json_extract_string(Tags, ['$.team', '$.env', '$.k8s-namespace', '$.cost', '$.\"compute.googleapis.com/machine_spec\"'])"
        f" {GCP} and BilledCost = 50"
    ).fetchone()[0]
    assert tags == ["research", "prod", "train", 'a"b', "a3-highgpu-8g"]


def test_b7_late_rows_come_with_their_export_day_and_replace_nothing_else(load, settings, query):
    first = [row(1.0), row(2.0, export_time="2026-10-04T14:00:00Z")]
    late = row(4.0, export_time="2026-10-04T23:00:00Z")
    assert load("gcp", {"a.jsonl": json_lines(first)}, version="1").loaded == 2
    assert load("gcp", {"b.jsonl": json_lines([first[1], late])}, version="2").outcome == "loaded"
    assert query("select cost, cast(export_time as date) :: varchar from raw.gcp_billing_export order by 1") == [
        ("1.0", "2026-10-03"), ("2.0", "2026-10-04"), ("4.0", "2026-10-04"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"credits": "not json"}, "1 x credits fails the check"),
        ({"credits": [credit("PROMOTION", -1.0), {"type": "PROMOTION", "amount": "1,000.00"}]}, "1 x credits fails the check"),
        ({"credits": [{"type": "PROMOTION"}]}, "1 x credits fails the check"),
        ({"cost": "1,234.5"}, "1 x cost is no amount of money (first in a.jsonl, row 2: 1,234.5"),
        ({"invoice": {"month": "2026-10"}}, "1 x invoice fails the check"),
        ({"cost": None}, "1 x cost is missing"),
        ({"usage": {"amount": "8.000,5"}}, "1 x usage fails the check"),
        ({"sku": "H100"}, "1 x sku fails the check"),
    ],
    ids=["credits no JSON", "thousands separator in a credit", "credit without amount", "thousands separator", "month", "no cost", "decimal comma", "SKU no JSON"],
)  # fmt: skip
def test_money_that_cannot_be_read_is_named(load, fields, reason):
    result = load("gcp", {"a.jsonl": json_lines([row(1.0), row(1.0) | fields])}, version="1")
    assert result.outcome == "refused"
    assert reason in result.reason


def test_labels_that_are_no_json_lose_no_money(charges):
    """The row stays, its labels do not; what was delivered is in raw."""
    cost, tags, machine = charges.execute(
        "select BilledCost, Tags, x_InstanceType from focus.cost_and_usage where x_Feed = 'odd-labels'"
    ).fetchone()
    assert (cost, json.loads(tags), machine) == (
        7,
        {"env": "prod", "team": "platform", "bare": "", "cost": 'a"b', "zone": "x"},
        None,
    )
    assert charges.execute("select labels from raw.gcp_billing_export where _feed = 'odd-labels'").fetchone() == (
        "team=research",
    )
