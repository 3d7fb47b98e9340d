"""Every body that a vendor really sent is read as genai-prices reads it; where not, we say why."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import duckdb

from tests.unit.usage_shapes.bodies import Body
from tests.unit.usage_shapes.envelopes import SECRET

# What genai-prices counts, from our disjoint classes. Its totals are inclusive, its subsets overlap.
SUBSETS = {
    "cache_read_tokens": ("input_cache_read", "input_cache_read_audio", "input_cache_read_image"),
    "cache_audio_read_tokens": ("input_cache_read_audio",),
    "cache_image_read_tokens": ("input_cache_read_image",),
    "cache_write_tokens": ("input_cache_write_5m", "input_cache_write_1h", "input_cache_write_unspecified"),
    "cache_write_5m_tokens": ("input_cache_write_5m",),
    "cache_write_1h_tokens": ("input_cache_write_1h",),
    "input_audio_tokens": ("input_audio", "input_cache_read_audio"),
    "input_image_tokens": ("input_image", "input_cache_read_image"),
    "input_video_tokens": ("input_video",),
    "output_reasoning_tokens": ("output_reasoning",),
    "output_audio_tokens": ("output_audio",),
    "output_image_tokens": ("output_image",),
    "output_video_tokens": ("output_video",),
}
# (provider, what differs) -> number of bodies. The reasons:
DISAGREEMENTS = {
    # compaction is billed and is not in the top level, which is all that genai-prices reads
    ("anthropic", "input_tokens"): 1,
    ("anthropic", "output_tokens"): 1,
    # it does not know `num_cached_tokens`, Mistral's newer name
    ("mistral", "cache_read_tokens"): 9,
    # of a cached video we keep that it was cached, not that it was a video: no list prices it apart
    ("google", "input_video_tokens"): 1,
    # the set is older than the extractor that reads Bedrock's cacheDetails
    ("aws", "cache_write_5m_tokens"): 2,
}


def counts_of(row: dict) -> dict[str, int]:
    """A request in genai-prices' names."""
    counts = {name: sum(row[f"{part}_tokens"] for part in parts) for name, parts in SUBSETS.items()}
    counts["input_tokens"], counts["output_tokens"] = row["input_total_tokens"], row["output_total_tokens"]
    counts["web_searches"] = row["web_searches"] or 0
    return counts


def test_every_body_is_read_as_its_provider_counts(bodies: list[Body], requests: dict[str, dict]) -> None:
    differences: Counter[tuple[str, str]] = Counter()
    for body in bodies:
        for name, count in counts_of(requests[body.body_id]).items():
            # two bodies of Ollama, for which the set has no extractor, are read too
            if body.usage is not None and count != body.usage.get(name, 0):
                differences[body.provider, name] += 1
    assert differences == DISAGREEMENTS


def test_classes_add_up_and_no_body_breaks_a_rule(bodies: list[Body], requests: dict[str, dict]) -> None:
    assert len(bodies) == 566
    for row in (requests[body.body_id] for body in bodies):
        tokens = {name: count for name, count in row.items() if name.endswith("_tokens") and "_total_" not in name}
        assert min(tokens.values()) >= 0
        for direction in ("input", "output"):
            parts = sum(count for name, count in tokens.items() if name.startswith(f"{direction}_"))
            assert parts == row[f"{direction}_total_tokens"]
        assert row["dq_status"] == "ok"


def test_the_shape_is_told_by_keys(bodies: list[Body], requests: dict[str, dict]) -> None:
    assert Counter(requests[body.body_id]["usage_shape"] for body in bodies) == {
        "gemini": 131,
        "openai_chat": 126,
        "openai_responses": 90,
        "anthropic_messages": 90,
        "bedrock_converse": 87,
        "openrouter_chat": 17,
        "mistral_chat": 15,
        "cohere": 8,
        "deepseek_chat": 1,
        "openai_embeddings": 1,
    }


def test_prompts_and_answers_stay_in_landing(raw) -> None:
    with duckdb.connect(str(raw), read_only=True) as con:
        for table in ("model_responses", "bedrock_invocations", "litellm_callbacks", "litellm_spend_logs"):
            landed = con.sql(f"from raw.{table}").to_arrow_table().to_pylist()
            assert landed, table
            assert not any(SECRET in str(value) for row in landed for value in row.values()), table


# (provider, model) -> bodies whose price is another here, and why.
PRICED_OTHERWISE = {
    # a web search has a fee; the set has the prices of input and output only
    ("anthropic", "claude-sonnet-4-6"): 2,
    ("anthropic", "claude-sonnet-4-20250514"): 2,
    ("anthropic", "claude-sonnet-4-5-20250929"): 1,
    # the list has learnt since that the name is Medium 3.5 from 2026-06-16 on: 1.5 and 7.5 USD a million, where the set has 0.4 and 2
    ("mistral", "mistral-medium-latest"): 15,
    # the list has no audio price of this model and falls back to text
    ("openai", "gpt-4o-audio-preview-2024-12-17"): 2,
    # the list has no price of it; that it is free is for an override of 0 with an end to say (T3)
    ("openrouter", "google/gemini-2.0-flash-exp:free"): 1,
}


def test_every_body_costs_what_its_provider_charges(bodies: list[Body], requests: dict[str, dict]) -> None:
    differences: Counter[tuple[str, str | None]] = Counter()
    compared = 0
    for body in bodies:
        if body.input_price is not None and body.output_price is not None:
            compared += 1
            cost = requests[body.body_id]["list_cost"]
            if cost is None or abs(cost - body.input_price - body.output_price) > Decimal("1e-12"):
                differences[body.provider, body.model] += 1
    assert compared == 457
    assert differences == PRICED_OTHERWISE
