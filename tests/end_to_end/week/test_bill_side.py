"""An Azure bill, seats and a log beside each other: month-long tiers, capacity by the hour, meters that nobody knows.

Every expected amount is worked out by hand from the lines below.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from warehouses import Warehouse, warehouse

from orchestration.landing.deliveries import land

MONTH = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
INPUT, OUTPUT = "gpt 4o 1120 Inp glbl Tokens", "gpt 4o 1120 Outp glbl Tokens"


def day(number: int) -> tuple[str, str]:
    return f"2026-10-{number:02d}T00:00:00Z", f"2026-10-{number + 1:02d}T00:00:00Z"


def charge(span: tuple[str, str], cost: str, quantity: int, unit: str, meter: str, **other: str) -> dict[str, object]:
    """A line of a FOCUS export; Azure's quantities are in single units whatever the unit says."""
    provider = other.get("provider", "Microsoft")
    return {
        "BilledCost": cost, "EffectiveCost": cost, "BillingCurrency": "USD", "ChargeCategory": "Usage",
        "BillingAccountId": provider, "BillingPeriodStart": MONTH[0], "BillingPeriodEnd": MONTH[1],
        "ChargePeriodStart": span[0], "ChargePeriodEnd": span[1], "ConsumedQuantity": quantity, "ConsumedUnit": unit,
        "ProviderName": provider, "InvoiceIssuerName": provider, "ServiceCategory": "AI and Machine Learning",
        "ServiceName": other.get("service", "Azure OpenAI"), "SubAccountId": "az-sub", "SkuMeter": meter,
    }  # fmt: skip


def call(identifier: str, at: str, tokens: tuple[int, int], team: str, **other: str) -> dict[str, object]:
    """A line of a request log; input tokens include cached ones, of which there are none."""
    line = {
        "requested_at": at, "request_id": identifier, "provider": "azure", "model": "gpt-4o", "usage_semantics": "inclusive",
        "input_tokens": tokens[0], "output_tokens": tokens[1], "service_tier": "standard", "project_id": "az-sub",
        "team": team, "status": "success",
    }  # fmt: skip
    return line | other


# The first million input tokens of the month cost 10, more cost 6 a million: 2 M for 16, 8 a million early and late.
CHARGES = [
    charge(day(2), "10", 1_000_000, "1K", INPUT),
    charge(day(2), "3", 500_000, "1K", INPUT),
    charge(day(5), "3", 500_000, "1K", INPUT),
    charge(day(5), "5", 100_000, "1K", OUTPUT),
    charge(day(3), "240", 240, "Hours", "Provisioned Managed Global Unit"),
    charge(day(6), "1", 10, "Units", "brand new thing"),
    charge(MONTH, "310", 10, "Seats", "Copilot Business", provider="GitHub", service="GitHub Copilot"),
]
CALLS = [
    call("early", "2026-10-02T10:10:00Z", (1_500_000, 0), "search"),
    call("late", "2026-10-05T11:10:00Z", (400_000, 100_000), "assist"),
    call("first-hour", "2026-10-03T01:10:00Z", (300, 100), "search", service_tier="provisioned"),
    call("second-hour", "2026-10-03T02:10:00Z", (50, 0), "assist", service_tier="provisioned"),
    call("spilled", "2026-10-03T02:20:00Z", (1000, 0), "assist"),
    call(
        "seat", "2026-10-04T02:20:00Z", (200_000, 1000), "assist",
        provider="anthropic", model="claude-sonnet-4-5", service_tier="subscription",
    ),
]  # fmt: skip
RATES = [
    {
        "provider_id": "azure", "model_pattern": "*", "token_class": "*", "discount_pct": 0, "accumulates": "month",
        "valid_from": "2026-10-01",
    }
]  # fmt: skip


def written(path: Path, lines: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


@pytest.fixture(scope="module")
def marts(week, tmp_path_factory) -> duckdb.DuckDBPyConnection:
    built: Warehouse = warehouse(tmp_path_factory.mktemp("bill-side"), week)
    folder = tmp_path_factory.mktemp("files")
    land("focus", [written(folder / "focus.csv", CHARGES)], settings=built.settings, feed="azure", version="1")
    land("request_log", [written(folder / "calls.csv", CALLS)], settings=built.settings, feed="azure")
    land(
        "reference", [written(folder / "contract_rates.csv", RATES)], settings=built.settings, feed="azure", version="1"
    )
    # published: so conservation and the other laws held
    assert built.night().version
    with duckdb.connect(str(built.marts), read_only=True) as con:
        yield con


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return [
        tuple(float(value) if isinstance(value, Decimal) else value for value in row)
        for row in con.execute(sql).fetchall()
    ]


def test_early_and_late_requests_of_a_month_pay_one_rate(marts):
    assert rows(
        marts,
        "select team_id, token_class, sum(effective_cost) from core.fct_cost_allocation"
        " where provider_id = 'azure' and method = 'billed_quantity' group by all order by all",
    ) == [
        ("assist", "input_uncached_text", 3.2),
        ("assist", "output_text", 5.0),
        ("search", "input_uncached_text", 12.0),
        (None, None, 0.8),
    ]


def test_what_was_not_logged_is_named_with_tokens_and_dollars(marts):
    assert rows(
        marts,
        "select day(charge_date), billing_token_class, billed_quantity, unmetered_quantity, over_metered_quantity, unmetered_cost"
        " from quality.billed_use_daily where provider_id = 'azure' order by all",
    ) == [
        (2, "input", 1_500_000, 75_000, 0, 0.65),
        (5, "input", 500_000, 25_000, 0, 0.15),
        (5, "output", 100_000, 0, 0, 0),
    ]


def test_an_hour_of_capacity_is_paid_by_what_it_served(marts):
    assert rows(
        marts,
        "select team_id, sum(effective_cost) from core.fct_cost_allocation"
        " where method = 'provisioned_by_tokens' group by all order by all",
    ) == [("assist", 10.0), ("search", 10.0), (None, 220.0)]
    assert rows(
        marts,
        "select model_id, fee_cost, used_fee_cost, provisioned_tokens, spill_over_tokens"
        " from unit_economics.provisioned_throughput_daily order by all",
    ) == [("gpt-4o", 20.0, 20.0, 450, 1000), ("none", 220.0, 0, None, None)]


def test_a_meter_that_nobody_knows_is_listed(marts):
    assert rows(
        marts,
        "select meter, reason, effective_cost from quality.unmapped_bill_lines where service_name = 'Azure OpenAI'",
    ) == [("brand new thing", "meter_unknown", 1.0)]


def test_a_seat_is_paid_and_its_use_is_imputed(marts):
    # 200,000 input tokens at 3 a million (no more are sold), 1,000 output tokens at 15 a million
    assert rows(
        marts,
        "select cost_basis, billed_cost, imputed_list_cost from unit_economics.ai_tools_daily"
        " where usage_date = '2026-10-04' order by all",
    ) == [("billed", 10.0, None), ("imputed", None, 0.615)]
    assert rows(
        marts,
        "select count(*) from core.fct_cost_allocation"
        " where provider_id = 'anthropic' and usage_date = '2026-10-04' and team_id = 'assist' and effective_cost > 0.6",
    ) == [(0,)]
