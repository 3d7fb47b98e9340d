"""Balances of commitments through the project's own SQL: the prepayment example of the FOCUS 1.5 draft, and a bill without drawdowns."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, raw_tables, run_dbt

SHARED = Path(os.environ.get("AI_FINOPS_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
PREPAYMENT = SHARED / "focus_ai_draft_1_5" / "drawdown_via_prepayment_ai_model_api.csv"
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")
CONTRACT = "subscription:aaaa/provider/solora-ai/tokens/1111"

HEADER = (
    "contract_id,kind,currency,committed_amount,match_field,match_value,purchase,drawdown,valid_from,valid_to,fulfilment,"
    "committed_quantity,quantity_unit\n"
)
DATASET = (
    "ContractCommitmentId,ContractCommitmentType,ContractCommitmentCategory,ContractCommitmentCost,BillingCurrency,"
    "ContractCommitmentPeriodStart,ContractCommitmentPeriodEnd,InvoiceIssuerName\n"
    f"{CONTRACT},Prepaid tokens,Spend,500000.00,USD,2025-05-01T00:00:00Z,2026-05-01T00:00:00Z,Solora AI\n"
)
BILL = (
    "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,BillingPeriodEnd,"
    "InvoiceIssuerName,ServiceProviderName,BillingAccountId,ChargeCategory,ServiceName\n"
)


# Commitments as a bill in FOCUS shows them: bought and effective 0, used and billed 0, what the vendor says nobody used.
COMMITTED = BILL.replace(
    "\n", ",CommitmentDiscountId,CommitmentDiscountStatus,CommitmentDiscountQuantity,CommitmentDiscountUnit\n"
)


def committed(contract: str, day: str, billed: str, effective: str, status: str = "", hours: str = "") -> str:
    category = "Usage" if status else "Purchase"
    month = day[:7]
    return (
        f"{billed},{effective},USD,{day},{day}T23:00:00Z,{month}-01,{month}-28,Northgrid,Northgrid,{contract},{category},GPU Cloud,"
        f"{contract},{status},{hours},{'Hours' if hours else ''}\n"
    )


def used(account: str, day: str, cost: str, vendor: str = "Vendor") -> str:
    month = day[:7]
    return f"{cost},{cost},USD,{day},{day}T23:00:00Z,{month}-01,{month}-28,{vendor},{vendor},{account},Usage,API\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The contracts built once, on the 10th of May 2026, as an open connection."""
    folder = tmp_path_factory.mktemp("balances")
    settings = Settings.from_env(folder / "home")
    bill = BILL + used("card", "2026-03-05", "70") + used("card", "2026-03-06", "50")
    bill += used("agreed", "2026-04-15", "100") + used("agreed", "2026-05-05", "200") + used("other", "2026-05-09", "1")
    # a vendor that is late: 10 a day until the 20th of April, of which it has said 4 so far
    bill += "".join(used("late", f"2026-04-{day:02d}", "10", "Late Vendor") for day in range(1, 20))
    bill += used("late", "2026-04-20", "4", "Late Vendor")
    contracts = (
        HEADER + "card,prepaid_credit,USD,100,billing_account_id,card,declared,derived,2026-03-01,2027-03-01,,,\n"
    )
    contracts += "late,prepaid_credit,USD,1000,billing_account_id,late,declared,derived,2026-04-01,2026-07-01,,,\n"
    contracts += "promise,enterprise_agreement,USD,1000,billing_account_id,agreed,,,2026-04-06,2026-07-05,,,\n"
    contracts += "grid,take_or_pay,USD,1000,,,billed,billed,2026-03-01,2026-12-01,month,,\n"
    contracts += "units,provisioned_throughput,USD,720,,,billed,billed,2026-04-01,2026-05-01,,720,Hours\n"
    # 1,000 a month, whatever is used: March's bill says 200 of it idle and is silent about 100, April's is used up, May has begun
    held = COMMITTED
    held += committed("grid", "2026-03-01", "1000", "0") + committed("grid", "2026-03-02", "0", "700", "Used")
    held += committed("grid", "2026-03-31", "0", "200", "Unused") + committed("grid", "2026-04-01", "1000", "0")
    held += committed("grid", "2026-04-01", "0", "1000", "Used") + committed("grid", "2026-05-01", "1000", "0")
    held += "".join(committed("grid", f"2026-05-0{day}", "0", "30", "Used") for day in (3, 4, 9))
    # a month of capacity at 1 an hour, of which 480 hours served something
    held += committed("units", "2026-04-01", "720", "0")
    held += "".join(committed("units", f"2026-04-{day:02d}", "0", "24", "Used", "24") for day in range(1, 21))
    files = {"focus": [("bill.csv", bill), ("held.csv", held)], "reference": [("commitments.csv", contracts)]}
    if PREPAYMENT.exists():
        files["focus"].append(("draft.csv", PREPAYMENT.read_text()))
        files["reference"].append(("contract_commitments.csv", DATASET))
    for source, named in files.items():
        for name, content in named:
            path = folder / name
            path.write_text(content)
            land(source, [path], feed=path.stem, settings=settings)
    assert {result.outcome for result in load_pending(settings, as_of=datetime(2026, 5, 10))} == {"loaded"}
    database = build_file(folder)
    raw_tables(settings, database)
    clock = ["--vars", "{as_of: '2026-05-10T00:00:00'}"]
    run_dbt(database, "build", ["+commitment_balance_monthly", "+cost_and_usage"], *NO_TESTS, *clock)
    with duckdb.connect(str(database), read_only=True) as con:
        yield con


def balances(con, contract: str) -> list[tuple]:
    return con.execute(
        "select strftime(balance_month, '%Y-%m'), opening_balance, purchased, drawn, expired, closing_balance"
        " from accountability.commitment_balance_monthly where contract_id = ? order by 1",
        [contract],
    ).fetchall()


def totals(con, account: str) -> tuple[Decimal, Decimal]:
    return con.execute(
        "select sum(BilledCost), sum(EffectiveCost) from focus.cost_and_usage where BillingAccountId = ?", [account]
    ).fetchone()


def added(con, contract: str) -> list[tuple]:
    return con.execute(
        "select x_ChargeDate::varchar, ChargeCategory, CommitmentDiscountStatus, BilledCost, EffectiveCost, BillingAccountId"
        " from focus.cost_and_usage where x_Source = 'commitments' and x_Feed = ? order by 1, 2",
        [contract],
    ).fetchall()


@pytest.mark.skipif(
    not PREPAYMENT.exists(), reason=f"{PREPAYMENT} is not there; AI_FINOPS_SHARED_DATA says where shared data is"
)
def test_b1_the_drafts_prepayment_is_effective_as_drawn_and_lapses_with_its_buyer(built):
    """500,000 bought for a year, 20 + 30 drawn in its first month; when the year is over the rest lapses: effective = billed."""
    months = balances(built, CONTRACT)
    assert months[0] == ("2025-05", 0, 500_000, 50, 0, 499_950)
    assert months[1:11] == [
        (f"{2025 + month // 12}-{month % 12 + 1:02}", 499_950, 0, 0, 0, 499_950) for month in range(5, 15)
    ]
    assert months[11:] == [("2026-04", 499_950, 0, 0, 499_950, 0)]
    assert added(built, CONTRACT) == [("2026-04-30", "Usage", "Unused", 0, 499_950, "acct-1001")]
    assert totals(built, "acct-1001") == (500_000, 500_000)
    assert built.execute(
        "select kind, committed_amount, used_to_date, shortfall, invoice_issuer_name from accountability.commitment_balance_monthly"
        " where contract_id = ? and balance_month = '2025-05-01'",
        [CONTRACT],
    ).fetchone() == ("prepaid_credit", 500_000, 50, 499_950, "Solora AI")


def test_a_bill_that_charges_prepaid_use_in_full_is_set_off(built):
    """100 bought by card: 70 used, then 50 of which 30 were there. Billed: 100 in cash and 20 that went past the balance."""
    assert balances(built, "card")[0] == ("2026-03", 0, 100, 100, 0, 0)
    assert added(built, "card") == [
        ("2026-03-01", "Purchase", None, 100, 0, "card"),
        ("2026-03-05", "Adjustment", None, -70, 0, "card"),
        ("2026-03-06", "Adjustment", None, -30, 0, "card"),
    ]
    assert totals(built, "card") == (120, 120)


def test_a_promise_to_spend_adds_no_charge_and_shows_what_will_be_missing(built):
    """1,000 promised for a quarter, 300 spent in the last 30 whole days: 10 a day, and at that pace 570 of the other 700 in the 57 days left.
    The vendor's newest day, the 9th, still fills."""
    assert added(built, "promise") == []
    assert totals(built, "agreed") == (300, 300)
    assert built.execute(
        "select opening_balance, drawn, closing_balance, shortfall, daily_drawn, days_to_exhaustion, projected_breakage"
        " from accountability.commitment_balance_monthly where contract_id = 'promise' order by balance_month"
    ).fetchall()[1:] == [(900, 200, 700, 700, 10, 70, 130)]


def test_b25_a_projection_stops_at_what_is_known_of_its_own_vendor(built):
    """Whole days: 19 of 10. At 10 a day the 810 left before the 20th of April last 81 days, and 720 go by July. Others' bills that reach to
    May say nothing of this one, and a day that has 4 so far is no day of 4."""
    assert built.execute(
        "select strftime(balance_month, '%Y-%m'), known_until::varchar, closing_balance, daily_drawn, days_to_exhaustion, projected_breakage"
        " from accountability.commitment_balance_monthly where contract_id = 'late' order by 1"
    ).fetchall() == [
        ("2026-04", "2026-04-20", 806, 10, 81, 90),
        ("2026-05", "2026-04-20", 806, 10, 81, 90),
    ]


def test_what_a_neocloud_is_paid_whether_used_or_not_lapses_with_its_month(built):
    """2 a day over the last 30 whole days, to the 8th: of the 940 left then, the 23 days of May take 46; the other 894 end with May and not
    with the contract. What the 9th drew is in the balance and not in the pace: the day still fills."""
    assert balances(built, "grid") == [
        ("2026-03", 0, 1000, 700, 300, 0),
        ("2026-04", 0, 1000, 1000, 0, 0),
        ("2026-05", 0, 1000, 90, 0, 910),
    ]
    assert added(built, "grid") == [("2026-03-31", "Usage", "Unused", 0, 100, "grid")]
    assert built.execute(
        "select kind, committed_amount, shortfall, daily_drawn, days_to_exhaustion, projected_breakage"
        " from accountability.commitment_balance_monthly where contract_id = 'grid' and balance_month = '2026-05-01'"
    ).fetchone() == ("take_or_pay", 1000, 910, 2, 470, 894)


def test_provisioned_throughput_has_hours_beside_dollars(built):
    assert balances(built, "units") == [("2026-04", 0, 720, 480, 240, 0)]
    assert built.execute(
        "select kind, committed_quantity, used_quantity_to_date, quantity_unit, shortfall, projected_breakage"
        " from accountability.commitment_balance_monthly where contract_id = 'units'"
    ).fetchone() == ("provisioned_throughput", 720, 480, "Hours", 240, 0)
    assert totals(built, "units") == (720, 720)
