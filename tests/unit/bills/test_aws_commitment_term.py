"""B1, B2, B3: over the term of a commitment its effective cost is its billed cost, whether the report is net or gross."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest

from tests.built_models import build_from_files, run_dbt
from tests.unit.bills import aws_year
from tests.unit.bills.aws_year import DISCOUNT, FULL_PLAN, HALF_PLAN, RESERVATION, Year

TOLERANCE = Decimal("0.000001")
PAYERS = {"111111111111": 1 - DISCOUNT, "999999999999": Decimal(1)}
# Tests that would stop a night; the year has to pass them whole.
NIGHTLY = ("assert_effective_cost_of_aws_usage_equals_its_parts", "assert_charges_hold_together")
BOTH = pytest.mark.parametrize(("payer", "factor"), PAYERS.items(), ids=("net", "gross"))


@pytest.fixture(scope="module")
def year() -> Year:
    return aws_year.year()


@pytest.fixture(scope="module")
def charges(year, tmp_path_factory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("aws-year")
    deliveries = [
        ("aws_cur", payer, aws_year.write(folder / f"{payer}.csv", payer, year.lines, net=factor != 1))
        for payer, factor in PAYERS.items()
    ]
    database = build_from_files(folder, deliveries, [f"+{test}" for test in NIGHTLY], as_of=datetime(2026, 11, 21))
    run_dbt(database, "test", NIGHTLY)
    con = duckdb.connect(str(database))
    con.execute("create table charges as from focus.focus_aws_cur__charges")
    return con


def total(charges, measure: str, condition: str) -> Decimal:
    return charges.execute(f"select coalesce(sum({measure}), 0) from charges where {condition}").fetchone()[0]


@BOTH
@pytest.mark.parametrize("commitment", [HALF_PLAN, FULL_PLAN, RESERVATION])
def test_b1_effective_over_the_term_is_billed_over_the_term(charges, year, payer, factor, commitment):
    of_it = f"BillingAccountId = '{payer}' and CommitmentDiscountId = '{commitment}'"
    paid = year.paid[commitment] * factor
    assert abs(total(charges, "BilledCost", of_it) - paid) <= TOLERANCE
    assert abs(total(charges, "EffectiveCost", of_it) - paid) <= TOLERANCE
    assert total(charges, "EffectiveCost", f"{of_it} and ChargeCategory = 'Purchase'") == 0
    assert total(charges, "BilledCost", f"{of_it} and ChargeCategory = 'Usage'") == 0


@BOTH
@pytest.mark.parametrize("commitment", [HALF_PLAN, FULL_PLAN, RESERVATION])
def test_b2_what_nothing_used_is_a_charge_of_its_own_with_its_buyer(charges, year, payer, factor, commitment):
    unused = f"BillingAccountId = '{payer}' and CommitmentDiscountId = '{commitment}' and CommitmentDiscountStatus = 'Unused'"
    assert abs(total(charges, "EffectiveCost", unused) - year.unused[commitment] * factor) <= TOLERANCE
    assert charges.execute(
        f"select distinct ChargeCategory, SubAccountId, ResourceId from charges where {unused}"
    ).fetchall() == [("Usage", "222222222222", commitment)]


@BOTH
def test_b1_the_whole_year_is_billed_what_it_costs(charges, year, payer, factor):
    # the gross report has its discount as lines of its own, worth 9 % of everything charged
    invoiced = (sum(year.paid.values()) + year.other) * (1 - DISCOUNT)
    of_payer = f"BillingAccountId = '{payer}'"
    assert abs(total(charges, "BilledCost", of_payer) - invoiced) <= TOLERANCE
    assert abs(total(charges, "EffectiveCost", of_payer) - invoiced) <= TOLERANCE


@BOTH
def test_b3_negations_add_no_quantity(charges, year, payer, factor):
    of_payer = f"BillingAccountId = '{payer}'"
    assert total(charges, "ConsumedQuantity", of_payer) == year.used_hours
    assert total(charges, "ConsumedQuantity", f"{of_payer} and ChargeCategory <> 'Usage'") == 0


@pytest.mark.parametrize("kind", ["List", "Contracted"])
def test_price_times_quantity_is_the_cost(charges, kind):
    off = f"abs({kind}UnitPrice * cast(PricingQuantity as double) - {kind}Cost) > 0.000001"
    found = charges.execute(f"select count({kind}UnitPrice), count(*) filter (where {off}) from charges").fetchone()
    assert found[0] > 10_000
    assert found[1] == 0


def test_a_term_that_ends_years_ahead_is_cash_of_the_month_that_bills_it(charges):
    ends = charges.execute(
        "select distinct ChargePeriodEnd from charges where ChargeFrequency = 'One-Time' and ChargeCategory = 'Purchase'"
    )
    assert ends.fetchall() == [(datetime(2025, 12, 1),)]
    months = charges.execute(
        "select count(*) from charges where ChargePeriodEnd > BillingPeriodEnd or ChargePeriodEnd <= ChargePeriodStart"
    )
    assert months.fetchone() == (0,)
