"""LiteLLM's map completes the book: where the list and the facts know nothing, from the day on which it was known."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

# Read when litellm is imported: without it, it asks the network for its map.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import litellm
from litellm.types.utils import PromptTokensDetailsWrapper, Usage

from orchestration.lake.raw_views import register
from orchestration.reference.book import extra_models, price_book
from orchestration.reference.litellm_prices import LitellmPrices, MapRow, litellm_prices, read_maps
from orchestration.reference.model_aliases import provider_aliases, resolve
from orchestration.reference.price_overrides import EVERY, Override
from orchestration.reference.price_rows import BEGINNING, TokenPrice, content_hash
from orchestration.settings import PROJECT_DIR, Settings
from tests.conftest import Warehouse
from tests.unit.pricing.test_declared_prices import DAY, price

ALIASES = provider_aliases(PROJECT_DIR)
PACKAGED = Path(litellm.__file__).with_name("model_prices_and_context_window_backup.json")
PROVIDERS = ("openai", "anthropic", "google", "x-ai", "cohere")


def row(model: str, key: str, amount: str, **others: object) -> MapRow:
    fields = {"litellm_provider": "openai", "mode": "chat", "tier_start": None, "known_from": BEGINNING, "map_id": "a"}
    return MapRow(model=model, price_key=key, amount=Decimal(amount), **fields | others)


def completed(*rows: MapRow, overrides: tuple[Override, ...] = ()) -> list[TokenPrice]:
    return price_book(PROVIDERS, overrides, litellm_prices(rows, ALIASES))


@pytest.fixture(scope="module")
def plain() -> list[TokenPrice]:
    return price_book(ALIASES.values())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> LitellmPrices:
    """The map of the installed release, landed and loaded."""
    home = tmp_path_factory.mktemp("map") / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    warehouse = Warehouse(settings, home.parent / "inputs")
    warehouse.deliver("reference", PACKAGED.read_text(), "model_prices_and_context_window.json")
    with duckdb.connect() as con:
        register(con, settings)
        return litellm_prices(read_maps(con), ALIASES)


@pytest.fixture(scope="module")
def enriched(whole: LitellmPrices) -> list[TokenPrice]:
    return price_book(ALIASES.values(), (), whole)


def cell_of(one: TokenPrice) -> tuple:
    return (
        one.provider_id, one.model_id, one.token_class, one.service_tier, one.processing, one.residency, one.tier_start,
        one.window_start_second, one.weekdays, one.valid_from,
    )  # fmt: skip


def test_a_model_that_the_list_lacks_is_priced_and_its_name_resolved() -> None:
    rows = [
        row("gpt-99", "input_cost_per_token", "0.000002"),
        row("gpt-99", "input_cost_per_token_above_272k_tokens", "0.000004"),
        row("gpt-99", "output_cost_per_token", "0.000008"),
        row("gpt-99", "output_cost_per_token_batches", "0.000004"),
        row("gpt-99", "cache_read_input_token_cost", "0"),
    ]
    book = completed(*rows)
    assert price(book, "gpt-99", "input_uncached_text", size=272_000) == Decimal("0.000002")
    assert price(book, "gpt-99", "input_uncached_text", size=272_001) == Decimal("0.000004")
    assert price(book, "gpt-99", "output_text", processing="batch") == Decimal("0.000004")
    # reasoning is output, in every tier; a class without a price is its parent, as vendors bill it
    assert price(book, "gpt-99", "output_reasoning") == Decimal("0.000008")
    assert price(book, "gpt-99", "output_reasoning", processing="batch") == Decimal("0.000004")
    assert price(book, "gpt-99", "input_cache_write_1h") == Decimal("0.000002")
    # sound is not: nothing is better than the price of text
    assert price(book, "gpt-99", "input_audio") is None
    [alias] = resolve({("openai", "gpt-99"): "2026-10-01"}, ALIASES, extra_models((), litellm_prices(rows, ALIASES)))
    assert (alias.model_id, alias.price_provider_id, alias.matched_by) == ("gpt-99", "openai", "declared")


def test_a_price_of_zero_is_not_known() -> None:
    """T3: LiteLLM writes 0 for free and for unknown; a free model is declared by an override."""
    [free] = [row for row in litellm_prices([row("gpt-99", "output_cost_per_token", "0")], ALIASES).prices.values()]
    assert free == []


def test_list_facts_and_overrides_go_before_the_map(plain: list[TokenPrice]) -> None:
    declared = Override(
        "openai", "gpt-99", "output_text", EVERY, EVERY, EVERY, 0, "whole", BEGINNING, None, Decimal("0.000007"), ""
    )
    book = completed(
        row("gpt-5.4", "output_cost_per_token", "0.000099"),
        row("gpt-5.4", "output_cost_per_token_flex", "0.000099"),
        row("gpt-5.4", "output_cost_per_token_ultrafast", "0.000099"),
        *(
            row("gpt-5.4", f"search_context_cost_per_query.search_context_size_{size}", "0.5")
            for size in ("low", "medium", "high")
        ),
        row("gpt-5.4", "regional_processing_uplift_multiplier_eu", "1.5"),
        row("gpt-4o-mini", "regional_processing_uplift_multiplier_eu", "1.5"),
        row("gpt-99", "output_cost_per_token", "0.000099"),
        overrides=(declared,),
    )
    for variant in ({}, {"service_tier": "flex"}, {"residency": "eu"}):
        assert price(book, "gpt-5.4", "output_text", **variant) == price(plain, "gpt-5.4", "output_text", **variant)
    assert price(book, "gpt-5.4", "web_searches") == Decimal("0.01")
    assert price(book, "gpt-99", "output_text") == Decimal("0.000007")
    # what neither knows is the map's
    assert price(book, "gpt-5.4", "output_text", service_tier="ultrafast") == Decimal("0.000099")
    assert price(book, "gpt-4o-mini", "output_text", residency="eu") == Decimal("0.0000009")


def test_a_tier_of_the_map_says_nothing_above_a_threshold_that_it_does_not_name() -> None:
    book = completed(row("gpt-5.4", "output_cost_per_token_ultrafast", "0.000099"))
    assert price(book, "gpt-5.4", "output_text", size=272_000, service_tier="ultrafast") == Decimal("0.000099")
    assert price(book, "gpt-5.4", "output_text", size=272_001, service_tier="ultrafast") is None


def test_what_the_list_falls_back_to_gives_way_to_the_class_own_price(plain: list[TokenPrice]) -> None:
    """The list takes the text price for the audio of a model whose audio price it does not know."""
    model = "gpt-5.4"
    assert price(plain, model, "input_audio") == price(plain, model, "input_uncached_text")
    book = completed(row(model, "input_cost_per_audio_token", "0.000003"))
    assert price(book, model, "input_audio") == Decimal("0.000003")
    assert price(book, model, "input_uncached_text") == price(plain, model, "input_uncached_text")


def test_thresholds_of_xai_are_inclusive_and_everybody_elses_are_not() -> None:
    book = completed(
        row("xai/grok-99", "input_cost_per_token", "0.000002", litellm_provider="xai"),
        row("xai/grok-99", "input_cost_per_token_above_200k_tokens", "0.000004", litellm_provider="xai"),
    )
    assert price(book, "grok-99", "input_uncached_text", size=199_999) == Decimal("0.000002")
    assert price(book, "grok-99", "input_uncached_text", size=200_000) == Decimal("0.000004")


def test_declared_tiers_hold_for_the_whole_request() -> None:
    steps = [(0, "0.00000005"), (32_000, "0.00000025")]
    provider = {"litellm_provider": "dashscope"}
    book = completed(
        *(
            row("dashscope/qwen-99", "input_cost_per_token", amount, tier_start=start, **provider)
            for start, amount in steps
        )
    )
    rows = [one for one in book if one.model_id == "qwen-99" and one.token_class == "input_uncached_text"]
    assert [(one.tier_start, one.tier_end, one.tier_mode) for one in rows] == [
        (0, 32_000, "whole"),
        (32_000, None, "whole"),
    ]


def test_a_map_holds_from_the_day_on_which_it_was_known_until_the_next() -> None:
    first, second, third = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
    states = [(first, "0.000002"), (second, "0.000002"), (third, "0.000001")]
    rows = [
        row("gpt-99", "output_cost_per_token", amount, known_from=day, map_id=str(day)) for day, amount in states
    ] + [row("gpt-98", "output_cost_per_token", "0.000005", known_from=first, map_id=str(first))]
    book = completed(*rows)
    days = (date(2026, 8, 31), first, second, date(2026, 10, 31), third)
    assert [price(book, "gpt-99", "output_text", day) for day in days] == [
        None, Decimal("0.000002"), Decimal("0.000002"), Decimal("0.000002"), Decimal("0.000001"),
    ]  # fmt: skip
    # a model that a later map drops has no price from then on
    assert [price(book, "gpt-98", "output_text", day) for day in days[:3]] == [None, Decimal("0.000005"), None]
    # a map that changes no price opens no book
    assert content_hash(completed(*rows)) == content_hash(
        completed(
            *(one for one in rows if one.known_from != second or one.model == "gpt-98"),
            *(
                row("gpt-97", "output_cost_per_token", "0", known_from=second),
                row("gpt-99", "output_cost_per_token", "0.000002", known_from=second, map_id="b"),
            ),
        )
    )


def test_every_price_has_one_winner_and_none_of_the_list_changes(
    plain: list[TokenPrice], enriched: list[TokenPrice]
) -> None:
    twice = [cell for cell, count in Counter(map(cell_of, enriched)).items() if count > 1]
    assert not twice
    spans: dict[tuple, list[TokenPrice]] = {}
    for one in enriched:
        spans.setdefault((one.provider_id, one.model_id, one.token_class), []).append(one)
    lost = []
    for one in plain:
        if one.is_fallback:
            continue
        same = [
            other
            for other in spans[one.provider_id, one.model_id, one.token_class]
            if (other.service_tier, other.processing, other.residency) == (one.service_tier, one.processing, one.residency)
            and other.tier_start <= one.tier_start and (other.tier_end is None or other.tier_end > one.tier_start)
            and other.valid_from <= one.valid_from and (other.valid_to is None or other.valid_to > one.valid_from)
            and other.window_start_second <= one.window_start_second < other.window_end_second
            and one.weekdays[0] in other.weekdays
        ]  # fmt: skip
        if [other.unit_price_usd for other in same] != [one.unit_price_usd]:
            lost.append((one, same))
    assert not lost, lost[:2]
    assert sum(one.source == "litellm" for one in enriched) > 15_000


# Where LiteLLM's calculator does not take the price that the map has under the name.
OWN_RULES = {
    "fireworks_ai": "a cache read without a price is half the input by a rule of LiteLLM's code",
    "gemini-exp-1206": "LiteLLM prices the name by another entry, which is free",
}


def test_models_of_the_map_cost_what_litellms_calculator_says(whole: LitellmPrices, enriched: list[TokenPrice]) -> None:
    book: dict[tuple[str, str], list[TokenPrice]] = {}
    for one in enriched:
        if one.source == "litellm" and (one.service_tier, one.processing) == ("standard", "standard"):
            book.setdefault((one.provider_id, one.model_id), []).append(one)
    new = set(whole.new_models)
    compared, different = 0, []
    subjects: set[tuple[str, str]] = set()
    # Of two names of one model the shorter one's price is taken.
    for name, entry in sorted(litellm.model_cost.items(), key=lambda item: (len(item[0]), item[0])):
        maker = entry.get("litellm_provider", "")
        provider = ALIASES.get(maker, maker)
        bare = name.removeprefix(f"{maker}/")
        if (provider, bare) not in new or (provider, bare) in subjects:
            continue
        subjects.add((provider, bare))
        if entry.get("mode") != "chat" or "off_peak_pricing" in entry:
            continue
        for size in (1000, 128_000, 128_001, 300_000):
            cost = {
                one.token_class: one.unit_price_usd
                for one in book.get((provider, bare), ())
                if one.tier_start < size and (one.tier_end is None or size <= one.tier_end) and one.residency == "any"
            }
            if not {"input_uncached_text", "input_cache_read", "output_text"} <= cost.keys():
                continue
            usage = Usage(
                prompt_tokens=size, completion_tokens=50, total_tokens=size + 50,
                prompt_tokens_details=PromptTokensDetailsWrapper(cached_tokens=400),
            )  # fmt: skip
            parts = litellm.cost_per_token(
                model=name, custom_llm_provider=maker, prompt_tokens=size, completion_tokens=50, usage_object=usage
            )
            ours = (
                (size - 400) * cost["input_uncached_text"] + 400 * cost["input_cache_read"] + 50 * cost["output_text"]
            )
            compared += 1
            # prices of more than twelve places are rounded to them
            if abs(ours - Decimal(sum(parts))) > Decimal("1e-12") * (size + 50):
                different.append((name, size, ours, sum(parts)))
    found = {name.split("/")[0] for name, *_ in different}
    assert found == OWN_RULES.keys(), [one for one in different if one[0].split("/")[0] not in OWN_RULES][:5]
    assert compared > 2_000


def test_a_price_on_every_day_is_a_day_of_the_map(enriched: list[TokenPrice]) -> None:
    """Landed without a day the map holds from the beginning, as an override does."""
    one = next(one for one in enriched if one.source == "litellm")
    assert one.valid_from <= DAY
    assert one.version.startswith("LiteLLM's map ")
