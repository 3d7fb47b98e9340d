"""Days that depend on others because a commitment spans them."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

from orchestration.lake import dirty_days
from orchestration.lake.catalog import Lake
from orchestration.lake.commitment_days import CommitmentSpan, commitment_spans, depending_days, ended
from orchestration.landing.connection import connect
from orchestration.landing.schema import load_schemas

QUARTER = CommitmentSpan(
    "c", date(2026, 1, 1), date(2026, 3, 31), frozenset({date(2026, 1, 31), date(2026, 3, 31)}), carries=False
)
KNOWN = ["2026-01-10", "2026-01-31", "2026-02-20", "2026-03-31", "2026-04-01"]


def test_the_last_days_of_amounts_change_with_any_day_before():
    assert depending_days([QUARTER], {"2026-01-10"}, KNOWN) == {"2026-01-31", "2026-03-31"}
    assert depending_days([QUARTER], {"2026-02-20"}, KNOWN) == {"2026-03-31"}
    assert depending_days([QUARTER], {"2026-04-01"}, KNOWN) == set()


def test_where_use_is_set_off_every_later_day_changes():
    carrying = CommitmentSpan("c", QUARTER.first, QUARTER.last, QUARTER.last_days, carries=True)
    assert depending_days([carrying], {"2026-01-31"}, KNOWN) == {"2026-01-31", "2026-02-20", "2026-03-31"}


def test_an_amount_is_over_once_bills_have_had_their_days():
    assert ended([QUARTER], datetime(2026, 2, 1), 1)["2026-01-31"] == ["commitments/c:False"]
    assert ended([QUARTER], datetime(2026, 2, 2), 1)["2026-01-31"] == ["commitments/c:True"]


def test_a_term_that_ends_changes_its_last_day_without_any_delivery(own_schemas):
    header = "contract_id,kind,currency,committed_amount,valid_from,valid_to\n"
    own_schemas.deliver("reference", header + "c,prepaid_credit,USD,5,2026-01-01,2026-02-11\n", "commitments.csv")
    bill = "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,BillingPeriodEnd,ProviderName,BillingAccountId,ChargeCategory\n"
    days = ("2026-02-09", "2026-02-10", "2026-02-11")
    bill += "".join(f"1,1,USD,{day},{day}T12:00:00Z,2026-02-01,2026-03-01,V,a,Usage\n" for day in days)
    own_schemas.deliver("focus", bill, "focus.csv")
    clocks = [datetime(2026, 2, day) for day in range(11, 16)]
    seen = [dirty_days.fingerprints(own_schemas.settings, as_of=clock) for clock in clocks]
    changed = [{day for day in one if one[day] != next_one[day]} for one, next_one in pairwise(seen)]
    assert set().union(*changed) == {"2026-02-10"}


def test_each_day_of_a_capacity_block_depends_on_the_day_of_its_fee(own_schemas):
    columns = "contract_id,kind,currency,committed_quantity,valid_from,valid_to\n"
    own_schemas.deliver("reference", columns + "cr-1,Capacity Block,USD,48,2026-02-09,2026-02-11\n", "commitments.csv")
    settings = own_schemas.settings
    with connect(settings) as con:
        spans = commitment_spans(con, Lake(settings), load_schemas(settings.project_dir)["commitments"])
    days = ["2026-02-08", "2026-02-09", "2026-02-10", "2026-02-11"]
    assert depending_days(spans, {"2026-02-09"}, days) == {"2026-02-09", "2026-02-10"}
