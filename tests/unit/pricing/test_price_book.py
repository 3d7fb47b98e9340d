"""What the price book does differently from genai-prices on purpose, and what a reader may rely on."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.data import providers
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, Provider, StartDateConstraint

from orchestration.reference.book import price_book
from orchestration.reference.price_book import token_prices
from orchestration.reference.price_rows import TokenPrice, write_rows


@pytest.fixture(scope="module")
def book() -> list[TokenPrice]:
    return list(token_prices(p for p in providers if p.id in ("openai", "anthropic", "deepseek")))


def find(
    book: list[TokenPrice], model: str, token_class: str, day: date, *, second: int = 0, above: int = 0, **wanted: str
) -> TokenPrice:
    variant = {"service_tier": "standard", "processing": "standard"} | wanted
    rows = [
        row
        for row in book
        if row.model_id == model
        and row.token_class == token_class
        and row.tier_start == above
        and row.valid_from <= day
        and (row.valid_to is None or day < row.valid_to)
        and row.window_start_second <= second < row.window_end_second
        and all(getattr(row, name) == value for name, value in variant.items())
    ]
    assert len(rows) == 1, rows
    return rows[0]


def test_time_windows_do_not_reach_back_before_the_price_that_they_belong_to(book: list[TokenPrice]) -> None:
    """genai-prices takes $3.96 for 1 M output of deepseek-v4-pro at 02:00 on 2026-07-01; the price was $0.87."""
    two_in_the_morning = 2 * 3600
    assert find(
        book, "deepseek-v4-pro", "output_text", date(2026, 7, 1), second=two_in_the_morning
    ).unit_price_usd == Decimal("0.00000087")
    assert find(
        book, "deepseek-v4-pro", "output_text", date(2026, 9, 1), second=two_in_the_morning
    ).unit_price_usd == Decimal("0.00000396")
    assert find(book, "deepseek-v4-pro", "output_text", date(2026, 9, 1), second=4 * 3600).unit_price_usd == Decimal(
        "0.00000198"
    )


def test_a_price_change_takes_effect_on_its_first_day(book: list[TokenPrice]) -> None:
    assert find(book, "gpt-5.6-sol", "output_text", date(2026, 8, 20)).unit_price_usd == Decimal("0.00003")
    assert find(book, "gpt-5.6-sol", "output_text", date(2026, 8, 21)).unit_price_usd == Decimal("0.00002")


def test_a_class_without_a_price_takes_its_parents_and_says_so(book: list[TokenPrice]) -> None:
    hour = find(book, "gpt-5.6-sol", "input_cache_write_1h", date(2026, 11, 1))
    assert (hour.price_key, hour.is_fallback) == ("cache_write_mtok", True)
    hour = find(book, "claude-opus-4-8", "input_cache_write_1h", date(2026, 11, 1))
    assert (hour.price_key, hour.is_fallback, hour.unit_price_usd) == ("cache_write_1h_mtok", False, Decimal("0.00001"))
    assert not find(book, "claude-opus-4-8", "input_cache_write_5m", date(2026, 11, 1)).is_fallback


def test_a_variant_before_its_first_day_is_the_standard_price_marked_as_fallback(book: list[TokenPrice]) -> None:
    before = find(book, "gpt-5.4", "output_text", date(2026, 10, 11), service_tier="flex")
    after = find(book, "gpt-5.4", "output_text", date(2026, 10, 12), service_tier="flex")
    assert (before.unit_price_usd, before.is_fallback) == (Decimal("0.000015"), True)
    assert (after.unit_price_usd, after.is_fallback) == (Decimal("0.0000075"), False)


def test_tiers_hold_above_their_start(book: list[TokenPrice]) -> None:
    base = find(book, "gpt-5.4", "input_uncached_text", date(2026, 11, 1))
    long = find(book, "gpt-5.4", "input_uncached_text", date(2026, 11, 1), above=272_000)
    assert (base.tier_end, base.unit_price_usd) == (272_000, Decimal("0.0000025"))
    assert (long.tier_end, long.unit_price_usd) == (None, Decimal("0.000005"))


def test_rows_of_one_price_neither_overlap_nor_leave_a_gap(book: list[TokenPrice]) -> None:
    spans: dict[tuple, list[tuple[date, date]]] = {}
    for row in book:
        key = (row.provider_id, row.model_id, row.token_class, row.service_tier, row.processing)
        spans.setdefault(key, []).append((row.valid_from, row.valid_to or date.max))
    for key, dates in spans.items():
        distinct = sorted(set(dates))
        assert distinct[0][0] == date(1970, 1, 1), key
        assert all(left[1] == right[0] for left, right in zip(distinct, distinct[1:], strict=False)), key
        assert distinct[-1][1] == date.max, key


def test_a_free_class_is_a_price_of_zero_and_an_unpriced_one_has_no_row() -> None:
    free = ModelPrice(input_mtok=Decimal(0))
    paid = ModelPrice(input_mtok=Decimal(3))
    model = ModelInfo(
        id="preview",
        match={"equals": "preview"},
        prices=[ConditionalPrice(prices=free), ConditionalPrice(StartDateConstraint(date(2026, 5, 1)), prices=paid)],
    )
    rows = list(token_prices([Provider(id="x", name="X", api_pattern="x", models=[model])]))
    text = [
        (row.unit_price_usd, row.valid_from, row.valid_to) for row in rows if row.token_class == "input_uncached_text"
    ]
    assert text == [(Decimal(0), date(1970, 1, 1), date(2026, 5, 1)), (Decimal("0.000003"), date(2026, 5, 1), None)]
    assert not [row for row in rows if row.token_class.startswith("output_")]


def test_the_file_has_plain_decimals_that_fit_twelve_places(tmp_path: Path) -> None:
    written = price_book(["azure"])
    write_rows(tmp_path / "prices.csv", written)
    with (tmp_path / "prices.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(written)
    assert {"openai", "anthropic", "azure"} <= {row["provider_id"] for row in rows}
    for row in rows:
        assert "E" not in row["unit_price_usd"].upper()
        assert Decimal(row["unit_price_usd"]) == round(Decimal(row["unit_price_usd"]), 12), row
