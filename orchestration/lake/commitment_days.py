"""Days of which the cost depends on other days because a declared commitment spans them.

What is left of an amount when it ends depends on all that was drawn before, so the last day of an amount changes with any day of
the contract's term; and it changes once more when the amount has ended, which no delivery says. Where a bill charges prepaid use
in full, how much of a day is set off depends on all days before. What a day of a capacity block costs depends on the day of its fee.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from orchestration.lake.catalog import Lake
from orchestration.lake.raw_views import select_current
from orchestration.landing.schema import RawTable

TABLE = "commitments"


@dataclass(frozen=True)
class CommitmentSpan:
    """A contract's term.

    Attributes:
        contract_id: Contract.
        first: First day of the term.
        last: Last day of the term.
        last_days: Last day of each of its amounts.
        carries: Whether each day depends on all before it, not only the last ones.
    """

    contract_id: str
    first: date
    last: date
    last_days: frozenset[date]
    carries: bool


def commitment_spans(con: duckdb.DuckDBPyConnection, lake: Lake, table: RawTable) -> list[CommitmentSpan]:
    """The declared contracts as they are now, in a fixed order."""
    found: dict[str, list[tuple[date, date, bool, bool]]] = {}
    for contract, first, end, is_monthly, carries in con.execute(
        "select contract_id, valid_from, valid_to, coalesce(lower(fulfilment) in ('month', 'monthly'), false),"
        f" coalesce(lower(drawdown) = 'derived' or lower(kind) like '%capacity%block%', false) from ({select_current(con, lake, table)}) order by all"
    ).fetchall():
        found.setdefault(contract, []).append((first, end, is_monthly, carries))
    spans = []
    for contract, rows in found.items():
        last_days = {end - timedelta(days=1) for _, end, _, _ in rows}
        for first, end, is_monthly, _ in rows:
            if is_monthly:
                days = range(first.toordinal(), end.toordinal())
                last_days |= {day for day in map(date.fromordinal, days) if (day + timedelta(days=1)).day == 1}
        first, last = min(row[0] for row in rows), max(last_days)
        spans.append(CommitmentSpan(contract, first, last, frozenset(last_days), any(row[3] for row in rows)))
    return spans


def ended(spans: Iterable[CommitmentSpan], as_of: datetime | None, lag_days: int) -> dict[str, list[str]]:
    """ISO day to what to add to its fingerprint: for each amount whose last day it is, whether that counts as over.

    Args:
        spans: Contracts.
        as_of: The run's clock, naive UTC; None where all that can end has ended.
        lag_days: How long bills may still bring lines of a day.
    """
    parts: dict[str, list[str]] = {}
    for span in spans:
        for day in span.last_days:
            over = as_of is None or day + timedelta(days=1 + lag_days) <= as_of.date()
            parts.setdefault(day.isoformat(), []).append(f"{TABLE}/{span.contract_id}:{over}")
    return {day: sorted(found) for day, found in parts.items()}


def depending_days(spans: Iterable[CommitmentSpan], changed: Iterable[str], known: Iterable[str]) -> set[str]:
    """Known days that change with the changed ones.

    Args:
        spans: Contracts.
        changed: ISO days.
        known: ISO days that have rows.
    """
    result: set[str] = set()
    days = sorted(known)
    for span in spans:
        first, last = span.first.isoformat(), span.last.isoformat()
        earliest = min((day for day in changed if first <= day <= last), default=None)
        if earliest is None:
            continue
        lasts = {day.isoformat() for day in span.last_days}
        result |= {day for day in days if earliest <= day <= last and (span.carries or day in lasts)}
    return result
