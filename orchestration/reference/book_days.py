"""Which price book a day of use is priced with: half-open spans of days without gap or overlap.

The first book holds for every day. A later book holds from the day of its first landing: history keeps the book that
it was priced with until somebody accepts another one for it (`ai-finops reprice --accept`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path

import duckdb

from orchestration.reference.price_rows import BEGINNING


@dataclass(frozen=True)
class BookDays:
    """Days [valid_from, valid_to) that are priced with one book; `reason` is first, landed or accepted."""

    book_id: str
    valid_from: date
    valid_to: date | None
    reason: str


def read_book_days(con: duckdb.DuckDBPyConnection) -> list[BookDays]:
    """What is landed now, by day; `con` has the `raw` views."""
    rows = con.execute(
        "select book_id, valid_from, valid_to, reason from raw.price_book_days order by valid_from"
    ).fetchall()
    return [BookDays(*row) for row in rows]


def with_book(spans: Sequence[BookDays], book_id: str, today: date) -> list[BookDays]:
    """The spans once a book has landed on `today`: unchanged where it is the newest one already."""
    if not spans:
        return [BookDays(book_id, BEGINNING, None, "first")]
    if newest(spans) == book_id:
        return list(spans)
    return _assigned(spans, BookDays(book_id, max(today, spans[-1].valid_from), None, "landed"))


def with_accepted(spans: Sequence[BookDays], book_id: str, first: date, end: date) -> list[BookDays]:
    """The spans once the days [first, end) are priced with a book that is here already."""
    return _assigned(spans, BookDays(book_id, first, end, "accepted"))


def newest(spans: Sequence[BookDays]) -> str:
    """The book that holds from now on."""
    return spans[-1].book_id


def write_book_days(path: Path, spans: Iterable[BookDays]) -> None:
    """Write the spans as CSV for raw table `price_book_days`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(BookDays))
        writer.writerows(["" if value is None else value for value in astuple(span)] for span in spans)


def _assigned(spans: Sequence[BookDays], new: BookDays) -> list[BookDays]:
    """The spans with the days of `new` taken from whatever held them; neighbours of one book become one span."""
    last = new.valid_to or date.max
    cut = [new]
    for span in spans:
        if span.valid_from < new.valid_from:
            cut.append(replace(span, valid_to=min(span.valid_to or date.max, new.valid_from)))
        if (span.valid_to or date.max) > last:
            cut.append(replace(span, valid_from=max(span.valid_from, last)))
    merged: list[BookDays] = []
    for span in sorted(cut, key=lambda one: one.valid_from):
        if merged and merged[-1].book_id == span.book_id:
            merged[-1] = replace(merged[-1], valid_to=span.valid_to)
        else:
            merged.append(span)
    return merged
