"""Cutting the prices of one model into cells: rows of one variant that share days, weekdays, context range and window.

A day's prices are laid out with one row a cell and one column a class, so every class of a variant must be cut at the
points at which any of them changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import groupby, pairwise

from orchestration.reference.price_rows import EVERY_DAY, TokenPrice

_NEVER = date.max
_NO_END = 1 << 62


def variant(row: TokenPrice) -> tuple[str, str, str]:
    """Service tier, processing and residency of a row."""
    return row.service_tier, row.processing, row.residency


def cell(row: TokenPrice) -> tuple:
    """Where a row holds, without its class."""
    context = (row.tier_start, row.tier_end, row.window_start_second, row.window_end_second)
    return (*variant(row), *context, row.valid_from, row.valid_to, row.weekdays)


def outside(row: TokenPrice, first: date, end: date | None) -> Iterator[TokenPrice]:
    """What is left of a row when the days [first, end) are taken out of it."""
    if row.valid_from < first:
        yield replace(row, valid_to=min(row.valid_to or _NEVER, first))
    if end is not None and (row.valid_to or _NEVER) > end:
        yield replace(row, valid_from=max(row.valid_from, end))


def inside(row: TokenPrice, first: date, end: date | None) -> Iterator[TokenPrice]:
    """The part of a row that holds on the days [first, end), if any."""
    start, stop = max(row.valid_from, first), min(row.valid_to or _NEVER, end or _NEVER)
    if start < stop:
        yield replace(row, valid_from=start, valid_to=None if stop == _NEVER else stop)


def outside_window(row: TokenPrice, start: int, end: int) -> Iterator[TokenPrice]:
    """What is left of a row when the seconds [start, end) of its days are taken out of it."""
    if row.window_start_second < start:
        yield replace(row, window_end_second=min(row.window_end_second, start))
    if row.window_end_second > end:
        yield replace(row, window_start_second=max(row.window_start_second, end))


def inside_window(row: TokenPrice, start: int, end: int) -> Iterator[TokenPrice]:
    """The part of a row that holds in the seconds [start, end) of its days, if any."""
    first, last = max(row.window_start_second, start), min(row.window_end_second, end)
    if first < last:
        yield replace(row, window_start_second=first, window_end_second=last)


def aligned(rows: Iterable[TokenPrice]) -> list[TokenPrice]:
    """The rows of one model, each variant cut into cells; what they say is unchanged."""
    result = []
    for _, parts in _by_variant_and_weekdays(rows):
        days = _edges((row.valid_from, row.valid_to or _NEVER) for row in parts)
        contexts = _edges((row.tier_start, row.tier_end or _NO_END) for row in parts)
        windows = _edges((row.window_start_second, row.window_end_second) for row in parts)
        for row in parts:
            for first, end in _between(days, row.valid_from, row.valid_to or _NEVER):
                for low, high in _between(contexts, row.tier_start, row.tier_end or _NO_END):
                    for start, stop in _between(windows, row.window_start_second, row.window_end_second):
                        cut = (
                            first,
                            None if end == _NEVER else end,
                            low,
                            None if high == _NO_END else high,
                            start,
                            stop,
                        )
                        result.append(row if cut == _extent(row) else _cut(row, *cut))
    return result


def _extent(row: TokenPrice) -> tuple:
    return (
        row.valid_from, row.valid_to, row.tier_start, row.tier_end, row.window_start_second, row.window_end_second,
    )  # fmt: skip


def _cut(
    row: TokenPrice, first: date, end: date | None, low: int, high: int | None, start: int, stop: int
) -> TokenPrice:
    return replace(
        row, valid_from=first, valid_to=end, tier_start=low, tier_end=high, window_start_second=start,
        window_end_second=stop,
    )  # fmt: skip


def _by_variant_and_weekdays(rows: Iterable[TokenPrice]) -> Iterator[tuple[tuple, list[TokenPrice]]]:
    """The rows of each variant, apart for the weekdays that any of its prices tells from the others."""
    for key, of_variant in groupby(sorted(rows, key=variant), key=variant):
        parts = list(of_variant)
        sets = {row.weekdays for row in parts}
        alike = sorted(EVERY_DAY, key=lambda day: (tuple(day in one for one in sorted(sets)), day))
        for _, days in groupby(alike, key=lambda day: tuple(day in one for one in sorted(sets))):
            weekdays = "".join(days)
            held = (row for row in parts if weekdays[0] in row.weekdays)
            # Nearly all prices are those of every day: making 19 fields again for each costs more than all the cutting.
            yield (
                (*key, weekdays),
                [row if row.weekdays == weekdays else replace(row, weekdays=weekdays) for row in held],
            )


def _edges(spans: Iterable[tuple]) -> list:
    return sorted({edge for span in spans for edge in span})


def _between(edges: list, low: object, high: object) -> Iterator[tuple]:
    return pairwise(edge for edge in edges if low <= edge <= high)
