"""The window of the demo world: which months it has, and up to where each kind of data reaches.

Times are UTC; seconds are epoch seconds; ends are exclusive.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

HOUR = 3600
DAY = 86400


@dataclass(frozen=True)
class Month:
    """One billing month: first instant, first instant of the next month, and how final its bill is."""

    start: datetime
    end: datetime
    status: str  # closed | corrected | open

    @property
    def label(self) -> str:
        return f"{self.start:%Y-%m}"


@dataclass(frozen=True)
class Timeline:
    """Months of the world. Logs and telemetry reach `data_end`, bills reach `bill_end` (they lag a day)."""

    as_of: datetime
    months: tuple[Month, ...]

    @classmethod
    def ending(cls, as_of: datetime, months: int) -> Timeline:
        """The `months` billing months up to and including the one of `as_of`: closed, ..., corrected, open."""
        if months < 1:
            raise ValueError(f"months must be 1 or more, not {months}")
        if as_of.tzinfo is None:
            raise ValueError("as_of needs a time zone (UTC)")
        as_of = as_of.astimezone(UTC)
        if as_of.day < 3:
            raise ValueError("as_of must be the third of a month or later: bills lag a day")
        first = datetime(as_of.year, as_of.month, 1, tzinfo=UTC)
        starts = [first]
        for _ in range(months - 1):
            starts.insert(0, (starts[0] - timedelta(days=1)).replace(day=1))
        ends = [*starts[1:], _next_month(first)]
        status = ["closed"] * (months - 2) + ["corrected"] * (months > 1) + ["open"]
        return cls(as_of, tuple(Month(s, e, k) for s, e, k in zip(starts, ends, status, strict=True)))

    @property
    def start(self) -> datetime:
        return self.months[0].start

    @property
    def data_end(self) -> datetime:
        return self.as_of.replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def bill_end(self) -> datetime:
        return self.data_end - timedelta(days=1)

    @property
    def t0(self) -> int:
        return int(self.start.timestamp())

    @property
    def t1(self) -> int:
        return int(self.data_end.timestamp())

    @property
    def t_bill(self) -> int:
        return int(self.bill_end.timestamp())

    @property
    def days(self) -> list[date]:
        return [(self.start + timedelta(days=i)).date() for i in range((self.data_end - self.start).days)]

    def day_of(self, month_offset: int, day: int) -> date:
        """A fixed day of a month counted from the end (0 = open month), for the world's scheduled events.

        Months that the world does not have give a day before its start, so the event simply does not happen.
        """
        month = self.months[-1].start
        for _ in range(month_offset):
            month = (month - timedelta(days=1)).replace(day=1)
        return month.replace(day=day).date()


def _next_month(start: datetime) -> datetime:
    return (start + timedelta(days=32)).replace(day=1)


def epoch(day: date, hour: int = 0) -> int:
    """Epoch seconds of an hour of a UTC day."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp())


def utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def rng(seed: int, *names: object) -> np.random.Generator:
    """A generator of its own for each named part, so that a change in one part leaves the others' bytes alone."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])
