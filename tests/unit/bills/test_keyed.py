"""Quantities priced from a rate card, invoices keyed in, and OpenAI's line items; figures are worked out by hand."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.unit.bills.keyed_bills import INVOICE, OPENAI, TAIL_COST, TAIL_LINES

COREWEAVE = "from focus.cost_and_usage where x_Feed = 'coreweave'"


def test_quantities_are_priced_by_the_nearest_card_of_their_day(charges):
    """64 x 3.15; 64 x 2.85; 8 x 3.333333333333; 10 x 0.000095."""
    assert charges.execute(
        f"select BilledCost, EffectiveCost, ContractedCost, ListCost, BillingCurrency, SkuPriceId {COREWEAVE} order by SkuPriceId"
    ).fetchall() == [
        (cost, cost, cost, None, currency, f"rate_card:{card}")
        for card, cost, currency in (
            ("h200-early", Decimal("201.600000000000"), "USD"),
            ("h200-eu", Decimal("26.666666666664"), "EUR"),
            ("h200-late", Decimal("182.400000000000"), "USD"),
            ("storage", Decimal("0.000950000000"), "USD"),
        )
    ]


def test_machines_are_known_by_their_sku(charges):
    assert charges.execute(
        f"select distinct x_InstanceType, x_AiScope, ServiceCategory {COREWEAVE} and ServiceName = 'Compute'"
    ).fetchall() == [("gd-8xh200ib-i128", "accelerator", "Compute")]


def test_b5_b19_a_quantity_without_price_costs_null_and_is_counted(charges):
    assert charges.execute(
        "select feed, line_item_type, left_out_reason, bill_lines, unblended_cost, billing_currency from quality.bill_lines_left_out order by feed"
    ).fetchall() == [
        ("coreweave", "public-ip", "no_price", 1, None, "XXX"),
        ("fireworks", "NVIDIA_H100_80GB", "no_price", 1, None, "XXX"),
    ]
    assert charges.execute(f"select count(*) {COREWEAVE} and SkuId = 'public-ip'").fetchone() == (0,)


def test_an_invoice_needs_periods_a_cost_and_a_currency(charges):
    assert charges.execute(
        "select BilledCost, EffectiveCost, BillingAccountId, ChargeCategory, InvoiceId, x_AiScope, json_extract_string(Tags, '$.team')"
        " from focus.cost_and_usage where x_Feed = 'lambda' order by BilledCost"
    ).fetchall() == [
        (Decimal("-45.68"), Decimal("-45.68"), "lambda", "Usage", "INV-77", "accelerator", None),
        (
            Decimal("12345.678901234567"),
            Decimal("12345.678901234567"),
            "lambda",
            "Usage",
            "INV-77",
            "accelerator",
            "research",
        ),
    ]


def test_b20_a_rebate_of_the_day_stays_a_line_of_the_day(charges):
    """100 of compute, 15 of cloud services, of which a tenth of the compute is free: 105, and the rebate belongs to no single hour."""
    assert charges.execute(
        "select ChargeCategory, SkuMeter, cast(ChargePeriodEnd - ChargePeriodStart as varchar), BilledCost, sum(BilledCost) over ()"
        " from focus.cost_and_usage where x_Feed = 'warehouse' order by BilledCost"
    ).fetchall() == [
        ("Credit", "cloud services adjustment", "1 day", Decimal(-10), Decimal(105)),
        ("Usage", "cloud services", "01:00:00", Decimal(15), Decimal(105)),
        ("Usage", "compute", "01:00:00", Decimal(40), Decimal(105)),
        ("Usage", "compute", "01:00:00", Decimal(60), Decimal(105)),
    ]


def test_b4_b23_a_long_tail_of_equal_lines_adds_up_and_what_rounding_took_is_on_record(charges):
    """Each line is rounded once, to twelve places; no two are one. A float would have said 0.20617284999999998 or so."""
    rounded = Decimal("0.000004123457")
    assert charges.execute(
        "select count(distinct x_ChargeId), sum(BilledCost), typeof(sum(BilledCost)) from focus.cost_and_usage where x_Feed = 'tail'"
    ).fetchone() == (TAIL_LINES, TAIL_LINES * rounded, "DECIMAL(38,12)")
    total, residue = charges.execute(
        "select json_extract_string(amounts, '$.billed_cost.sum'), json_extract_string(amounts, '$.billed_cost.residue')"
        " from raw.load_ledger where feed = 'tail'"
    ).fetchone()
    assert Decimal(total) == TAIL_LINES * Decimal(TAIL_COST)
    assert Decimal(residue) == TAIL_LINES * (Decimal(TAIL_COST) - rounded)


@pytest.mark.parametrize(
    ("wrong", "right", "reason"),
    [
        (
            "12,345.68",
            "12345.678901234567",
            "1 x billed_cost is no amount of money (first in invoice.csv, row 2: 12,345.68",
        ),
        (",,GPU Cloud", ",EUR,GPU Cloud", "billed_cost fails the check"),
        ("01.10.2026,", "2026-10-01,", "is no timestamp (first in invoice.csv, row 2: 01.10.2026"),
        ('{""team"": research}', '{""team"": ""research""}', "1 x tags fails the check json_valid"),
    ],
    ids=["thousands separator", "no currency", "German date", "tags that are no JSON"],
)
def test_a_wrong_line_of_an_invoice_is_named(load, wrong, right, reason):
    content = INVOICE.replace(f'"{right}"', right).replace(right, f'"{wrong}"' if wrong[0] == "1" else wrong, 1)
    result = load("focus", {"invoice.csv": content}, version="1")
    assert result.outcome == "refused"
    assert reason in result.reason


def test_a_cost_that_only_billed_cost_lacks_is_refused(load):
    content = "BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,BilledCost,EffectiveCost,BillingCurrency,ConsumedQuantity\n"
    result = load("focus", {"bill.csv": content + "2026-10-01,2026-10-01,2026-10-02,,5,USD,3\n"}, version="1")
    assert "1 x billed_cost fails the check" in result.reason


def test_a_line_with_neither_cost_nor_quantity_is_refused(load):
    content = (
        "BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,ServiceName\n2026-10-01,2026-10-01,2026-10-02,GPU Cloud\n"
    )
    result = load("focus", {"bill.csv": content}, version="1")
    assert "fails the check billed_cost is not null or consumed_quantity is not null" in result.reason


def test_a_free_price_must_end(load):
    content = (
        "card_id,provider,sku,unit,unit_price,currency,valid_from,valid_to\nfree,CoreWeave,*,IPs,0,USD,2026-01-01,\n"
    )
    result = load("reference", {"rate_cards.csv": content}, version="1")
    assert "1 x unit_price fails the check unit_price > 0 or valid_to is not null" in result.reason


def test_openai_buckets_line_items_and_currency(charges):
    """Two equal results are two charges; a comma in the model is none between model and class; what nobody knows keeps its cost."""
    total = sum(Decimal(str(line["amount"]["value"])) for line in OPENAI)
    assert charges.execute(
        "select sum(BilledCost), count(*), count(distinct x_ChargeId), min(BillingCurrency) from focus.cost_and_usage where x_Source = 'openai'"
    ).fetchone() == (total, 7, 7, "USD")
    assert charges.execute(
        "select SkuMeter, x_ModelId, x_BillingTokenClass, x_ProjectId from focus.cost_and_usage where x_Source = 'openai'"
        " group by all order by SkuMeter nulls first"
    ).fetchall() == [
        (None, None, None, None),
        ("ft:gpt-4o-2024-08-06:acme, inc::abc, output", "ft:gpt-4o-2024-08-06:acme, inc::abc", "output", "proj_abc"),
        ("gpt-5.4, cached input", "gpt-5.4", "cache_read", "proj_abc"),
        ("gpt-5.4, input", "gpt-5.4", "input", "proj_abc"),
        ("something new, per widget", None, None, "proj_abc"),
        ("whisper", "whisper-1", "input_audio_seconds", "proj_abc"),
    ]


def test_a_cost_of_openai_that_is_no_number_is_named(load):
    results = [OPENAI[0], OPENAI[0] | {"amount": {"value": "1,234.50", "currency": "usd"}}]
    bucket = {"object": "bucket", "start_time": 1793664000, "end_time": 1793750400, "results": results}
    result = load("openai", {"costs.json": json.dumps({"object": "page", "data": [bucket], "has_more": False})})
    assert result.outcome == "refused"
    assert "1 x amount_value is no amount of money (first in costs.json, row 2: 1,234.50" in result.reason
