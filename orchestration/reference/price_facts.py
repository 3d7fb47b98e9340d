"""What the list lacks or has wrong, from dated, sourced facts: uplifts of places and fees of tools, seconds and images.

facts/price_facts.csv has one rule a row: `fill` gives a class that a model has no price of one, `correct` replaces its
price, `unknown` takes away a price that only stands in (the list's text price for audio): no price is better than a
wrong one. A rule may be about one service tier or way of processing, and about requests `above` a number of input tokens:
there `unknown` takes away every price of tokens, for what is not sold has none. Days are those of UTC; what changes within one, or by the
hour, holds from `window_start_second` until before `window_end_second` of them (blank: all day). `tier` is a tier of its own in which the class
has this price and all else costs as in the standard one. facts/price_uplifts.csv multiplies the token prices of models that are processed in a named place.
facts/price_weekdays.csv names days of the week on which the price at one time of the day holds at all times.
Patterns are shell patterns of model ids; of several rows that name a class alike the first that matches holds, and a row for one class
goes before a row with a wildcard that stands above it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

from orchestration.reference.price_book import TOKEN_CLASSES
from orchestration.reference.price_cells import cell, inside, inside_window, outside, outside_window
from orchestration.reference.price_rows import (
    ANYWHERE,
    BEGINNING,
    DAY_SECONDS,
    EVERY_DAY,
    WHOLE,
    TokenPrice,
    unit_price,
)

FOLDER = Path(__file__).with_name("facts")
# Source of the prices that a landed map of LiteLLM gives (litellm_prices.py).
MAP = "litellm"
_RULES = frozenset({"fill", "correct", "unknown", "tier"})
_WILD = frozenset("*?[")


@dataclass(frozen=True)
class Fact:
    """One row of price_facts.csv; `price` is None for the rule `unknown`, a blank tier or processing is every one and
    class with a wildcard is every class of tokens that matches and that the model has a price of.
    """

    provider_id: str
    model_pattern: str
    token_class: str
    service_tier: str
    processing: str
    above: int
    price: Decimal | None
    rule: str
    valid_from: date
    valid_to: date | None
    window: tuple[int, int]
    source: str

    def names(self, provider_id: str, model_id: str) -> bool:
        """Whether the fact is about this model."""
        return self.provider_id == provider_id and fnmatchcase(model_id, self.model_pattern)

    def names_class(self, token_class: str) -> bool:
        """Whether the fact is about this class."""
        if _WILD & set(self.token_class):
            return token_class in TOKEN_CLASSES and fnmatchcase(token_class, self.token_class)
        return self.token_class == token_class

    def names_variant(self, row: TokenPrice) -> bool:
        """Whether the fact is about this tier and processing."""
        mine = (self.service_tier or row.service_tier, self.processing or row.processing)
        return mine == (row.service_tier, row.processing)


@dataclass(frozen=True)
class Uplift:
    """One row of price_uplifts.csv, or what a map says (`is_of_map`): that may end with the map.

    `served_by` is the provider that sells the model in this place, where it is not the one whose list price is multiplied.
    """

    provider_id: str
    model_pattern: str
    residency: str
    multiplier: Decimal
    valid_from: date
    valid_to: date | None
    source: str
    is_of_map: bool = False
    served_by: str = ""

    def names(self, provider_id: str, model_id: str) -> bool:
        """Whether the multiplier is of this model."""
        return self.provider_id == provider_id and fnmatchcase(model_id, self.model_pattern)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_facts() -> list[Fact]:
    """The facts, in the order of the file.

    Raises:
        ValueError: If a row has another rule than those above.
    """
    unknown = {row["rule"] for row in _read("price_facts.csv")} - _RULES
    if unknown:
        raise ValueError(
            f"price_facts.csv has the rules {', '.join(sorted(unknown))}; known are {', '.join(sorted(_RULES))}"
        )
    return [
        Fact(
            row["provider_id"],
            row["model_pattern"],
            row["token_class"],
            row["service_tier"],
            row["processing"],
            int(row["above"] or 0),
            Decimal(row["unit_price_usd"]) if row["unit_price_usd"] else None,
            row["rule"],
            _day(row["valid_from"]) or BEGINNING,
            _day(row["valid_to"]),
            (int(row["window_start_second"] or 0), int(row["window_end_second"] or DAY_SECONDS)),
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
            served_by=row["served_by"],
        )
        for row in _read("price_uplifts.csv")
    ]


def models_of_facts(facts: Iterable[Fact]) -> list[tuple[str, str]]:
    """(provider, model) of the facts that name one model, which the list may not know."""
    return sorted({(fact.provider_id, fact.model_pattern) for fact in facts if not _WILD & set(fact.model_pattern)})


def with_facts(rows: list[TokenPrice], provider_id: str, model_id: str, facts: Iterable[Fact]) -> list[TokenPrice]:
    """The prices of one model (`rows`, none where the list does not know it) after the facts about it."""
    settled: set[tuple] = set()
    for fact in facts:
        subject = (fact.token_class, fact.service_tier, fact.processing, fact.above, fact.valid_from, fact.window)
        if not fact.names(provider_id, model_id) or subject in settled:
            continue
        settled.add(subject)
        if fact.rule == "unknown" and not fact.above:
            rows = [row for row in rows if not (fact.names_class(row.token_class) and row.is_fallback)]
            continue
        if fact.rule == "tier":
            rows = rows + [
                replace(row, service_tier=fact.service_tier)
                for row in rows
                if (row.service_tier, row.processing) == ("standard", "standard")
            ]
        if fact.rule == "fill" and any(fact.names_class(row.token_class) for row in rows):
            continue
        kept = [part for row in rows for part in _without(row, fact)]
        if fact.rule == "unknown":
            rows = kept
            continue
        named = [row for row in rows if fact.names_variant(row)]
        cells = {cell(row): row for row in named} or {(): blank_price(provider_id, model_id)}
        classes = [fact.token_class]
        if _WILD & set(fact.token_class):
            classes = sorted({row.token_class for row in named if fact.names_class(row.token_class)})
        found = [
            replace(
                part,
                token_class=token_class,
                tier_start=max(part.tier_start, fact.above),
                unit_price_usd=fact.price,
                price_key=fact.rule,
                is_fallback=False,
                source="facts",
                version=fact.source,
            )
            for token_class in classes
            for row in cells.values()
            if row.tier_end is None or row.tier_end > fact.above
            for day in inside(row, fact.valid_from, fact.valid_to)
            for part in inside_window(day, *fact.window)
        ]
        # two cells may have the same part above a threshold
        rows = kept + list(dict.fromkeys(found))
    return rows


def with_weekdays(rows: list[TokenPrice], provider_id: str, model_id: str) -> list[TokenPrice]:
    """The prices of one model after facts/price_weekdays.csv: a price by the hour that does not hold on all days of the week."""
    for fact in _read("price_weekdays.csv"):
        if fact["provider_id"] != provider_id or not fnmatchcase(model_id, fact["model_pattern"]):
            continue
        first, second, days = (
            date.fromisoformat(fact["valid_from"]),
            int(fact["all_day_as_at_second"]),
            fact["weekdays"],
        )
        others = "".join(day for day in EVERY_DAY if day not in days)
        kept = []
        for row in rows:
            if (row.window_start_second, row.window_end_second) == (0, DAY_SECONDS):
                kept.append(row)
                continue
            kept += outside(row, first, None)
            for part in inside(row, first, None):
                kept.append(replace(part, weekdays=others))
                if row.window_start_second <= second < row.window_end_second:
                    kept.append(replace(part, weekdays=days, window_start_second=0, window_end_second=DAY_SECONDS))
        rows = kept
    return rows


def _without(row: TokenPrice, fact: Fact) -> Iterator[TokenPrice]:
    """What is left of a row where a fact holds instead."""
    if not (fact.names_class(row.token_class) and fact.names_variant(row)):
        yield row
        return
    yield from outside(row, fact.valid_from, fact.valid_to)
    for day in inside(row, fact.valid_from, fact.valid_to):
        yield from outside_window(day, *fact.window)
        if row.tier_start < fact.above:
            for part in inside_window(day, *fact.window):
                yield replace(part, tier_end=min(filter(None, (row.tier_end, fact.above))))


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
                source=MAP if uplift.is_of_map or row.source == MAP else "uplift",
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
