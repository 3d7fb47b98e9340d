"""Anthropic's cost reports as charges."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.bills.anthropic_bills import CONSOLE, CONSOLE_TOTAL, OLDER, bucket, cost, group, page

CHARGES = "from focus.cost_and_usage where x_Source = 'anthropic'"


def test_t20_cents_are_dollars_to_the_last_place(charges):
    assert sum(Decimal(str(line["amount"])) for line in CONSOLE) / 100 == Decimal(CONSOLE_TOTAL)
    assert charges.execute(f"select sum(BilledCost) {CHARGES} and x_Feed = 'console'").fetchone() == (
        Decimal(CONSOLE_TOTAL),
    )


def test_token_types_tools_and_workspaces_are_named(charges):
    assert charges.execute(
        "select SkuMeter, SubAccountId, x_ModelId, x_BillingTokenClass, x_TokenCacheAction, x_ServiceTier, x_MeterScope, ListCost"
        f" {CHARGES} and x_Feed = 'console' order by SkuMeter"
    ).fetchall() == [
        ("Claude Opus 4.8 Usage - Cache Write", "wrkspc_01", "claude-opus-4-8", "cache_write", "Write", "standard", "anthropic", None),
        ("Claude Opus 4.8 Usage - Input Tokens", "wrkspc_01", "claude-opus-4-8", "input", "Uncached", "standard", "anthropic", None),
        ("Claude Opus 4.8 Usage - Output Tokens", "wrkspc_01", "claude-opus-4-8", "output", None, "batch", "anthropic", None),
        ("Code Execution Usage", "default", None, "code_executions", None, None, "anthropic", None),
        ("Managed Agents Session Usage", "default", None, "other", None, None, None, None),
        ("Web Search Usage", "default", None, "web_searches", None, None, "anthropic", None),
    ]  # fmt: skip


def test_enterprise_cost_is_billed_after_and_listed_before_discounts(charges):
    found = charges.execute(
        "select x_Feed, ServiceName, x_AiScope, SubAccountId, SubAccountType, BilledCost, ListCost"
        f" {CHARGES} and x_Feed <> 'console' order by BilledCost"
    ).fetchall()
    assert [tuple(float(one) if isinstance(one, Decimal) else one for one in line) for line in found] == [
        ("enterprise-older", "Claude Enterprise", "ai_tools", "chat", "Product", 0.1025, 0.205),
        ("enterprise", "Claude Enterprise", "ai_tools", None, None, 0.995, 1),
        ("enterprise", "Claude Enterprise", "ai_tools", "claude_code", "Product", 9.005, 10),
    ]


def test_report_by_overlapping_groups_is_refused(load):
    by_group = [bucket(3, [OLDER[0] | {"rbac_group_id": "rbac_group_1"}, OLDER[0]])]
    result = load("anthropic", {"analytics.json": page(by_group)})
    assert result.outcome == "refused"
    assert "1 x rbac_group_id fails the check rbac_group_id is null" in result.reason


def test_period_of_several_days_is_refused(load):
    result = load("anthropic", {"analytics.json": page([group("1", "1") | {"ending_at": "2026-11-30T00:00:00Z"}])})
    assert "1 x ending_at fails the check" in result.reason


def test_capped_groups_are_warned_of(load):
    result = load("anthropic", {"analytics.json": page([group("1", "1", model=f"m{number}") for number in range(100)])})
    assert result.loaded == 100
    assert "1 bucket(s) have 100 groups or more: the vendor leaves out what is beyond" in str(result.warnings)


def test_amount_that_is_no_number_is_named(load):
    result = load("anthropic", {"cost.json": page([bucket(3, [cost("1.5"), cost("$1.5")])])})
    assert result.outcome == "refused"
    assert "1 x amount is no amount of money (first in cost.json, row 2: $1.5" in result.reason
