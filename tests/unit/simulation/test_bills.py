"""Bills add up to invoices by the vendors' own rules, read back from the delivered files."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from decimal import Decimal

import pytest


def _rows(path) -> list[dict]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _latest(entries, month: str) -> list[dict]:
    """Rows of the newest delivery whose file is of the month."""
    return _rows([p for e in entries for p in e["paths"] if month in p.name][-1])


def _invoices(delivered) -> list[dict]:
    return [row for path in delivered("accounting")[-1]["paths"] if path.name == "invoices.csv" for row in _rows(path)]


def _total(rows, column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))


@pytest.mark.parametrize("month", ["2026-08", "2026-09"])
def test_aws_net_lines_are_the_invoices(delivered, month):
    rows = _latest(delivered("aws_cur"), month)
    invoiced = [
        i
        for i in _invoices(delivered)
        if i["invoice_issuer_name"].startswith("Amazon") and i["billing_period_start"].startswith(month)
    ]
    assert len(invoiced) == (1 if month == "2026-08" else 2)
    assert abs(_total(rows, "line_item_net_unblended_cost") - sum(Decimal(i["total"]) for i in invoiced)) < Decimal(
        "0.05"
    )
    assert {row["bill_invoice_id"] for row in rows} == {i["invoice_id"] for i in invoiced}


def test_savings_plan_covers_negates_and_leaves_a_rest(delivered):
    rows = _latest(delivered("aws_cur"), "2026-08")
    by_type = defaultdict(list)
    for row in rows:
        by_type[row["line_item_line_item_type"]].append(row)
    covered, negated, fees = (
        by_type[k] for k in ("SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee")
    )
    assert _total(covered, "line_item_net_unblended_cost") == -_total(negated, "line_item_net_unblended_cost") > 0
    assert len(fees) == 31 * 24
    used = _total(covered, "savings_plan_savings_plan_effective_cost")
    assert used == _total(fees, "savings_plan_used_commitment") < _total(fees, "savings_plan_total_commitment_to_date")
    # 9 % private discount, on the plan too
    assert abs(_total(covered, "savings_plan_net_savings_plan_effective_cost") - used * Decimal("0.91")) < Decimal(
        "0.001"
    )
    assert abs(
        _total(fees, "line_item_net_unblended_cost")
        - _total(fees, "savings_plan_total_commitment_to_date") * Decimal("0.91")
    ) < Decimal("0.001")


def test_aws_restatement_changes_two_days_only(delivered):
    versions = [p for e in delivered("aws_cur") for p in e["paths"] if "2026-09" in p.name]
    assert len(versions) == 2
    before, after = (defaultdict(Decimal), defaultdict(Decimal))
    for sums, path in ((before, versions[0]), (after, versions[1])):
        for row in _rows(path):
            sums[row["line_item_usage_start_date"][:10]] += Decimal(row["line_item_net_unblended_cost"])
    assert {day for day in before | after if before[day] != after[day]} == {"2026-09-11", "2026-09-12"}
    assert sum(after.values()) < sum(before.values())


def test_aws_has_every_kind_of_line(delivered):
    rows = _latest(delivered("aws_cur"), "2026-08") + _latest(delivered("aws_cur"), "2026-09")
    assert {row["line_item_line_item_type"] for row in rows} == {
        "Usage",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
        "Tax",
        "Fee",
        "Credit",
        "Refund",
    }
    bedrock = [row for row in rows if row["line_item_product_code"].startswith("AmazonBedrock")]
    assert {row["line_item_product_code"] for row in bedrock} == {"AmazonBedrock", "AmazonBedrockService"}
    assert {row["pricing_unit"] for row in bedrock} == {"1K tokens", "1M tokens"}
    assert all(
        "application-inference-profile" in row["line_item_resource_id"] and row["line_item_iam_principal"]
        for row in bedrock
    )
    for column in ("resource_tags", "product", "discount"):
        assert all(isinstance(json.loads(row[column]), dict) for row in rows[:500])
    partial = [r for r in rows if r["product_instance_type"] and 0 < Decimal(r["line_item_usage_amount"]) < 1]
    assert partial, "nodes start and stop within the hour"


def test_bedrock_price_is_list_less_nine_percent(delivered):
    rows = [
        r
        for r in _latest(delivered("aws_cur"), "2026-08")
        if r["line_item_usage_type"] == "USE1-Claude4.5Sonnet-input-tokens"
    ]
    assert rows
    for row in rows:  # 3.30 USD per million in the US routing
        assert Decimal(row["line_item_net_unblended_cost"]) == Decimal(row["line_item_usage_amount"]) * Decimal(
            "0.003003"
        )


def test_northgrid_reservation_is_used_or_unused(delivered):
    rows = _latest(delivered("focus", "northgrid"), "2026-08")
    assert _total(rows, "BilledCost") == _total(rows, "EffectiveCost")
    assert {r["BillingCurrency"] for r in rows} == {"EUR"}
    unused = [r for r in rows if r["CommitmentDiscountStatus"] == "Unused"]
    assert unused
    assert all(not r["ResourceId"] and Decimal(r["BilledCost"]) == 0 for r in unused)
    purchase = [r for r in rows if r["ChargeCategory"] == "Purchase"]
    assert len(purchase) == 1
    assert Decimal(purchase[0]["EffectiveCost"]) == 0


def test_northgrid_september_differs_by_the_credit_its_export_lacks(delivered):
    rows = _latest(delivered("focus", "northgrid"), "2026-09")
    invoice = next(
        i
        for i in _invoices(delivered)
        if i["invoice_issuer_name"].startswith("North") and i["billing_period_start"] == "2026-09-01"
    )
    assert Decimal(invoice["total"]) - _total(rows, "BilledCost") == Decimal(invoice["credit"]) == Decimal("-630.00")
    october = _latest(delivered("focus", "northgrid"), "2026-10")
    assert [Decimal(r["BilledCost"]) for r in october if r["ChargeCategory"] == "Credit"] == [Decimal("-630.00")]


def test_anthropic_is_prepaid(delivered):
    rows = _latest(delivered("focus", "anthropic"), "2026-08")
    purchase, usage = ([r for r in rows if r["ChargeCategory"] == kind] for kind in ("Purchase", "Usage"))
    invoice = next(
        i
        for i in _invoices(delivered)
        if i["invoice_issuer_name"].startswith("Anthropic") and i["billing_period_start"] == "2026-08-01"
    )
    assert _total(purchase, "BilledCost") == Decimal(invoice["total"])
    assert _total(purchase, "EffectiveCost") == 0
    assert _total(usage, "BilledCost") == 0 < _total(usage, "EffectiveCost") <= _total(purchase, "BilledCost")
    for row in usage:
        details = json.loads(row["SkuPriceDetails"])
        assert details["TokenDirection"] in ("Input", "Output")
        assert abs(
            Decimal(row["EffectiveCost"]) - Decimal(row["PricingQuantity"]) * Decimal(row["ContractedUnitPrice"])
        ) < Decimal("1e-9")


def _openai_costs(entries) -> dict[tuple, tuple[Decimal, int]]:
    """Lines by (day, project, line item): a later pull replaces the days of its window."""
    lines: dict[tuple, tuple[Decimal, int]] = {}
    for entry in entries:
        seen = set()
        for path in sorted(p for p in entry["paths"] if p.name.startswith("costs")):
            page = json.loads(path.read_text(), parse_float=Decimal)
            for bucket in page["data"]:
                if bucket["start_time"] not in seen:
                    seen.add(bucket["start_time"])
                    lines = {k: v for k, v in lines.items() if k[0] != bucket["start_time"]}
                for r in bucket["results"]:
                    key = (bucket["start_time"], r["project_id"], r["line_item"])
                    assert key not in lines
                    lines[key] = (Decimal(r["amount"]["value"]), r["quantity"])
    return lines


def test_openai_lines_cost_the_contract_price(delivered):
    lines = _openai_costs(delivered("openai"))
    # gpt-5.4-mini: list 0.75, 0.075 and 4.50 USD per million; 8 % off, 10 % from October
    list_price = {"input": "0.00000075", "cached input": "0.000000075", "output": "0.0000045"}
    checked = 0
    for (start, _, item), (amount, tokens) in lines.items():
        model, label = item.rsplit(", ", 1)
        if model.startswith("gpt-5.4-mini"):
            factor = Decimal("0.92") if start < 1_790_812_800 else Decimal("0.90")  # 2026-10-01
            assert amount == tokens * Decimal(list_price[label]) * factor
            checked += 1
    assert checked > 100


def test_openai_last_day_of_a_pull_is_restated(delivered):
    early, late = delivered("openai")[-2:]
    lines_early, lines_late = _openai_costs([early]), _openai_costs([late])
    changed = {k[0] for k in lines_early.keys() & lines_late.keys() if lines_early[k] != lines_late[k]}
    assert len(changed) == 1
    assert max(k[0] for k in lines_early) in changed


def test_openai_price_change_of_the_21st_of_august(delivered):
    unit = {}
    for (start, project, item), (amount, tokens) in _openai_costs(delivered("openai")).items():
        if item == "gpt-5.6-sol-2026-07-09, cache write" and project == "proj_assistant-staging":
            unit[start] = amount / tokens
    change = 1_787_270_400  # 2026-08-21
    assert {v for k, v in unit.items() if k < change} == {Decimal("0.00000575")}
    assert {v for k, v in unit.items() if change <= k < 1_790_812_800} == {Decimal("0.0000046")}


def test_tokens_on_the_bill_are_metered_plus_unmetered(delivered, truth, world):
    rows = truth("truth_unmetered.parquet")
    assert all(row["billed_tokens"] >= row["metered_tokens"] >= 0 for row in rows)
    billed = {}
    for row in rows:
        if row["provider_id"] == "openai":
            key = (row["usage_date"].isoformat(), row["project"])
            billed[key] = billed.get(key, 0) + int(row["billed_tokens"])
    from datetime import UTC, datetime

    on_bill: dict[tuple, int] = {}
    for (start, project, _), (_, tokens) in _openai_costs(delivered("openai")).items():
        key = (datetime.fromtimestamp(start, UTC).date().isoformat(), project)
        on_bill[key] = on_bill.get(key, 0) + tokens
    assert billed == on_bill
    direct = [row for row in rows if row["project"] == "proj_playground"]
    assert direct
    assert all(row["metered_tokens"] == 0 for row in direct)
    share = 1 - sum(r["metered_tokens"] for r in rows) / sum(r["billed_tokens"] for r in rows)
    assert Decimal("0.01") < share < Decimal("0.08")


def test_truth_totals_are_the_bills(delivered, truth):
    for row in truth("truth_totals.parquet"):
        if row["invoice_issuer_name"].startswith("Amazon"):
            rows = _latest(delivered("aws_cur"), row["billing_month"])
            assert _total(rows, "line_item_net_unblended_cost") == row["billed_cost"]
        elif not row["invoice_issuer_name"].startswith("OpenAI"):
            feed = "northgrid" if row["invoice_issuer_name"].startswith("North") else "anthropic"
            rows = _latest(delivered("focus", feed), row["billing_month"])
            assert _total(rows, "BilledCost") == row["billed_cost"]
            assert _total(rows, "EffectiveCost") == row["effective_cost"]
