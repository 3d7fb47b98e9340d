"""What LiteLLM's map knows beyond the list and the facts: models, classes, tiers and places (raw table `litellm_prices`).

It fills and never corrects: a price that the list has for a class of a variant, or that a fact gives, stays. What the
list only falls back to (the text price for audio) is no such price, and gives way to LiteLLM's own one.

The map has no dates: its prices hold from the day on which it was known until the next map, equal ones of successive
maps being one price. A price of 0 stands for "free" and for "not known" there, so it says nothing, but for the cache of a
model whose input is priced; nor do the prices of models that are priced by the clock say anything. facts/litellm_keys.csv says which field is the price of which class.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby, pairwise

import duckdb

from orchestration.reference.model_aliases import SELF_HOSTED, find_listed
from orchestration.reference.price_book import OWN_KEYS, TOKEN_CLASSES
from orchestration.reference.price_book import SOURCE as LISTED
from orchestration.reference.price_cells import aligned, inside, outside, variant
from orchestration.reference.price_facts import FOLDER, MAP, Uplift, blank_price
from orchestration.reference.price_rows import ANYWHERE, TokenPrice, unit_price

STANDARD = ("standard", "standard")
_KEY = re.compile(
    r"(?P<base>.+?(?:_above_1hr)?)(?:_above_(?P<thousands>\d+)k_tokens)?"
    r"(?:_(?P<tier>flex|priority|batches|balanced|ultrafast))?"
)
# Everybody else's thresholds hold above the number that names them.
_INCLUSIVE = frozenset({"x-ai"})
# Their models have no slash in the name: what is before one is a place, a size or a commitment with a price of its own.
_PLAIN_NAMES = frozenset({"openai", "azure", "aws"})
_SEARCH, _SEARCH_SIZES = "search_context_cost_per_query", 3
_PLACES = {
    "regional_processing_uplift_multiplier_eu": "eu",
    "regional_processing_uplift_multiplier_us": "us",
    "regional_endpoint_uplift_multiplier": "regional",
    "provider_specific_entry.us": "us",
}
_FAST, _FAST_TIER = "provider_specific_entry.fast", ("fast", "standard")
# Units that stand for the same use as tokens do; where tokens are priced, they would price it twice.
_INSTEAD_OF_TOKENS = {
    "input_audio_seconds": "input_",
    "input_characters": "input_",
    "output_audio_seconds": "output_",
    "output_video_seconds": "output_",
    "output_images": "output_",
}
# A class without a price is billed as its parent by every vendor that says nothing of it; sound is not.
_PARENTS = {
    "output_reasoning": "output_text",
    "input_cache_read": "input_uncached_text",
    "input_cache_write_5m": "input_uncached_text",
    "input_cache_write_unspecified": "input_uncached_text",
    "input_cache_write_1h": "input_cache_write_5m",
    "input_image": "input_uncached_text",
}


@dataclass(frozen=True)
class MapRow:
    """One price as the map states it."""

    model: str
    litellm_provider: str
    mode: str
    price_key: str
    tier_start: int | None
    amount: Decimal
    known_from: date
    map_id: str


@dataclass(frozen=True)
class MapPrice:
    """A price of one class of a variant on the days [valid_from, valid_to).

    Attributes:
        variant: Service tier and processing.
        token_class: Usage class.
        tiers: (above, price) by input size.
        price_key: Field of the map.
        is_fallback: Whether the map has only the price of the class's parent.
        valid_from: First day.
        valid_to: Day after the last one; None where it is open.
        version: Name of the map.
    """

    variant: tuple[str, str]
    token_class: str
    tiers: tuple[tuple[int, Decimal], ...]
    price_key: str
    is_fallback: bool
    valid_from: date
    valid_to: date | None
    version: str


@dataclass(frozen=True)
class LitellmPrices:
    """What the maps say, by (provider, model) as the book names them.

    Attributes:
        prices: Prices in a fixed order; spans of one class and variant do not overlap.
        uplifts: Multipliers of places.
        new_models: Models with a price that the list does not know.
    """

    prices: Mapping[tuple[str, str], Sequence[MapPrice]]
    uplifts: Mapping[tuple[str, str], Sequence[Uplift]]
    new_models: Sequence[tuple[str, str]]


NOTHING = LitellmPrices({}, {}, ())


def read_maps(con: duckdb.DuckDBPyConnection) -> list[MapRow]:
    """The maps that are landed now, the rows that may be used; `con` has the `raw` views."""
    rows = con.execute(
        """
        select model, lower(litellm_provider), coalesce(lower(mode), ''), price_key, tier_start, cast(amount as varchar),
            coalesce(known_from, date '1970-01-01'), _feed || ' ' || coalesce(_version, '')
        from raw.litellm_prices
        where not coalesce(is_by_clock, false)
        order by all
        """
    ).fetchall()
    return [MapRow(*row[:5], Decimal(row[5]), *row[6:]) for row in rows]


def litellm_prices(rows: Iterable[MapRow], aliases: Mapping[str, str]) -> LitellmPrices:
    """Put the maps' prices into the book's terms.

    Args:
        rows: Rows of all maps; of two maps known from one day the one with the greater name counts.
        aliases: Raw provider name to provider id.
    """
    maps: dict[date, dict[str, dict[str, list[MapRow]]]] = {}
    for row in rows:
        maps.setdefault(row.known_from, {}).setdefault(row.map_id, {}).setdefault(row.model, []).append(row)
    stated: dict[tuple[str, str], list[MapPrice]] = {}
    uplifts: dict[tuple[str, str, str], list[Uplift]] = {}
    new_models: set[tuple[str, str]] = set()
    for start, end in pairwise([*sorted(maps), None]):
        models = maps[start][max(maps[start])]
        chosen = _named({name: of_model[0].litellm_provider for name, of_model in models.items()}, aliases)
        for (provider_id, model_id), (name, is_listed) in chosen.items():
            if not is_listed:
                new_models.add((provider_id, model_id))
            stated.setdefault((provider_id, model_id), []).extend(_stated(provider_id, models[name], start, end))
            for row in models[name]:
                if place := _PLACES.get(row.price_key):
                    source = f"LiteLLM's map {row.map_id} {row.price_key}"
                    uplift = Uplift(provider_id, model_id, place, row.amount, start, end, source, True)
                    uplifts.setdefault((provider_id, model_id, place), []).append(uplift)
    prices = {subject: _merged(found) for subject, found in stated.items()}
    merged = {subject: _merged_uplifts(found) for subject, found in sorted(uplifts.items())}
    by_model: dict[tuple[str, str], list[Uplift]] = {}
    for (provider_id, model_id, _), found in merged.items():
        by_model.setdefault((provider_id, model_id), []).extend(found)
    return LitellmPrices(prices, by_model, sorted(one for one in new_models if prices.get(one)))


def with_map(rows: list[TokenPrice], provider_id: str, model_id: str, prices: Sequence[MapPrice]) -> list[TokenPrice]:
    """The prices of one model, completed by what the map knows besides."""
    if not prices:
        return rows
    listed = {variant(row)[:2] for row in rows} | {STANDARD}
    known = {(*variant(row)[:2], row.token_class) for row in rows if not _stands_in(row)}
    tokens = {name for name in (*(row.token_class for row in rows), *(one.token_class for one in prices))}
    tokens &= set(TOKEN_CLASSES)
    blank = blank_price(provider_id, model_id)
    # The standard prices first: a tier that the list does not know begins as a copy of them.
    for one, of_variant in groupby(sorted(prices, key=_standard_first), key=lambda price: price.variant):
        group = list(of_variant)
        if one not in listed:
            rows = rows + _copied(rows, one, group)
        thresholds = set() if one == STANDARD else {row.tier_start for row in rows if variant(row)[:2] == STANDARD}
        for price in group:
            if any(name.startswith(_INSTEAD_OF_TOKENS.get(price.token_class, "-")) for name in tokens):
                continue
            if price.is_fallback and _has_better(rows, price, is_copy=one not in listed):
                continue
            # The fee of a tool is the same in every tier; a price of tokens is not.
            for other in [one] if price.token_class in TOKEN_CLASSES else sorted(listed):
                if (*other, price.token_class) not in known:
                    template = replace(blank, service_tier=other[0], processing=other[1])
                    rows = _filled(rows, template, price, thresholds if price.token_class in TOKEN_CLASSES else ())
    return aligned(rows)


def uplifts_besides(facts: Iterable[Uplift], of_map: Iterable[Uplift]) -> list[Uplift]:
    """The facts' multipliers of one model, and the map's ones for places that the facts do not name."""
    own = list(facts)
    places = {one.residency for one in own}
    return own + [one for one in of_map if one.residency not in places]


def _standard_first(price: MapPrice) -> tuple:
    return price.variant != STANDARD, price.variant


def _stands_in(row: TokenPrice) -> bool:
    """Whether the list has no price of the class and the parent's was taken."""
    own = OWN_KEYS.get(row.token_class, {row.price_key})
    return row.is_fallback and row.source == LISTED and row.price_key not in own


def _has_better(rows: Iterable[TokenPrice], price: MapPrice, is_copy: bool) -> bool:
    """Whether a price that stands in for its class is not needed: the tier has one of the class, be it a copy of the
    standard one. Reasoning alone follows the output of its own tier, where the standard price does so too.
    """
    own = [row for row in rows if variant(row)[:2] == price.variant and row.token_class == price.token_class]
    if is_copy and price.token_class == "output_reasoning":
        return any("reasoning" in row.price_key for row in own)
    return bool(own)


def _copied(rows: Iterable[TokenPrice], tier: tuple[str, str], prices: Sequence[MapPrice]) -> list[TokenPrice]:
    """The standard rows as those of another tier, on the days on which the map knows it."""
    first, ends = min(price.valid_from for price in prices), [price.valid_to for price in prices]
    end = None if None in ends else max(ends)
    return [
        replace(part, service_tier=tier[0], processing=tier[1], is_fallback=True, source=MAP)
        for row in rows
        if variant(row) == (*STANDARD, ANYWHERE)
        for part in inside(row, first, end)
    ]


def _filled(
    rows: Iterable[TokenPrice], template: TokenPrice, price: MapPrice, thresholds: Collection[int]
) -> list[TokenPrice]:
    """The rows with a price of the map; above a threshold of the standard price of which the map says nothing in this
    tier the price is unknown.
    """
    kept = []
    for row in rows:
        if variant(row) == variant(template) and row.token_class == price.token_class:
            kept += outside(row, price.valid_from, price.valid_to)
        else:
            kept.append(row)
    starts = [above for above, _ in price.tiers]
    last = min((above for above in thresholds if above > starts[-1]), default=None)
    return kept + [
        replace(
            template,
            token_class=price.token_class,
            tier_start=above,
            tier_end=end,
            valid_from=price.valid_from,
            valid_to=price.valid_to,
            unit_price_usd=amount,
            price_key=price.price_key,
            is_fallback=price.is_fallback,
            source=MAP,
            version=price.version,
        )
        for (above, amount), end in zip(price.tiers, [*starts[1:], last], strict=True)
    ]


@lru_cache
def _classes() -> dict[str, list[tuple[str, str]]]:
    """Field of the map to (mode or `*`, class)."""
    classes: dict[str, list[tuple[str, str]]] = {}
    with (FOLDER / "litellm_keys.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            classes.setdefault(row["price_key"], []).append((row["mode"], row["token_class"]))
    return classes


def _named(names: Mapping[str, str], aliases: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, bool]]:
    """(provider, model) of the book to the name in the map whose prices are its prices, and whether the list has it.

    Several names may mean one model of the list: its own id goes before the others, a shorter name before a longer one.
    Names that mean a model only once a route or region is taken off have prices of their own and are left out, as are
    models for which the list of another provider stands (Azure's, which are OpenAI's).

    Args:
        names: Name to the provider as LiteLLM calls it.
        aliases: Raw provider name to provider id.
    """
    found: dict[tuple[str, str], tuple[tuple, str, bool]] = {}
    for name, litellm_provider in sorted(names.items()):
        provider_id = _provider(litellm_provider, aliases)
        route, slash, rest = name.partition("/")
        bare = rest if slash and _provider(route, aliases) == provider_id else name
        if provider_id == SELF_HOSTED or (provider_id in _PLAIN_NAMES and "/" in bare):
            continue
        model_id, owner, rule = find_listed(provider_id, bare)
        if model_id and (owner != provider_id or rule not in ("exact", "clause")):
            continue
        subject = provider_id, model_id or bare
        rank = rule != "exact", len(name), name
        if subject not in found or rank < found[subject][0]:
            found[subject] = rank, name, bool(model_id)
    return {subject: (name, is_listed) for subject, (_, name, is_listed) in found.items()}


def _provider(litellm_provider: str, aliases: Mapping[str, str]) -> str:
    """Provider id; of `vertex_ai-mistral_models` and the like what is before the dash says it."""
    plain = litellm_provider.lower()
    return aliases.get(plain) or aliases.get(plain.split("-")[0]) or plain


def _stated(provider_id: str, rows: Sequence[MapRow], valid_from: date, valid_to: date | None) -> Iterator[MapPrice]:
    """The prices of one model in one map."""
    tiers: dict[tuple[tuple[str, str], str], dict[int, Decimal]] = {}
    keys: dict[tuple[tuple[str, str], str], str] = {}
    sizes: dict[str, set[Decimal]] = {}
    starts, version = {0}, ""
    has_input_price = any(row.price_key == "input_cost_per_token" and row.amount for row in rows)
    for row in sorted(rows, key=lambda one: (one.price_key, one.tier_start or 0)):
        version = f"LiteLLM's map {row.map_id}"
        field, _, member = row.price_key.partition(".")
        if field == _SEARCH and row.amount:
            sizes.setdefault(member, set()).add(row.amount)
        parts = _KEY.fullmatch(field)
        above = row.tier_start or int(parts["thousands"] or 0) * 1000
        above -= 1 if above and provider_id in _INCLUSIVE else 0
        if row.tier_start is not None:
            starts.add(above)
        tier = parts["tier"] or "standard"
        one = ("standard", "batch") if tier == "batches" else (tier, "standard")
        for mode, token_class in _classes().get(parts["base"], ()):
            amount = unit_price(row.amount)
            if not amount and not (token_class.startswith("input_cache_") and has_input_price):
                continue
            # The current name of a field goes before an older one: fields come sorted, and `cache_…` before `input_…`.
            if mode in ("*", row.mode) and above not in tiers.get((one, token_class), {}):
                tiers.setdefault((one, token_class), {})[above] = amount
                keys.setdefault((one, token_class), field)
    if len(sizes) < _SEARCH_SIZES or len(set().union(*sizes.values())) > 1:
        tiers.pop((STANDARD, "web_searches"), None)
    for row in rows:
        if row.price_key == _FAST:
            for (one, token_class), amounts in list(tiers.items()):
                if one == STANDARD and token_class in TOKEN_CLASSES:
                    fast = {above: unit_price(amount * row.amount) for above, amount in amounts.items()}
                    tiers[_FAST_TIER, token_class], keys[_FAST_TIER, token_class] = fast, _FAST
    # Without a price for small requests, or for one of the declared tiers, the others would stand in for it.
    whole = {
        one: tuple(sorted(amounts.items()))
        for one, amounts in tiers.items()
        if 0 in amounts and (one[0] != STANDARD or starts == {0} or set(amounts) == starts)
    }
    for one, found in sorted(whole.items()):
        yield MapPrice(*one, found, keys[one], False, valid_from, valid_to, version)
    for one in sorted({one for one, _ in whole}):
        for token_class, parent in _PARENTS.items():
            stated = {(one, token_class), (STANDARD, token_class)} & tiers.keys()
            source = next(((one, name) for name in (parent, _PARENTS.get(parent)) if (one, name) in whole), None)
            if not stated and source:
                yield MapPrice(one, token_class, whole[source], keys[source], True, valid_from, valid_to, version)


def _merged(prices: Iterable[MapPrice]) -> list[MapPrice]:
    """Equal prices of successive maps as one."""
    merged: list[MapPrice] = []
    for price in sorted(prices, key=lambda one: (one.variant, one.token_class, one.valid_from)):
        last = merged[-1] if merged else None
        if (
            last
            and replace(last, valid_from=price.valid_from, valid_to=price.valid_to, version=price.version) == price
            and last.valid_to == price.valid_from
        ):
            merged[-1] = replace(last, valid_to=price.valid_to)
        else:
            merged.append(price)
    return merged


def _merged_uplifts(uplifts: Iterable[Uplift]) -> list[Uplift]:
    """Equal multipliers of successive maps as one."""
    merged: list[Uplift] = []
    for uplift in uplifts:
        last = merged[-1] if merged else None
        if last and (last.multiplier, last.valid_to) == (uplift.multiplier, uplift.valid_from):
            merged[-1] = replace(last, valid_to=uplift.valid_to)
        else:
            merged.append(uplift)
    return merged
