"""Google Cloud's export as charges; amounts worked out by hand from gcp_bills.py."""

from __future__ import annotations

import json
from decimal import Decimal
from decimal import Decimal as D

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


def commitment_rows(charges, account: str) -> list[tuple]:
    return charges.execute(
        "select ResourceName, ChargeCategory, CommitmentDiscountStatus, BilledCost, EffectiveCost from focus.cost_and_usage"
        " where BillingAccountId = ? order by all",
        [account],
    ).fetchall()


def test_b1_a_fee_is_the_cost_of_the_use_that_it_covered(charges):
    """Of Google's published hours, the commitment that is used up: use net of its credit, and its part of the fee. The same machine costs
    the same in both models, up to the rounding of Google's figures (RAM 0.156266, cores 0.083780)."""
    assert commitment_rows(charges, "over-before") == [
        ("CORE", "Usage", "Used", D("0.058663"), D("0.083795")),
        ("RAM", "Usage", "Used", D("0.109401"), D("0.156269")),
        (None, "Purchase", None, D("0.025132"), 0),
        (None, "Purchase", None, D("0.046868"), 0),
    ]
    assert commitment_rows(charges, "over-after") == [
        ("CORE", "Usage", "Used", D("0.025132"), D("0.025132")),
        ("CORE", "Usage", None, D("0.058648"), D("0.058648")),
        ("RAM", "Usage", "Used", D("0.046868"), D("0.046868")),
        ("RAM", "Usage", None, D("0.109398"), D("0.109398")),
        (None, "Purchase", None, 0, 0),
        (None, "Purchase", None, 0, 0),
    ]


def test_b2_what_nothing_used_of_a_fee_is_a_row_of_its_own(charges):
    """The commitment that is not used up: 0.022994 of it, and in the new model what its offsets leave (0.0000022 and 0.0000109)."""
    assert commitment_rows(charges, "under-before") == [
        ("CORE", "Usage", "Used", 0, D("0.067369")),
        ("RAM", "Usage", "Used", 0, D("0.125637")),
        (None, "Purchase", None, D("0.022994"), 0),
        (None, "Purchase", None, D("0.067369"), 0),
        (None, "Purchase", None, D("0.125637"), 0),
        (None, "Usage", "Unused", 0, D("0.022994")),
    ]
    assert [row[1:] for row in commitment_rows(charges, "under-after")] == [
        ("Usage", "Used", D("0.067369"), D("0.067369")),
        ("Usage", "Used", D("0.125637"), D("0.125637")),
        ("Purchase", None, D("0.0000022"), 0),
        ("Purchase", None, D("0.0000109"), 0),
        ("Purchase", None, D("0.022994"), 0),
        ("Usage", "Unused", 0, D("0.0000022")),
        ("Usage", "Unused", 0, D("0.0000109")),
        ("Usage", "Unused", 0, D("0.022994")),
    ]


def test_b2_a_commitment_of_gpus_costs_its_price_an_hour_and_the_rest_is_unused(charges):
    """16 GPU-hours at 6, of which 10 were used: 8 are 48; of node-2's 4 the other 2 cost 19.58 on demand, so 31.58; 6 hours are unused.
    Nobody used the cores."""
    assert commitment_rows(charges, "gpus") == [
        ("node-1", "Usage", "Used", 0, 48),
        ("node-2", "Usage", "Used", D("19.58"), D("31.58")),
        (None, "Purchase", None, 5, 0),
        (None, "Purchase", None, 96, 0),
        (None, "Usage", "Unused", 0, 5),
        (None, "Usage", "Unused", 0, 36),
    ]
    assert plain(
        charges.execute(
            "select CommitmentDiscountStatus, CommitmentDiscountQuantity, CommitmentDiscountUnit, x_AiScope from focus.cost_and_usage"
            " where BillingAccountId = 'gpus' and SkuMeter like '%GPU%' order by all"
        ).fetchall()
    ) == [
        ("Unused", 6, "Hours", "accelerator"),
        ("Used", 2, "Hours", "accelerator"),
        ("Used", 8, "Hours", "accelerator"),
        (None, 16, "Hours", "accelerator"),
    ]


def test_b1_what_rounding_leaves_of_a_fee_stays_with_it(charges):
    assert commitment_rows(charges, "thirds") == [
        ("vm-a", "Usage", "Used", 0, D("3.333333333333")),
        ("vm-b", "Usage", "Used", 0, D("3.333333333333")),
        ("vm-c", "Usage", "Used", 0, D("3.333333333333")),
        (None, "Purchase", None, 10, D("0.000000000001")),
    ]


def test_a_price_of_a_commitment_is_no_contract_price(charges):
    """Under the model of 2025 a covered line costs its discounted price; contracted cost is what it would cost without."""
    assert charges.execute(
        "select ContractedCost, CommitmentDiscountId, PricingCategory, CommitmentDiscountCategory from focus.cost_and_usage"
        " where BillingAccountId = 'over-after' and CommitmentDiscountStatus = 'Used' order by 1"
    ).fetchall() == [
        (D("0.034905"), "subscriptions/over-after", "Committed", "Spend"),
        (D("0.065095"), "subscriptions/over-after", "Committed", "Spend"),
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
