"""The SQL prices every model as LiteLLM's calculator does, but for the models on which the two lists differ."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.pricing.conftest import Case
from tests.unit.pricing.litellm_oracle import cost, knows

TOLERANCE = Decimal("1e-12")
# A cached token of a model without a cache price: LiteLLM's map has one.
CACHE = "the lists differ in the price of a cached token"
AUDIO = "the lists differ in the price of audio"
LIMIT = "Anthropic refuses more than 200,000 tokens of it since 2026-05-01: unknown here, LiteLLM prices them as before"
PRIORITY = "OpenAI does not sell priority above 272,000 input tokens: unknown here, LiteLLM takes the standard price"
LONG = "LiteLLM takes the standard price of the flex tier above 272,000 input tokens"
RETIRED = "DeepSeek refuses the name since 2026-07-24: genai-prices has its prices of early 2025, LiteLLM those of V3.2"
# (provider, model, service tier) -> why the two differ. Compared with genai-prices 0.2.3 and LiteLLM 1.106.2.
KNOWN: dict[tuple[str, str, str], str] = {
    ("anthropic", "claude-sonnet-4-5", "standard"): LIMIT,
    ("deepseek", "deepseek-chat", "standard"): RETIRED,
    ("deepseek", "deepseek-reasoner", "standard"): RETIRED,
    (
        "deepseek",
        "deepseek-v3.2",
        "standard",
    ): "no name of DeepSeek's API: genai-prices has a reseller's price of the model",
    ("deepseek", "deepseek-flash", "standard"): "DeepSeek has no cache writes: LiteLLM takes them for free",
    ("deepseek", "deepseek-v4-flash", "standard"): "DeepSeek has no cache writes: LiteLLM takes them for free",
    ("deepseek", "deepseek-v4-pro", "standard"): "DeepSeek has no cache writes: LiteLLM takes them for free",
    ("google", "gemini-2.5-flash-image", "standard"): f"{AUDIO}; {CACHE}",
    ("google", "gemini-3.8-flash-lite-tts", "standard"): CACHE,
    ("google", "gemini-3.8-flash-lite-tts", "flex"): f"{AUDIO}; {CACHE}",
    ("google", "gemini-3.8-flash-lite-tts", "priority"): f"{AUDIO}; {CACHE}",
    ("google", "gemini-3.8-flash-tts", "standard"): CACHE,
    ("google", "gemini-3.8-flash-tts", "flex"): f"{AUDIO}; {CACHE}",
    ("google", "gemini-3.8-flash-tts", "priority"): f"{AUDIO}; {CACHE}",
    ("openai", "gpt-4o-mini-tts", "standard"): "genai-prices has the price of audio as the price of all output",
    ("openai", "gpt-4o-search-preview", "standard"): CACHE,
    ("openai", "gpt-5.4", "priority"): PRIORITY,
    ("openai", "gpt-5.4", "fast"): PRIORITY,
    ("openai", "gpt-5.5", "priority"): PRIORITY,
    ("openai", "gpt-5.5", "fast"): PRIORITY,
    ("openai", "gpt-5.5-pro", "flex"): LONG,
}


# A batch's disagreements, by model and use. OpenAI lists no cached batch price of these models: the list leaves it at the
# standard price, LiteLLM takes the batch price of fresh input.
NO_CACHED_BATCH = ("gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "o3", "o4-mini")
IMAGES = ("gpt-image-1", "gpt-image-1-mini", "gpt-image-2", "gpt-image-2.5-flare", "gpt-image-2.5-sunburst")
USES = ("text", "input_cache_read", "input_cache_write_1h", "output_reasoning", "input_audio")
KNOWN_BATCH: dict[tuple[str, str, str], str] = {
    **{
        ("openai", model, "input_cache_read"): "no list has a batch price of a cached token"
        for model in NO_CACHED_BATCH
    },
    **{
        ("openai", model, use): "LiteLLM has no batch price of what these models put out as text"
        for model in IMAGES
        for use in USES
    },
    **{
        ("google", model, use): "LiteLLM has no batch price above 200,000 tokens and takes the one below"
        for model in ("gemini-2.5-pro", "gemini-3.1-pro-preview")
        for use in USES
    },
    ("google", "gemini-3.8-flash-lite-tts", "input_cache_read"): CACHE,
    ("google", "gemini-3.8-flash-tts", "input_cache_read"): CACHE,
    **{("anthropic", "claude-sonnet-4-5", use): LIMIT for use in USES},
}


# (provider, model, service tier) -> why random use of all classes differs; models of KNOWN may differ here too.
KNOWN_MIXED: dict[tuple[str, str, str], str] = {
    ("groq", "openai/gpt-oss-safeguard-20b", "standard"): "LiteLLM rounds the price of a cached token to three digits",
    ("mistral", "mistral-embed", "standard"): "an embedding has no output, of which genai-prices has a price",
    (
        "mistral",
        "mistral-large-4",
        "standard",
    ): "LiteLLM has the rates of its launch: 0.68 and 2.09 USD a million for 0.7 and 2.1",
}


def is_equal(case: Case, priced: dict[str, dict]) -> bool:
    """Whether both calculators give the same cost; one that is unknown here is none of LiteLLM's."""
    ours = priced[case.request_id]["list_cost"]
    return ours is not None and abs(ours - cost(case)) <= TOLERANCE


def use_of(case: Case) -> str:
    """What a plain case has besides text, as its first class."""
    return next((name for name in USES[1:] if case.tokens[name]), "text")


def test_list_cost_equals_litellms_calculator_but_for_known_differences(
    plain_cases: list[Case], priced: dict[str, dict]
) -> None:
    compared = [case for case in plain_cases if knows(case) and case.variant[1] == "standard"]
    different = {(case.provider_id, case.model.id, case.variant[0]) for case in compared if not is_equal(case, priced)}
    assert different == KNOWN.keys(), {"new": different - KNOWN.keys(), "gone": KNOWN.keys() - different}
    assert len({(case.provider_id, case.model.id, case.variant) for case in compared}) > 150


def test_random_use_costs_what_litellms_calculator_says_but_for_known_differences(
    mixed_cases: list[Case], priced: dict[str, dict]
) -> None:
    compared = [case for case in mixed_cases if knows(case) and case.variant[1] == "standard"]
    different = {(case.provider_id, case.model.id, case.variant[0]) for case in compared if not is_equal(case, priced)}
    assert different - KNOWN.keys() == KNOWN_MIXED.keys()
    assert len({case.provider_id for case in compared}) == 9
    assert len(compared) > 700


def test_t9_batches_cost_what_litellms_batch_calculator_says_but_for_known_differences(
    plain_cases: list[Case], priced: dict[str, dict]
) -> None:
    """T9: a batch is not half of each class everywhere; cache and context tiers have batch prices of their own."""
    compared = [case for case in plain_cases if knows(case) and case.variant[1] == "batch"]
    different = {(case.provider_id, case.model.id, use_of(case)) for case in compared if not is_equal(case, priced)}
    # LiteLLM's batch calculator takes a write for an hour for one of five minutes; only Anthropic tells them apart.
    hours = {
        (case.provider_id, case.model.id, "input_cache_write_1h")
        for case in compared
        if case.provider_id == "anthropic" and use_of(case) == "input_cache_write_1h"
    }
    known = KNOWN_BATCH.keys() | hours
    assert different == known, {"new": different - known, "gone": known - different}
    assert len(hours) > 10
    assert len({(case.provider_id, case.model.id) for case in compared}) > 60
