"""One price as the price book holds it, and the book as a file whose name says its content."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path

BEGINNING = date(1970, 1, 1)
DAY_SECONDS = 86_400
# A price that holds wherever the request is processed.
ANYWHERE = "any"
WHOLE, GRADUATED = "whole", "graduated"
# Days of the week on which a price holds, by their ISO numbers.
EVERY_DAY = "1234567"
_PLACES = Decimal("1e-12")
# What says where a price is from; two books that differ in it only are one book.
_LABELS = frozenset({"price_key", "source", "version"})


@dataclass(frozen=True)
class TokenPrice:
    """Price of one unit of a usage class in USD: a token, or what the class is named by (a search, a second, a page).

    Thresholds count input tokens of the request: the price holds above `tier_start` and up to `tier_end`. With
    `tier_mode` whole it is the price of all of the request's tokens; graduated, of those above `tier_start` only.
    Windows are seconds of the UTC day, days are [valid_from, valid_to), of those the ones in `weekdays`.
    """

    provider_id: str
    model_id: str
    token_class: str
    service_tier: str
    processing: str
    residency: str
    tier_start: int
    tier_end: int | None
    tier_mode: str
    window_start_second: int
    window_end_second: int
    valid_from: date
    valid_to: date | None
    unit_price_usd: Decimal
    price_key: str
    is_fallback: bool
    source: str
    version: str
    weekdays: str = EVERY_DAY


def unit_price(amount: Decimal) -> Decimal:
    """A price rounded half-even to the twelve places of the book; a price of audio by the hour may need it."""
    return amount.quantize(_PLACES) if -amount.as_tuple().exponent > 12 else amount


def write_rows(path: Path, rows: Sequence[TokenPrice]) -> None:
    """Write the rows as CSV for raw table `token_prices`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(TokenPrice))
        writer.writerows(_as_text(row) for row in rows)


def content_hash(rows: Iterable[TokenPrice]) -> str:
    """Twelve hex digits that change when a price does, and not with the name of the release that it is from."""
    kept = [number for number, field in enumerate(fields(TokenPrice)) if field.name not in _LABELS]
    lines = sorted("\t".join(texts[number] for number in kept) for texts in map(_as_text, rows))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _as_text(row: TokenPrice) -> list[str]:
    return [
        "" if value is None else format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
        # not astuple, which copies each value deeply
        for value in vars(row).values()
    ]
