"""Prices that the organisation itself declares (raw table `price_overrides`): they win over the list and the facts.

Blank dimensions mean every one that the model has. Rows that differ in `tier_start` only are the context tiers of one
price; a threshold that holds from its own number of tokens on is said to be inclusive and stored one lower, as all
thresholds of the book are exclusive. A free preview is a price of 0 with an end date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby

import duckdb

from orchestration.reference.price_book import USAGE_CLASSES
from orchestration.reference.price_cells import aligned, inside, outside, variant
from orchestration.reference.price_facts import blank_price
from orchestration.reference.price_rows import ANYWHERE, DAY_SECONDS, EVERY_DAY, TokenPrice, unit_price

EVERY = "*"
SOURCE = "override"


@dataclass(frozen=True)
class Override:
    """One declared price: `price` of one unit in USD; `*` is every one."""

    provider_id: str
    model_id: str
    token_class: str
    service_tier: str
    processing: str
    residency: str
    tier_start: int
    tier_mode: str
    valid_from: date
    valid_to: date | None
    price: Decimal
    note: str

    @property
    def subject(self) -> tuple:
        """What the price is of; rows of one subject are its context tiers."""
        dimensions = (self.service_tier, self.processing, self.residency)
        return self.valid_from, self.valid_to or date.max, self.token_class, dimensions

    def names_class(self, token_class: str) -> bool:
        """Whether it is a price of this class."""
        return self.token_class in (EVERY, token_class)

    def names_variant(self, row: TokenPrice) -> bool:
        """Whether it is a price of this tier, processing and place."""
        mine = (self.service_tier, self.processing, self.residency)
        return all(wanted in (EVERY, is_) for wanted, is_ in zip(mine, variant(row), strict=True))


def read_overrides(con: duckdb.DuckDBPyConnection) -> list[Override]:
    """The overrides that are landed now; `con` has the `raw` views."""
    rows = con.execute(
        """
        select provider_id, model_id, coalesce(nullif(token_class, ''), '*'), coalesce(nullif(lower(service_tier), ''), '*'),
            coalesce(nullif(lower(processing), ''), '*'), coalesce(nullif(lower(residency), ''), '*'),
            greatest(coalesce(tier_start, 0) - case when tier_is_inclusive and tier_start > 0 then 1 else 0 end, 0),
            coalesce(nullif(lower(tier_mode), ''), 'whole'), coalesce(valid_from, date '1970-01-01'), valid_to,
            cast(price_usd as varchar), coalesce(per, 1000000), coalesce(note, '')
        from raw.price_overrides
        order by all
        """
    ).fetchall()
    return [Override(*row[:10], unit_price(Decimal(row[10]) / row[11]), row[12]) for row in rows]


def with_overrides(
    rows: list[TokenPrice], provider_id: str, model_id: str, overrides: Iterable[Override]
) -> list[TokenPrice]:
    """The prices of one model after what is declared for it; of two that overlap the one that starts later holds."""
    mine = [one for one in overrides if (one.provider_id, one.model_id) == (provider_id, model_id)]
    for _, group in groupby(sorted(mine, key=lambda one: (one.subject, one.tier_start)), key=lambda one: one.subject):
        rows = _replaced(rows, provider_id, model_id, list(group))
    return aligned(rows) if mine else rows


def _replaced(rows: list[TokenPrice], provider_id: str, model_id: str, tiers: list[Override]) -> list[TokenPrice]:
    first = tiers[0]
    named = [row for row in rows if first.names_variant(row)] or [
        replace(
            blank_price(provider_id, model_id),
            service_tier="standard" if first.service_tier == EVERY else first.service_tier,
            processing="standard" if first.processing == EVERY else first.processing,
            residency=ANYWHERE if first.residency == EVERY else first.residency,
        )
    ]
    kept = []
    for row in rows:
        if not (first.names_class(row.token_class) and first.names_variant(row)):
            kept.append(row)
            continue
        kept += outside(row, first.valid_from, first.valid_to)
        if row.tier_start < first.tier_start:
            # declared for large requests only: small ones keep their price
            kept += [
                replace(part, tier_end=min(filter(None, (row.tier_end, first.tier_start))))
                for part in inside(row, first.valid_from, first.valid_to)
            ]
    places = {variant(row): row for row in named}
    for row in places.values():
        for token_class in USAGE_CLASSES if first.token_class == EVERY else (first.token_class,):
            for tier, following in zip(tiers, [*tiers[1:], None], strict=True):
                kept.append(
                    replace(
                        row,
                        token_class=token_class,
                        tier_start=tier.tier_start,
                        tier_end=following.tier_start if following else None,
                        tier_mode=tier.tier_mode,
                        window_start_second=0,
                        window_end_second=DAY_SECONDS,
                        weekdays=EVERY_DAY,
                        valid_from=tier.valid_from,
                        valid_to=tier.valid_to,
                        unit_price_usd=tier.price,
                        price_key=SOURCE,
                        is_fallback=False,
                        source=SOURCE,
                        version=tier.note,
                    )
                )
    return kept
