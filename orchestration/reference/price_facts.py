"""What the list lacks or has wrong, from dated, sourced facts: uplifts of places and fees of tools, seconds and images.

facts/price_facts.csv has one rule a row: `fill` gives a class that a model has no price of one, `correct` replaces its
price, `unknown` takes away a price that only stands in (the list's text price for audio): no price is better than a
wrong one. facts/price_uplifts.csv multiplies the token prices of models that are processed in a named place.
Patterns are shell patterns of model ids; of several rows for one class the first that matches holds.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

from orchestration.reference.price_book import TOKEN_CLASSES
from orchestration.reference.price_cells import cell, inside, outside
from orchestration.reference.price_rows import ANYWHERE, BEGINNING, DAY_SECONDS, WHOLE, TokenPrice, unit_price

FOLDER = Path(__file__).with_name("facts")
_WILD = frozenset("*?[")


@dataclass(frozen=True)
class Fact:
    """One row of price_facts.csv; `price` is None for the rule `unknown`."""

    provider_id: str
    model_pattern: str
    token_class: str
    price: Decimal | None
    rule: str
    valid_from: date
    valid_to: date | None
    source: str

    def names(self, provider_id: str, model_id: str) -> bool:
        """Whether the fact is about this model."""
        return self.provider_id == provider_id and fnmatchcase(model_id, self.model_pattern)


@dataclass(frozen=True)
class Uplift:
    """One row of price_uplifts.csv."""

    provider_id: str
    model_pattern: str
    residency: str
    multiplier: Decimal
    valid_from: date
    valid_to: date | None
    source: str

    def names(self, provider_id: str, model_id: str) -> bool:
        """Whether the multiplier is of this model."""
        return self.provider_id == provider_id and fnmatchcase(model_id, self.model_pattern)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_facts() -> list[Fact]:
    """The facts, in the order of the file."""
    return [
        Fact(
            row["provider_id"],
            row["model_pattern"],
            row["token_class"],
            Decimal(row["unit_price_usd"]) if row["unit_price_usd"] else None,
            row["rule"],
            _day(row["valid_from"]) or BEGINNING,
            _day(row["valid_to"]),
            row["source"],
        )
        for row in _read("price_facts.csv")
    ]


def read_uplifts() -> list[Uplift]:
    """The uplifts, in the order of the file."""
    return [
        Uplift(
            row["provider_id"],
            row["model_pattern"],
            row["residency"],
            Decimal(row["multiplier"]),
            _day(row["valid_from"]) or BEGINNING,
            _day(row["valid_to"]),
            row["source"],
        )
        for row in _read("price_uplifts.csv")
    ]


def models_of_facts(facts: Iterable[Fact]) -> list[tuple[str, str]]:
    """(provider, model) of the facts that name one model, which the list may not know."""
    return sorted({(fact.provider_id, fact.model_pattern) for fact in facts if not _WILD & set(fact.model_pattern)})


def with_facts(rows: list[TokenPrice], provider_id: str, model_id: str, facts: Iterable[Fact]) -> list[TokenPrice]:
    """The prices of one model (`rows`, none where the list does not know it) after the facts about it."""
    settled: set[str] = set()
    for fact in facts:
        if not fact.names(provider_id, model_id) or fact.token_class in settled:
            continue
        settled.add(fact.token_class)
        own = [row for row in rows if row.token_class == fact.token_class]
        if fact.rule == "unknown":
            rows = [row for row in rows if row.token_class != fact.token_class or not row.is_fallback]
            continue
        if fact.rule == "fill" and own:
            continue
        kept = [part for row in own for part in outside(row, fact.valid_from, fact.valid_to)]
        cells = {cell(row): row for row in rows} or {(): blank_price(provider_id, model_id)}
        rows = [row for row in rows if row.token_class != fact.token_class] + kept
        rows += [
            replace(
                part,
                token_class=fact.token_class,
                unit_price_usd=fact.price,
                price_key=fact.rule,
                is_fallback=False,
                source="facts",
                version=fact.source,
            )
            for row in cells.values()
            for part in inside(row, fact.valid_from, fact.valid_to)
        ]
    return rows


def with_uplifts(rows: list[TokenPrice], uplifts: Iterable[Uplift]) -> list[TokenPrice]:
    """Add to the rows of a model those of each place that has its own price: tokens uplifted, everything else as it is
    anywhere.
    """
    anywhere = [row for row in rows if row.residency == ANYWHERE]
    added = []
    for uplift in uplifts:
        added += [
            replace(
                part,
                residency=uplift.residency,
                unit_price_usd=unit_price(part.unit_price_usd * uplift.multiplier),
                source="uplift",
            )
            if part.token_class in TOKEN_CLASSES
            else replace(part, residency=uplift.residency)
            for row in anywhere
            for part in inside(row, uplift.valid_from, uplift.valid_to)
        ]
    return rows + added


def blank_price(provider_id: str, model_id: str) -> TokenPrice:
    """Where the prices of a model hold that nothing is known of yet: everywhere and always."""
    return TokenPrice(
        provider_id, model_id, "", "standard", "standard", ANYWHERE, 0, None, WHOLE, 0, DAY_SECONDS, BEGINNING, None,
        Decimal(0), "", False, "", "",
    )  # fmt: skip
