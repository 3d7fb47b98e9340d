"""Prices that facts and the organisation declare: they win, where and when they say so, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from orchestration.reference.book import price_book
from orchestration.reference.price_overrides import Override, read_overrides
from orchestration.reference.price_rows import TokenPrice, content_hash

DAY = date(2026, 11, 10)
COLUMNS = {
    "provider_id": "varchar", "model_id": "varchar", "token_class": "varchar", "service_tier": "varchar",
    "processing": "varchar", "residency": "varchar", "tier_start": "bigint", "tier_is_inclusive": "boolean",
    "tier_mode": "varchar", "price_usd": "decimal(38,12)", "per": "bigint", "note": "varchar", "valid_from": "date",
    "valid_to": "date",
}  # fmt: skip


def overrides(*rows: dict) -> list[Override]:
    """Overrides as they come out of the raw table."""
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute(f"create table raw.price_overrides ({', '.join(f'{k} {v}' for k, v in COLUMNS.items())})")
        for row in rows:
            con.execute(
                f"insert into raw.price_overrides ({', '.join(row)}) values ({', '.join('?' * len(row))})",
                [*row.values()],
            )
        return read_overrides(con)


def book(*rows: dict, providers: tuple[str, ...] = ("openai", "anthropic", "google", "cohere")) -> list[TokenPrice]:
    return price_book(providers, overrides(*rows))


def price(
    rows: list[TokenPrice], model: str, token_class: str, day: date = DAY, *, size: int = 1, **variant: str
) -> Decimal | None:
    """The one price that holds, None where there is none; two would fail."""
    wanted = {"service_tier": "standard", "processing": "standard", "residency": "any"} | variant
    found = [
        row.unit_price_usd
        for row in rows
        if (row.model_id, row.token_class) == (model, token_class)
        and row.valid_from <= day
        and (row.valid_to is None or day < row.valid_to)
        and row.tier_start < size
        and (row.tier_end is None or size <= row.tier_end)
        and row.window_start_second == 0
        and str(day.isoweekday()) in row.weekdays
        and all(getattr(row, name) == value for name, value in wanted.items())
    ]
    assert len(found) <= 1, found
    return found[0] if found else None


@pytest.fixture(scope="module")
def plain() -> list[TokenPrice]:
    return book()


GPT = {"provider_id": "openai", "model_id": "gpt-5.4"}


def test_an_override_wins_on_its_days_only(plain: list[TokenPrice]) -> None:
    rows = book(GPT | {"token_class": "output_text", "price_usd": 7, "valid_from": DAY, "valid_to": date(2026, 11, 20)})
    assert price(plain, "gpt-5.4", "output_text") == Decimal("0.000015")
    before, last, after = date(2026, 11, 9), date(2026, 11, 19), date(2026, 11, 20)
    found = [price(rows, "gpt-5.4", "output_text", day) for day in (before, DAY, last, after)]
    assert found == [Decimal("0.000015"), Decimal("0.000007"), Decimal("0.000007"), Decimal("0.000015")]
    # blank dimensions: every tier, processing, place and context size
    assert price(rows, "gpt-5.4", "output_text", processing="batch") == Decimal("0.000007")
    assert price(rows, "gpt-5.4", "output_text", residency="eu", size=300_000) == Decimal("0.000007")
    # and no other class
    for token_class in ("input_uncached_text", "input_cache_read", "web_searches"):
        assert price(rows, "gpt-5.4", token_class) == price(plain, "gpt-5.4", token_class)


def test_an_override_of_one_tier_leaves_the_others(plain: list[TokenPrice]) -> None:
    rows = book(GPT | {"token_class": "output_text", "service_tier": "priority", "residency": "any", "price_usd": 7})
    assert price(rows, "gpt-5.4", "output_text", service_tier="priority") == Decimal("0.000007")
    assert price(rows, "gpt-5.4", "output_text") == price(plain, "gpt-5.4", "output_text")
    # what is declared for anywhere is uplifted in a place, as a list price is
    assert price(rows, "gpt-5.4", "output_text", service_tier="priority", residency="eu") == Decimal("0.0000077")


def test_a_free_preview_is_a_price_of_zero_with_an_end() -> None:
    rows = book({"provider_id": "openai", "model_id": "gpt-7-preview", "price_usd": 0, "valid_to": date(2026, 12, 1)})
    assert price(rows, "gpt-7-preview", "output_text") == 0
    assert price(rows, "gpt-7-preview", "web_searches") == 0
    assert price(rows, "gpt-7-preview", "output_text", date(2026, 12, 1)) is None


@pytest.mark.parametrize(("inclusive", "base", "high"), [(False, 200_000, 200_001), (True, 199_999, 200_000)])
def test_thresholds_are_exclusive_in_the_book_however_they_are_meant(inclusive: bool, base: int, high: int) -> None:
    tier = GPT | {"token_class": "output_text", "price_usd": 30, "tier_start": 200_000, "tier_is_inclusive": inclusive}
    rows = book(GPT | {"token_class": "output_text", "price_usd": 20}, tier)
    assert price(rows, "gpt-5.4", "output_text", size=base) == Decimal("0.00002")
    assert price(rows, "gpt-5.4", "output_text", size=high) == Decimal("0.00003")


def test_a_price_declared_for_large_requests_leaves_small_ones_to_the_list() -> None:
    rows = book(GPT | {"token_class": "output_text", "price_usd": 30, "tier_start": 100_000})
    assert price(rows, "gpt-5.4", "output_text", size=100_000) == Decimal("0.000015")
    assert price(rows, "gpt-5.4", "output_text", size=100_001) == Decimal("0.00003")


def test_a_price_may_be_per_any_number_of_units() -> None:
    rows = book(GPT | {"token_class": "web_searches", "price_usd": 8, "per": 1000})
    assert price(rows, "gpt-5.4", "web_searches") == Decimal("0.008")


def test_places_cost_what_the_facts_say(plain: list[TokenPrice]) -> None:
    """pricing_rules.md, section 5: gpt-5.4 in the EU 0.044 for 0.040; claude-opus-4-8 in the US 0.0825 for 0.075."""
    assert price(plain, "gpt-5.4", "input_uncached_text", residency="eu") == Decimal("0.00000275")
    assert price(plain, "gpt-5.4", "output_text", residency="us") == Decimal("0.0000165")
    assert price(plain, "claude-opus-4-8", "output_text", residency="us") == Decimal("0.0000275")
    assert price(plain, "gpt-4o-mini", "output_text", residency="eu") is None
    # tools cost the same everywhere
    assert price(plain, "gpt-5.4", "web_searches", residency="eu") == Decimal("0.01")


def test_fees_of_tools(plain: list[TokenPrice]) -> None:
    """pricing_rules.md, section 2: searches $10 a thousand, files $2.5; Gemini 2 by the prompt, 3 by the query."""
    assert price(plain, "claude-opus-4-8", "web_searches") == Decimal("0.01")
    assert price(plain, "gpt-5.4-nano", "storage_searches") == Decimal("0.0025")
    assert price(plain, "gemini-2.5-pro", "grounded_prompts") == Decimal("0.035")
    assert price(plain, "gemini-2.5-pro", "web_searches") == 0
    assert price(plain, "gemini-3.5-flash", "grounded_prompts") == 0
    assert price(plain, "gemini-3.5-flash", "web_searches") == Decimal("0.014")
    assert price(plain, "gemini-2.5-pro", "maps_queries") == Decimal("0.025")
    assert price(plain, "rerank-v3.5", "rerank_searches") == Decimal("0.002")


def test_audio_without_a_price_of_its_own_is_unknown_and_not_text(plain: list[TokenPrice]) -> None:
    # OpenAI states no price of cached sound for it
    assert price(plain, "gpt-4o-audio-preview", "input_cache_read") is not None
    assert price(plain, "gpt-4o-audio-preview", "input_cache_read_audio") is None
    assert price(plain, "gpt-4o-audio-preview", "input_audio") == Decimal("0.00004")
    assert price(plain, "gpt-realtime", "input_audio") == Decimal("0.000032")


def test_time_and_length_are_priced_by_the_unit(plain: list[TokenPrice]) -> None:
    assert price(plain, "whisper-1", "input_audio_seconds") == Decimal("0.0001")
    assert price(plain, "tts-1", "input_characters") == Decimal("0.000015")


def test_a_book_is_known_by_its_prices_and_not_by_the_release(plain: list[TokenPrice]) -> None:
    renamed = [replace(row, version="next", source="other") for row in plain]
    assert content_hash(reversed(renamed)) == content_hash(plain)
    assert content_hash([*plain[:-1], replace(plain[-1], unit_price_usd=Decimal(1))]) != content_hash(plain)
