"""List and contract prices of the models of the world, one row per (model, day range, context tier, token class).

List prices are read from the genai-prices data as its documentation states them: of the dated price rows the last
that has started applies; a price with tiers applies to all tokens of a request whose total input is above the tier's
start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from genai_prices.data import providers

from .company import CONTRACTS, GATEWAY_ROUTES, Contract
from .timeline import Timeline

MILLION = Decimal(1_000_000)
# token class -> the keys of genai-prices that price it, the first that is set wins
PRICE_KEYS = {
    "input_uncached_text": ("input_mtok",),
    "input_cache_read": ("cache_read_mtok", "input_mtok"),
    "input_cache_write_5m": ("cache_write_mtok", "input_mtok"),
    "input_cache_write_1h": ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    "input_cache_write_unspecified": ("cache_write_mtok", "input_mtok"),
    "output_text": ("output_mtok",),
    "output_reasoning": ("output_mtok",),
}


@dataclass(frozen=True)
class Price:
    """Unit prices in USD per token of one token class; `above` is the exclusive threshold of total input (0 = base)."""

    provider: str
    model_id: str
    token_class: str
    above: int
    valid_from: date
    valid_to: date
    list_price: Decimal
    contract_price: Decimal


def price_book(timeline: Timeline) -> list[Price]:
    """Prices of every model of the world for each day of the timeline, merged over equal days.

    Raises:
        ValueError: If a contract price does not fit 12 decimals per token: the bill could then not be exact.
    """
    days = [*timeline.days, timeline.data_end.date()]
    book: list[Price] = []
    for provider, model_id in sorted({(r.provider, r.model_id) for r in GATEWAY_ROUTES}):
        runs: dict[tuple, list] = {}
        for day in days:
            for (token_class, above), list_price in _list_prices(provider, model_id, day).items():
                price = (list_price, _contract_price(provider, model_id, token_class, list_price, day, timeline))
                spans = runs.setdefault((token_class, above), [])
                if spans and spans[-1][2] == price and spans[-1][1] == day:
                    spans[-1][1] = day + timedelta(days=1)
                else:
                    spans.append([day, day + timedelta(days=1), price])
        for (token_class, above), spans in runs.items():
            for first, last, (list_price, contract_price) in spans:
                if contract_price != round(contract_price, 12):
                    raise ValueError(f"{provider} {model_id} {token_class}: {contract_price} does not fit 12 decimals")
                book.append(Price(provider, model_id, token_class, above, first, last, list_price, contract_price))
    return book


def _list_prices(provider_id: str, model_id: str, day: date) -> dict[tuple[str, int], Decimal]:
    provider = next(p for p in providers if p.id == provider_id)
    model = next(m for m in provider.models if m.id == model_id)
    priced = model.prices
    if isinstance(priced, list):
        started = [row for row in priced if row.constraint is None or row.constraint.start_date <= day]
        priced = started[-1].prices
    prices: dict[tuple[str, int], Decimal] = {}
    for token_class, keys in PRICE_KEYS.items():
        value = next((v for v in (getattr(priced, key, None) for key in keys) if v is not None), None)
        if value is None:
            continue
        if hasattr(value, "tiers"):
            prices[token_class, 0] = value.base / MILLION
            for tier in value.tiers:
                prices[token_class, tier.start] = tier.price / MILLION
        else:
            prices[token_class, 0] = value / MILLION
    # a class without a tier of its own keeps its base price where another class of the model has one
    for above in {above for _, above in prices} - {0}:
        for token_class in PRICE_KEYS:
            if (token_class, 0) in prices:
                prices.setdefault((token_class, above), prices[token_class, 0])
    return prices


def _contract_price(
    provider: str, model_id: str, token_class: str, list_price: Decimal, day: date, timeline: Timeline
) -> Decimal:
    def matches(rate: Contract) -> bool:
        in_open_month = day >= timeline.months[-1].start.date()
        return (
            rate.provider == provider
            and rate.model_pattern in ("*", model_id)
            and rate.token_class in ("*", token_class)
            and rate.from_open_month in (None, in_open_month)
        )

    rates = sorted(filter(matches, CONTRACTS), key=lambda r: (r.model_pattern == "*", r.token_class == "*"))
    if not rates:
        return list_price
    if rates[0].unit_price_per_million is not None:
        return rates[0].unit_price_per_million / MILLION
    return list_price * (100 - rates[0].discount_pct) / 100
