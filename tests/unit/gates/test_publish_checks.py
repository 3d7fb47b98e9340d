"""Publish checks on tables made for them."""

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from orchestration.gates.publish_checks import Context, closed_periods_stand, unpriced_requests_share
from orchestration.gates.thresholds import Threshold, Thresholds
from orchestration.publishing.catalog import PublishedModel

AS_OF = datetime(2026, 11, 5, 6)
BILLS = PublishedModel("accountability", "bills_daily", "table", "charge_date", history={"name": "bill_beliefs_daily"})


@pytest.fixture
def beliefs():
    """Marts in which this run changed a closed month by 2 dollars and 5 euros, an open one by 100, and an earlier run a closed one by 7."""
    con = duckdb.connect()
    con.execute("attach ':memory:' as marts; create schema marts.accountability")
    con.execute(
        """
        create table marts.accountability.bill_beliefs_daily as
        select * from (values
            (timestamp '2026-11-05 06:00', 'billed_closed', 'USD', date '2026-09-01', 12::decimal(38, 12), 10::decimal(38, 12)),
            (timestamp '2026-11-05 06:00', 'billed_closed', 'EUR', date '2026-09-30', 1, 6),
            (timestamp '2026-11-05 06:00', 'billed_open', 'USD', date '2026-10-30', 200, 100),
            (timestamp '2026-11-05 06:00', 'billed_closed', 'USD', date '2026-09-02', 4, 4),
            (timestamp '2026-11-01 06:00', 'billed_closed', 'USD', date '2026-09-03', 7, 0)
        ) as rows (known_from, previous_cost_status, billing_currency, charge_date, billed_cost, previous_billed_cost)
        """
    )
    con.execute(
        """
        alter table marts.accountability.bill_beliefs_daily add column effective_cost decimal(38, 12) default 1;
        alter table marts.accountability.bill_beliefs_daily add column previous_effective_cost decimal(38, 12) default 1
        """
    )
    return con


def found(con, limit: str, severity: str):
    thresholds = Thresholds({("closed_periods_stand", "*"): Threshold(Decimal(limit), severity)})
    return closed_periods_stand(Context(con, [BILLS], thresholds, AS_OF, True, [date(2026, 9, 1)], {}))


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_a_changed_closed_period_is_named_by_currency_and_as_serious_as_the_seed_says(beliefs, severity):
    finding = found(beliefs, "0", severity)
    assert (finding.failed, finding.rows, finding.dollars, finding.severity) == (True, 2, Decimal(5), severity)
    assert finding.message == (
        "bills of closed periods changed: EUR 5.00 billed and 0.00 effective, charges of 2026-09-30 to 2026-09-30; "
        "USD 2.00 billed and 0.00 effective, charges of 2026-09-01 to 2026-09-01"
    )


def test_the_amount_that_is_allowed_is_of_each_currency(beliefs):
    assert found(beliefs, "2", "critical").rows == 1
    assert not found(beliefs, "5", "critical").failed


@pytest.mark.parametrize(("unpriced", "is_failed"), [(2, False), (3, True)])
def test_t3_the_share_of_requests_without_a_price_is_allowed_up_to_the_threshold(unpriced, is_failed):
    """2 of 100 are 2 %; what runs on own GPUs has no price list and is left aside."""
    con = duckdb.connect()
    con.execute("attach ':memory:' as build; create schema build.intermediate")
    con.execute(
        "create table build.intermediate.int_request_groups_hourly as select * from (values"
        f" ('openai', 60, {unpriced - 1}), ('anthropic', 40, 1), ('self_hosted', 900, 900))"
        " as rows (provider_id, requests, unpriced_requests)"
    )
    thresholds = Thresholds({("unpriced_requests_share", "*"): Threshold(Decimal("0.02"), "critical")})
    finding = unpriced_requests_share(Context(con, [BILLS], thresholds, AS_OF, True, [date(2026, 11, 3)], {}))
    assert (finding.failed, finding.rows, finding.severity) == (is_failed, unpriced, "critical")
    assert finding.message == f"{unpriced}.00% of 100 requests have no price, allowed are 2.00%"
