"""The list prices of genai-prices as a flat, effective-dated table: one price of one unit of a usage class per row.

genai-prices answers "what does this request cost?" for one request; SQL must answer it for millions, so its dated,
tiered and conditional prices are laid out as rows that a join can select. What is laid out, and where the table differs
on purpose:

* Each usage class gets the price of the most specific priced unit that contains it. Where the list has no price of the
  class itself, the parent's price is taken and `is_fallback` says so.
* Context tiers apply to the whole request (`tier_start` is exclusive: the price holds above it; a threshold that a
  vendor means inclusively is one token lower).
* Time-of-day prices have no start date in genai-prices, so there they also match the years before they existed. Here
  they belong to the dated price that precedes them in the list, and to nothing earlier.
* Service tiers and batch prices often start on the day when the list learned them. Before that day the standard price
  is what the list has; it is kept and marked as a fallback.

What the list lacks or has wrong is in facts/ (price_facts.py) and in the organisation's own price_overrides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from genai_prices.data import providers as genai_providers
from genai_prices.data_units import unit_data
from genai_prices.types import ModelInfo, ModelPrice, Provider, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from orchestration.reference.price_rows import ANYWHERE, BEGINNING, DAY_SECONDS, WHOLE, TokenPrice, unit_price

SOURCE = "genai-prices"
_INPUT, _OUTPUT = {"family": "tokens", "direction": "input"}, {"family": "tokens", "direction": "output"}
_READ, _WRITE = {"token_type": "cache_read"}, {"token_type": "cache_write"}

# Usage class -> what genai-prices calls its dimensions.
CLASS_DIMENSIONS: dict[str, dict[str, str]] = {
    "input_uncached_text": _INPUT | {"modality": "text"},
    "input_cache_read": _INPUT | _READ | {"modality": "text"},
    "input_cache_write_5m": _INPUT | _WRITE | {"modality": "text", "cache_ttl": "5m"},
    "input_cache_write_1h": _INPUT | _WRITE | {"modality": "text", "cache_ttl": "1h"},
    "input_cache_write_unspecified": _INPUT | _WRITE | {"modality": "text"},
    "input_audio": _INPUT | {"modality": "audio"},
    "input_image": _INPUT | {"modality": "image"},
    "input_video": _INPUT | {"modality": "video"},
    "input_cache_read_audio": _INPUT | _READ | {"modality": "audio"},
    "input_cache_read_image": _INPUT | _READ | {"modality": "image"},
    "output_text": _OUTPUT | {"modality": "text"},
    "output_reasoning": _OUTPUT | {"modality": "text", "token_type": "reasoning"},
    "output_audio": _OUTPUT | {"modality": "audio"},
    "output_image": _OUTPUT | {"modality": "image"},
    "output_video": _OUTPUT | {"modality": "video"},
    "web_searches": {"family": "tool_calls", "tool_type": "web_search"},
    "storage_searches": {"family": "tool_calls", "tool_type": "storage_search"},
    "code_executions": {"family": "tool_calls", "tool_type": "code_execution"},
    "rerank_searches": {"family": "rerank"},
    "input_audio_seconds": {"family": "durations", "direction": "input", "modality": "audio"},
    "output_audio_seconds": {"family": "durations", "direction": "output", "modality": "audio"},
    "input_characters": {"family": "characters", "direction": "input"},
    "input_document_pages": {"family": "document_pages", "direction": "input"},
    "priced_requests": {"family": "requests"},
}
TOKEN_CLASSES = tuple(name for name, dimensions in CLASS_DIMENSIONS.items() if dimensions["family"] == "tokens")
# Classes that genai-prices does not know; their prices are facts or overrides.
OTHER_CLASSES = ("grounded_prompts", "maps_queries", "output_video_seconds", "output_images")
USAGE_CLASSES = (*CLASS_DIMENSIONS, *OTHER_CLASSES)

# Keys that are the class's own price by the vendors' rules; any other key of a token class is a fallback. A write
# without a stated lifetime is the 5 minute one, and reasoning is billed as output unless the list prices it apart.
OWN_KEYS: dict[str, frozenset[str]] = {
    "input_uncached_text": frozenset({"input_mtok", "input_text_mtok"}),
    "input_cache_read": frozenset({"cache_read_mtok", "cache_text_read_mtok"}),
    "input_cache_write_5m": frozenset(
        {"cache_write_mtok", "cache_write_5m_mtok", "cache_text_write_mtok", "cache_text_write_5m_mtok"}
    ),
    "input_cache_write_1h": frozenset({"cache_write_1h_mtok", "cache_text_write_1h_mtok"}),
    "input_cache_write_unspecified": frozenset({"cache_write_mtok", "cache_text_write_mtok"}),
    "input_audio": frozenset({"input_audio_mtok"}),
    "input_image": frozenset({"input_image_mtok"}),
    "input_video": frozenset({"input_video_mtok"}),
    "input_cache_read_audio": frozenset({"cache_audio_read_mtok"}),
    "input_cache_read_image": frozenset({"cache_image_read_mtok"}),
    "output_text": frozenset({"output_mtok", "output_text_mtok"}),
    "output_reasoning": frozenset(
        {"output_mtok", "output_text_mtok", "output_reasoning_mtok", "output_text_reasoning_mtok"}
    ),
    "output_audio": frozenset({"output_audio_mtok"}),
    "output_image": frozenset({"output_image_mtok"}),
    "output_video": frozenset({"output_video_mtok"}),
}
# How a genai-prices context names a variant -> (service_tier, processing). Other contexts select no price of ours.
VARIANTS: dict[tuple[str, str], tuple[str, str]] = {
    ("service_tier", "flex"): ("flex", "standard"),
    ("service_tier", "priority"): ("priority", "standard"),
    ("service_tier", "fast"): ("fast", "standard"),
    ("speed", "fast"): ("fast", "standard"),
    ("processing", "batch"): ("standard", "batch"),
}


def list_version() -> str:
    """Name of the release that the list is from."""
    return f"{SOURCE} {version('genai-prices')}"


def token_prices(providers: Iterable[Provider] = genai_providers) -> Iterator[TokenPrice]:
    """Yield every price of the list that a usage class has, ordered as the list is."""
    release = list_version()
    for provider in providers:
        for model in provider.models:
            yield from _model_prices(provider.id, model, release)


def list_prices(provider_ids: Iterable[str]) -> list[TokenPrice]:
    """The prices of these providers, and of those whose models they serve.

    Most of the list is resellers that nobody here calls; each priced day carries the table's rows in its fingerprint.
    """
    wanted = set(provider_ids)
    wanted |= {name for p in genai_providers if p.id in wanted for name in p.fallback_model_providers or ()}
    return list(token_prices(p for p in genai_providers if p.id in wanted))


def _model_prices(provider_id: str, model: ModelInfo, release: str) -> Iterator[TokenPrice]:
    variants = {("standard", "standard"): None}
    for variant in model.price_variants or ():
        names = [VARIANTS.get(pair) for pair in variant.when.items()]
        if len(names) == 1 and names[0] is not None:
            variants.setdefault(names[0], next(iter(variant.when.items())))
    for (service_tier, processing), context in variants.items():
        starts = _start_dates(model, context)
        spans = zip(starts, [*starts[1:], None], strict=True)
        for valid_from, valid_to in spans:
            for window_start, window_end, prices, is_standard_for_variant in _day_windows(model, context, valid_from):
                for token_class, low, high, price, key in _class_prices(prices):
                    yield TokenPrice(
                        provider_id,
                        model.id,
                        token_class,
                        service_tier,
                        processing,
                        ANYWHERE,
                        low,
                        high,
                        WHOLE,
                        window_start,
                        window_end,
                        valid_from,
                        valid_to,
                        price,
                        key,
                        is_standard_for_variant or key not in OWN_KEYS.get(token_class, {key}),
                        SOURCE,
                        release,
                    )


def _start_dates(model: ModelInfo, context: tuple[str, str] | None) -> list[date]:
    constraints: list[Any] = [row.constraint for row in model.prices] if isinstance(model.prices, list) else []
    if context is not None:
        constraints += [v.constraint for v in model.price_variants or () if tuple(v.when.items()) == (context,)]
    dates = {c.start_date for c in constraints if isinstance(c, StartDateConstraint)}
    return [BEGINNING, *sorted(d for d in dates if d > BEGINNING)]


def _day_windows(
    model: ModelInfo, context: tuple[str, str] | None, day: date
) -> Iterator[tuple[int, int, ModelPrice, bool]]:
    """Parts of the day with one price each: (first second, end second, prices, do they stand in for the variant)."""
    base, windows = _dated_prices(model, day)
    overrides = _variant_prices(model, context, day)
    edges = sorted({0, DAY_SECONDS, *(edge for start, end, _ in windows for edge in (start, end))})
    for first, last in zip(edges, edges[1:], strict=False):
        prices = base
        for start, end, window_prices in windows:
            inside = start <= first < end if start < end else first >= start or first < end
            if inside:
                prices = window_prices
        if overrides:
            prices = ModelPrice(**{**_set_prices(prices), **overrides})
        yield first, last, prices, context is not None and not overrides


def _dated_prices(model: ModelInfo, day: date) -> tuple[ModelPrice, list[tuple[int, int, ModelPrice]]]:
    """The price that has started last on `day`, and the time windows that follow it in the list."""
    if isinstance(model.prices, ModelPrice):
        return model.prices, []
    base_position = 0
    for position, row in enumerate(model.prices):
        starts = row.constraint is None or (
            isinstance(row.constraint, StartDateConstraint) and row.constraint.start_date <= day
        )
        if starts:
            base_position = position
    windows = []
    for row in model.prices[base_position + 1 :]:
        if not isinstance(row.constraint, TimeOfDateConstraint):
            break
        windows.append((_second(row.constraint.start_time), _second(row.constraint.end_time), row.prices))
    return model.prices[base_position].prices, windows


def _variant_prices(model: ModelInfo, context: tuple[str, str] | None, day: date) -> dict[str, Decimal | TieredPrices]:
    overrides: dict[str, Decimal | TieredPrices] = {}
    if context is None:
        return overrides
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    for variant in model.price_variants or ():
        active = variant.constraint is None or variant.constraint.active(noon)
        if active and tuple(variant.when.items()) == (context,):
            for key, price in _set_prices(variant.prices).items():
                overrides.setdefault(key, price)
    return overrides


def _set_prices(prices: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    return {key: value for key, value in vars(prices).items() if value is not None and not key.startswith("_")}


def _second(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _class_prices(prices: ModelPrice) -> Iterator[tuple[str, int, int | None, Decimal, str]]:
    """(usage class, above, up to, price of one unit, key of the list) for each class and context tier."""
    by_key = _set_prices(prices)
    units = {unit["price_key"]: unit for unit in unit_data.values() if unit["price_key"] in by_key}
    tiered = [value for key, value in by_key.items() if key in units and isinstance(value, TieredPrices)]
    lows = sorted({0, *(tier.start for value in tiered for tier in value.tiers)})
    for token_class, dimensions in CLASS_DIMENSIONS.items():
        holders = [key for key, unit in units.items() if unit["dimensions"].items() <= dimensions.items()]
        if not holders:
            continue
        # the most specific unit; of equally specific ones the one that knows the cache, as vendors price by it first
        key = max(holders, key=lambda k: (len(units[k]["dimensions"]), "token_type" in units[k]["dimensions"], k))
        for low, high in zip(lows, [*lows[1:], None], strict=True):
            price = _tier_price(by_key[key], low)
            yield token_class, low, high, unit_price(price / units[key]["per"]), key


def _tier_price(price: Decimal | TieredPrices, low: int) -> Decimal:
    """The price that holds for a total input just above `low`."""
    if not isinstance(price, TieredPrices):
        return price
    applicable = price.base
    for tier in price.tiers:
        if low >= tier.start:
            applicable = tier.price
    return applicable
