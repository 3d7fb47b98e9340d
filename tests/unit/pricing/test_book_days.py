"""Which book a day is priced with: history stays, spans never overlap and never leave a gap."""

from __future__ import annotations

import random
from datetime import date, timedelta

from orchestration.reference.book_days import BookDays, with_accepted, with_book
from orchestration.reference.price_rows import BEGINNING

NOVEMBER = [date(2026, 11, day) for day in range(1, 31)]


def book_of(spans: list[BookDays], day: date) -> str:
    [span] = [one for one in spans if one.valid_from <= day and (one.valid_to is None or day < one.valid_to)]
    return span.book_id


def test_the_first_book_holds_for_every_day() -> None:
    assert with_book([], "a", NOVEMBER[9]) == [BookDays("a", BEGINNING, None, "first")]


def test_a_new_book_holds_from_its_landing_and_an_equal_one_opens_nothing() -> None:
    first = with_book([], "a", NOVEMBER[0])
    assert with_book(first, "a", NOVEMBER[5]) == first
    second = with_book(first, "b", NOVEMBER[9])
    assert (book_of(second, NOVEMBER[8]), book_of(second, NOVEMBER[9])) == ("a", "b")
    # a price that is taken back opens the earlier book again
    third = with_book(second, "a", NOVEMBER[19])
    assert [book_of(third, NOVEMBER[day]) for day in (8, 9, 18, 19)] == ["a", "b", "b", "a"]


def test_two_books_on_one_day_leave_the_later_one() -> None:
    spans = with_book(with_book(with_book([], "a", NOVEMBER[0]), "b", NOVEMBER[9]), "c", NOVEMBER[9])
    assert [book_of(spans, NOVEMBER[day]) for day in (8, 9, 10)] == ["a", "c", "c"]


def test_accepting_changes_the_days_asked_for_and_no_other() -> None:
    spans = with_book(with_book([], "a", NOVEMBER[0]), "b", NOVEMBER[19])
    accepted = with_accepted(spans, "b", NOVEMBER[4], NOVEMBER[7])
    assert [day for day in NOVEMBER if book_of(accepted, day) != book_of(spans, day)] == NOVEMBER[4:7]
    # days next to those of the same book become one span with them
    assert with_accepted(spans, "b", NOVEMBER[9], NOVEMBER[19]) == [
        BookDays("a", BEGINNING, NOVEMBER[9], "first"),
        BookDays("b", NOVEMBER[9], None, "accepted"),
    ]


def test_any_order_of_books_and_decisions_leaves_each_day_one_book() -> None:
    rng = random.Random(3)
    for _ in range(200):
        spans: list[BookDays] = with_book([], "a", NOVEMBER[0])
        expected = dict.fromkeys(NOVEMBER, "a")
        for today in sorted(rng.sample(NOVEMBER, 6)):
            if rng.random() < 0.5:
                book = rng.choice("abc")
                spans = with_book(spans, book, today)
                if expected[NOVEMBER[-1]] != book:
                    expected |= {day: book for day in NOVEMBER if day >= today}
            else:
                first = rng.choice([day for day in NOVEMBER if day <= today])
                end = min(first + timedelta(days=rng.randrange(1, 9)), today)
                if first == end:
                    continue
                book = rng.choice("abc")
                spans = with_accepted(spans, book, first, end)
                expected |= {day: book for day in NOVEMBER if first <= day < end}
        assert {day: book_of(spans, day) for day in NOVEMBER} == expected
