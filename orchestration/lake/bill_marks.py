"""How far each bill is complete: the one place that says so, for the fingerprints of the days and for the models.

A bill is read while the vendor is still writing it. Its newest days are taken as not complete yet, as many as the raw
table declares (`completeness_lag_days`); a day of the run's own date never is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from orchestration.lake.state import PartitionState
from orchestration.landing.schema import RawTable

_MONTH = re.compile(r"(\d{4})-(\d{2})(-\d{2})?$")


@dataclass(frozen=True)
class BillMark:
    """How far the bill of one account in one feed reaches.

    Attributes:
        table: Raw table.
        source: Its source.
        feed: Feed of the deliveries.
        account: Billing account, where deliveries replace accounts apart; else empty, and the mark is the feed's.
        newest_day: Newest day with a line of use; None where there is none up to the run's date.
        open_from: First day that may still grow; the days before it are complete. None where `newest_day` is.
        lag_days: How many of the newest days are still filling, as declared.
    """

    table: str
    source: str
    feed: str
    account: str
    newest_day: date | None
    open_from: date | None
    lag_days: int


def _account(table: RawTable, partition: str) -> str:
    """The account in `feed|…|account|month`; a trailing window is partitioned by day alone."""
    parts = partition.split("|")
    return parts[-2] if table.restatement == "replace_period" and len(parts) > 2 else ""


def bill_marks(
    tables: Iterable[RawTable], states: Mapping[str, Mapping[str, PartitionState]], as_of: datetime | None = None
) -> list[BillMark]:
    """Marks of every bill, in a fixed order.

    Args:
        tables: All raw tables; those that are no bills are left out.
        states: Table name to its partitions as they are now.
        as_of: The run's clock, naive UTC; None where no clock bounds what may be known.
    """
    marks = []
    today = None if as_of is None else as_of.date()
    for table in (table for table in tables if table.bill):
        newest: dict[tuple[str, str], date | None] = {}
        for partition, part in states[table.name].items():
            for feed, stats in part.feeds.items():
                key = feed, _account(table, partition)
                day = None if stats.max_day is None else date.fromisoformat(stats.max_day)
                newest[key] = max(filter(None, (newest.get(key), day)), default=None)
        for (feed, account), day in sorted(newest.items()):
            open_from = None if day is None else day + timedelta(days=1 - table.completeness_lag_days)
            if open_from is not None and today is not None:
                open_from = min(open_from, today)
            marks.append(BillMark(table.name, table.source, feed, account, day, open_from, table.completeness_lag_days))
    return marks


def is_period_closed(table: RawTable, partition: str, as_of: datetime | None) -> bool:
    """Whether the billing month of a bill's partition has ended by `as_of` and its last days have had time to fill."""
    found = _MONTH.search(partition)
    if found is None or as_of is None:
        return True
    ends = (date(int(found[1]), int(found[2]), 1) + timedelta(days=32)).replace(day=1)
    return as_of.date() >= ends + timedelta(days=table.completeness_lag_days)
