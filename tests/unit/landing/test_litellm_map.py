"""LiteLLM's map as reference data: a row a price, bad prices and unknown fields rejected one by one."""

from __future__ import annotations

import importlib.util
import json
from decimal import Decimal
from pathlib import Path

NAME = "model_prices_and_context_window.json"
PACKAGED = Path(importlib.util.find_spec("litellm").origin).with_name("model_prices_and_context_window_backup.json")
ROWS = "select model, price_key, tier_start, amount from raw.litellm_prices where model = '{}' order by price_key, tier_start"


def entry(**fields: object) -> dict:
    return {"litellm_provider": "openai", "mode": "chat", "max_tokens": 8192, "supports_vision": True} | fields


def deliver(own_schemas, models: dict, **options):
    return own_schemas.deliver("reference", json.dumps(models), NAME, **options)


def test_a_price_is_a_row_and_what_is_no_price_is_none(own_schemas):
    tiers = [
        {"range": [0, 32000.0], "input_cost_per_token": 5e-8, "output_cost_per_token": 4e-7},
        {"range": [32000.0, 1000000.0], "input_cost_per_token": 2.5e-7},
    ]
    models = {
        "sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of https://docs.litellm.ai"},
        "a": entry(input_cost_per_token=2.5e-06, search_context_cost_per_query={"search_context_size_low": 0.01}),
        "b": entry(tiered_pricing=tiers),
        "c": entry(provider_specific_entry={"us": 1.1, "schema": "v2"}, output_cost_per_token_above_272k_tokens="3e-5"),
        "d": entry(input_cost_per_token=1e-6, off_peak_pricing={"windows": []}),
    }
    result = deliver(own_schemas, models, mapping={"known_from": "=2026-11-01"})
    assert (result.loaded, result.rejected) == (8, 0)
    assert own_schemas.query(ROWS.format("a")) == [
        ("a", "input_cost_per_token", None, Decimal("0.0000025")),
        ("a", "search_context_cost_per_query.search_context_size_low", None, Decimal("0.01")),
    ]
    assert own_schemas.query(ROWS.format("b")) == [
        ("b", "input_cost_per_token", 0, Decimal("0.00000005")),
        ("b", "input_cost_per_token", 32_000, Decimal("0.00000025")),
        ("b", "output_cost_per_token", 0, Decimal("0.0000004")),
    ]
    assert own_schemas.query(ROWS.format("c")) == [
        ("c", "output_cost_per_token_above_272k_tokens", None, Decimal("0.00003")),
        ("c", "provider_specific_entry.us", None, Decimal("1.1")),
    ]
    shown = "select model, is_by_clock, mode, cast(known_from as varchar) from raw.litellm_prices where model in ('a', 'd') group by all order by 1"
    assert own_schemas.query(shown) == [("a", False, "chat", "2026-11-01"), ("d", True, "chat", "2026-11-01")]


def test_bad_prices_are_rejected_one_by_one_with_their_reason(own_schemas):
    good = {f"good-{number}": entry(input_cost_per_token=1e-6) for number in range(700)}
    bad = {
        "negative": entry(input_cost_per_token=-1e-6),
        "words": entry(input_cost_per_token="free", output_cost_per_token=2e-6),
        "not-stated": entry(output_cost_per_token=None),
        "unknown": entry(input_cost_per_widget=1e-6),
        "no-provider": {"input_cost_per_token": 1e-6},
        "no-object": 7,
    }
    result = deliver(own_schemas, good | bad)
    assert (result.loaded, result.rejected) == (701, 5)
    reasons = own_schemas.query("select field, reason, value from raw.load_rejects order by all")
    assert [(field, reason[:15], value) for field, reason, value in reasons] == [
        ("amount", "is below 0", "-0.000001"),
        ("amount", "is no decimal(3", "free"),
        ("litellm_provider", "is missing", None),
        ("litellm_provider", "is missing", None),
        ("price_key", "fails the check", "unknown price input_cost_per_widget"),
    ]


def test_another_file_is_refused(own_schemas):
    for content in ('{"models": [1, 2]}', "[1, 2]", '{"a": '):
        assert own_schemas.deliver("reference", content, NAME).outcome == "refused"


def test_the_map_of_the_installed_release_has_no_field_that_is_unknown(own_schemas):
    result = own_schemas.deliver("reference", PACKAGED.read_text(), NAME)
    assert (result.outcome, result.rejected) == ("loaded", 0)
    assert result.loaded > 14_000
