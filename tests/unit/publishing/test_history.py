"""What readers saw when: restatements, closing, withdrawal, nights that are repeated, files that are written anew."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing import history
from orchestration.publishing.catalog import PublishedModel

BILLS = PublishedModel(
    "accountability", "bills_daily", "table", "charge_date",
    history={"name": "beliefs", "key": ["account", "charge_date"], "values": ["cost", "status"]},
)  # fmt: skip
FIRST, SECOND = date(2026, 9, 1), date(2026, 9, 2)


class Published:
    """A build file and a marts file, and nights that publish one into the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = duckdb.connect()
        self.con.execute("attach ':memory:' as build; create schema build.accountability")
        self.con.execute(f"attach '{folder}/one.duckdb' as marts; create schema marts.accountability")
        self.con.execute(
            "create table build.accountability.bills_daily (account varchar, charge_date date, cost decimal(38,12), status varchar)"
        )

    def night(self, clock: int, *rows: tuple, days: list[date] | None = None) -> None:
        self.con.execute("delete from build.accountability.bills_daily")
        for row in rows:
            self.con.execute("insert into build.accountability.bills_daily values (?, ?, ?, ?)", list(row))
        history.record(self.con, BILLS, days, datetime(2026, 10, clock))

    def known(self, clock: int) -> list[tuple]:
        """Account, day and cost as readers saw them at a clock."""
        moment = datetime(2026, 10, clock)
        return self.con.execute(
            "select account, day(charge_date), cost from marts.accountability.beliefs"
            " where known_from <= ? and (known_to is null or known_to > ?) order by all",
            [moment, moment],
        ).fetchall()

    def rows(self) -> list[tuple]:
        """Every state: day, cost before and now, status before, day from, day to."""
        return self.con.execute(
            "select day(charge_date), previous_cost, cost, previous_status, day(known_from), day(known_to)"
            " from marts.accountability.beliefs order by known_from, account, charge_date"
        ).fetchall()


@pytest.fixture
def published(tmp_path) -> Published:
    return Published(tmp_path)


def test_what_was_known_on_a_day_can_be_asked_after_restatements(published):
    published.night(3, ("a", FIRST, 10, "open"), ("a", SECOND, 5, "open"))
    published.night(5, ("a", FIRST, 12, "open"), ("a", SECOND, 5, "open"))
    published.night(9, ("a", SECOND, 5, "open"))
    assert published.known(2) == []
    assert published.known(3) == published.known(4) == [("a", 1, Decimal(10)), ("a", 2, Decimal(5))]
    assert published.known(5) == [("a", 1, Decimal(12)), ("a", 2, Decimal(5))]
    # withdrawn by the vendor: a row of nothing, with what it was
    assert published.known(9) == [("a", 1, Decimal(0)), ("a", 2, Decimal(5))]
    assert published.rows()[-1] == (1, Decimal(12), Decimal(0), "open", 9, None)


def test_b14_a_change_after_close_says_so(published):
    published.night(3, ("a", FIRST, 10, "open"))
    published.night(4, ("a", FIRST, 10, "closed"))
    published.night(9, ("a", FIRST, 11, "closed"))
    assert published.rows() == [
        (1, None, Decimal(10), None, 3, 4),
        (1, Decimal(10), Decimal(10), "open", 4, 9),
        (1, Decimal(10), Decimal(11), "closed", 9, None),
    ]


def test_nothing_new_and_days_that_were_not_built_leave_no_row(published):
    published.night(3, ("a", FIRST, 10, "open"), ("a", SECOND, 5, "open"))
    published.night(4, ("a", FIRST, 10, "open"), ("a", SECOND, 5, "open"))
    # only the second day is in this night's build
    published.night(5, ("a", SECOND, 6, "open"), days=[SECOND])
    assert published.rows() == [
        (1, None, Decimal(10), None, 3, None), (2, None, Decimal(5), None, 3, 5), (2, Decimal(5), Decimal(6), "open", 5, None),
    ]  # fmt: skip


def test_a_night_repeated_with_its_clock_takes_its_own_place(published):
    published.night(3, ("a", FIRST, 10, "open"))
    for cost in (11, 12, 12):
        published.night(5, ("a", FIRST, cost, "open"))
    assert published.rows() == [(1, None, Decimal(10), None, 3, 5), (1, Decimal(10), Decimal(12), "open", 5, None)]
    # an older clock: what was said later is not known then
    published.night(4, ("a", FIRST, 13, "open"))
    assert published.rows() == [(1, None, Decimal(10), None, 3, 4), (1, Decimal(10), Decimal(13), "open", 4, None)]


def test_a_file_that_is_written_anew_keeps_the_past(published):
    published.night(3, ("a", FIRST, 10, "open"))
    published.con.execute("detach marts")
    published.con.execute(f"attach '{published.folder}/two.duckdb' as marts; create schema marts.accountability")
    history.carry_over(published.con, [BILLS], published.folder / "one.duckdb")
    published.night(6, ("a", FIRST, 9, "open"))
    assert published.known(3) == [("a", 1, Decimal(10))]
    assert published.known(6) == [("a", 1, Decimal(9))]


def test_a_value_that_the_mart_has_new_is_unknown_before(published):
    published.night(3, ("a", FIRST, 10, "open"))
    published.con.execute("alter table build.accountability.bills_daily add column lines bigint default 7")
    wider = {**BILLS.history, "values": ["cost", "status", "lines"]}
    model = PublishedModel("accountability", "bills_daily", "table", "charge_date", history=wider)
    history.record(published.con, model, None, datetime(2026, 10, 4))
    found = published.con.execute("select lines, previous_lines from marts.accountability.beliefs order by known_from")
    assert found.fetchall() == [(None, None), (7, None)]
