"""One small bill over five nights: closed, restated after close, disputed, delivered a second time by another feed.

Every expected amount is worked out by hand from the lines below.
"""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration import pipeline
from orchestration.landing.deliveries import land
from orchestration.settings import Settings


def charge(day: int, cost: str) -> dict[str, str]:
    """A day of a FOCUS export of September."""
    return {
        "BilledCost": cost, "EffectiveCost": cost, "BillingCurrency": "USD", "ChargeCategory": "Usage", "BillingAccountId": "acct-7",
        "BillingPeriodStart": "2026-09-01T00:00:00Z", "BillingPeriodEnd": "2026-10-01T00:00:00Z",
        "ChargePeriodStart": f"2026-09-{day:02d}T00:00:00Z", "ChargePeriodEnd": f"2026-09-{day + 1:02d}T00:00:00Z",
        "ProviderName": "Harbour", "InvoiceIssuerName": "Harbour Ltd", "ServiceCategory": "Compute", "ServiceName": "Harbour Compute",
    }  # fmt: skip


OWNER = {
    "scope": "", "key_type": "billing_account", "key_value": "acct-7", "unit_id": "platform", "priority": "10", "valid_from": "2026-01-01",
}  # fmt: skip
TEAM = {"unit_id": "platform", "name": "Platform", "valid_from": "2026-01-01"}
INVOICE = {
    "invoice_issuer_name": "Harbour Ltd", "invoice_id": "H-9", "billing_account_id": "acct-7", "billing_period_start": "2026-09-01",
    "billing_period_end": "2026-10-01", "currency": "USD", "total": "17.00", "issued_at": "2026-10-01T08:00:00Z",
}  # fmt: skip
DISPUTE = {
    "invoice_issuer_name": "Harbour Ltd", "billing_account_id": "acct-7", "billing_month": "2026-09-01", "currency": "USD",
    "reason": "dispute", "amount": "2.00", "note": "ticket 4711",
}  # fmt: skip
SUPERSEDED = {
    "source": "focus", "feed": "once", "billing_account_id": "", "treatment": "superseded", "reason": "sent by mail",
    "valid_from": "2026-01-01", "valid_to": "",
}  # fmt: skip
# The account is spelled as a path by this exporter.
AGAIN = [charge(1, "10") | {"BillingAccountId": "/billing/ACCT-7"}]


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return Settings.from_env(tmp_path_factory.mktemp("restated"))


@pytest.fixture
def deliver(settings, tmp_path):
    """Land lines as a CSV file."""

    def one(source: str, name: str, lines: list[dict[str, str]], **options: str) -> None:
        path = tmp_path / name
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
        land(source, [path], settings=settings, **options)

    return one


def rows(settings: Settings, sql: str) -> list[tuple]:
    path: Path = settings.published / "current" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as con:
        return [
            tuple(float(value) if isinstance(value, Decimal) else value for value in row)
            for row in con.execute(sql).fetchall()
        ]


def month(settings: Settings) -> list[tuple]:
    return rows(settings, "select close_status, open_issuers from accountability.month_close")


BELIEVED = """
    select day(charge_date), billed_cost from accountability.bill_beliefs_daily
    where known_from <= timestamp '{at}' and (known_to is null or known_to > timestamp '{at}') order by all
"""


def test_a_month_closes_with_its_invoice(settings, deliver):
    deliver("focus", "bill.csv", [charge(1, "10"), charge(2, "7")], feed="daily", version="1")
    deliver("accounting", "invoices.csv", [INVOICE], version="1")
    deliver("reference", "identity_map.csv", [OWNER], version="1")
    deliver("reference", "org_units.csv", [TEAM], version="1")
    assert pipeline.run(settings, datetime(2026, 10, 2, 6)).version
    assert month(settings) == [("closed", None)]
    assert rows(settings, "select distinct cost_status from accountability.bills_daily") == [("billed_closed",)]


def test_b14_a_closed_month_that_is_restated_is_shown_with_both_states(settings, deliver):
    deliver("focus", "bill.csv", [charge(1, "12"), charge(2, "7")], feed="daily", version="2")
    record = pipeline.run(settings, datetime(2026, 10, 5, 6))
    [warned] = [result for result in record.results if result.check_name == "closed_periods_stand"]
    assert (warned.status, warned.severity, warned.failed_rows, warned.dollars) == ("fail", "warning", 1, Decimal(2))
    assert rows(settings, BELIEVED.format(at="2026-10-03")) == [(1, 10), (2, 7)]
    assert rows(settings, BELIEVED.format(at="2026-10-06")) == [(1, 12), (2, 7)]
    assert rows(
        settings,
        "select day(charge_date), previous_billed_cost, billed_cost, service_name from accountability.bill_beliefs_daily"
        " where previous_cost_status = 'billed_closed'",
    ) == [(1, 10, 12, "Harbour Compute")]
    # two dollars over an invoice of 17, where 1.00 is tolerated
    assert rows(settings, "select reason, cost from accountability.invoice_gap_reasons") == [("unexplained", 2)]
    assert month(settings) == [("open", "Harbour Ltd acct-7 USD")]


def test_what_people_explain_closes_the_month(settings, deliver):
    deliver("accounting", "invoice_explanations.csv", [DISPUTE], version="1")
    assert pipeline.run(settings, datetime(2026, 10, 6, 6)).version
    assert rows(settings, "select reason, cost, note from accountability.invoice_gap_reasons") == [
        ("dispute", 2, "ticket 4711")
    ]
    assert month(settings) == [("closed", None)]


def test_b10_a_second_export_of_the_account_blocks_and_is_not_summed(settings, deliver):
    before = (settings.published / "current").resolve()
    deliver("focus", "once.csv", AGAIN, feed="once", version="1")
    with pytest.raises(pipeline.BuildError) as refused:
        pipeline.run(settings, datetime(2026, 10, 7, 6))
    [problem] = [problem for problem in refused.value.problems if "assert_no_scope_is_billed_twice" in problem]
    # the smaller of 12 and 10 would be counted beside the larger
    assert "10.00 in money" in problem
    assert (settings.published / "current").resolve() == before


def test_b10_a_feed_that_is_declared_superseded_counts_nowhere(settings, deliver):
    deliver("reference", "bill_feeds.csv", [SUPERSEDED], version="1")
    assert pipeline.run(settings, datetime(2026, 10, 7, 7)).version
    assert rows(settings, "select feed, sum(billed_cost) from accountability.bills_daily group by all") == [
        ("daily", 19)
    ]
    assert rows(settings, "select count(*) from quality.billed_twice") == [(0,)]
    # the night that was refused is no knowledge
    assert rows(settings, "select distinct feed from accountability.bill_beliefs_daily") == [("daily",)]
