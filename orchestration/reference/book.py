"""The price book: the list, corrected and filled by facts, completed by LiteLLM's map, under the organisation's own prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestration.reference.litellm_prices import NOTHING, LitellmPrices, uplifts_besides, with_map
from orchestration.reference.price_book import list_prices
from orchestration.reference.price_cells import aligned
from orchestration.reference.price_facts import (
    models_of_facts,
    read_facts,
    read_uplifts,
    with_facts,
    with_uplifts,
    with_weekdays,
)
from orchestration.reference.price_overrides import EVERY, Override, with_overrides
from orchestration.reference.price_rows import ANYWHERE, TokenPrice


def price_book(
    provider_ids: Iterable[str], overrides: Sequence[Override] = (), litellm: LitellmPrices = NOTHING
) -> list[TokenPrice]:
    """Every price of these providers (and of those whose models they serve), and of every provider that facts, overrides
    or LiteLLM's map name; in a fixed order.
    """
    providers = set(provider_ids)
    facts = read_facts()
    # what a reseller charges for a place is nobody's price where nobody calls it there
    uplifts = [one for one in read_uplifts() if not one.served_by or one.served_by in providers]
    of_model: dict[tuple[str, str], list[TokenPrice]] = {}
    for row in list_prices(providers):
        of_model.setdefault((row.provider_id, row.model_id), []).append(row)
    for provider_id, model_id in extra_models(overrides, litellm):
        of_model.setdefault((provider_id, model_id), [])
    # A price declared for everywhere is the price in every place, so it comes again after the uplifts.
    anywhere = [one for one in overrides if one.residency in (EVERY, ANYWHERE)]
    in_places = [one for one in overrides if one.residency != ANYWHERE]
    book = []
    for (provider_id, model_id), listed in sorted(of_model.items()):
        rows = with_facts(listed, provider_id, model_id, facts)
        rows = aligned(with_weekdays(rows, provider_id, model_id))
        rows = with_map(rows, provider_id, model_id, litellm.prices.get((provider_id, model_id), ()))
        rows = with_overrides(rows, provider_id, model_id, anywhere)
        of_facts = [one for one in uplifts if one.names(provider_id, model_id)]
        rows = with_uplifts(rows, uplifts_besides(of_facts, litellm.uplifts.get((provider_id, model_id), ())))
        book += with_overrides(rows, provider_id, model_id, in_places)
    return book


def extra_models(overrides: Iterable[Override] = (), litellm: LitellmPrices = NOTHING) -> list[tuple[str, str]]:
    """(provider, model) that facts, overrides and LiteLLM's map name, which the list may not know."""
    declared = ((one.provider_id, one.model_id) for one in overrides)
    return sorted({*models_of_facts(read_facts()), *declared, *litellm.new_models})
