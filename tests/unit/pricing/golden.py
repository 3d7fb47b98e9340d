"""Worked prices: ../shared/reference/pricing_rules.md, section 5 (run with both calculators there) and pitfalls.md."""

from __future__ import annotations

STANDARD, FLEX, PRIORITY, FAST = (
    ("standard", "standard"),
    ("flex", "standard"),
    ("priority", "standard"),
    ("fast", "standard"),
)
BATCH = ("standard", "batch")


def _use(fresh: int, out: int, **others: int) -> dict[str, int]:
    return {"input_uncached_text": fresh, "output_text": out, **others}


# name -> provider, model, variant, residency, tokens, list cost in USD as text
GOLDEN: dict[str, tuple[str, str, tuple[str, str], str, dict[str, int], str]] = {
    "cached and reasoning": (
        "openai", "gpt-5.4", STANDARD, "", _use(6000, 400, input_cache_read=4000, output_reasoning=600), "0.031",
    ),
    "cache writes billed": (
        "openai", "gpt-5.6-sol", STANDARD, "",
        _use(3000, 1000, input_cache_read=4000, input_cache_write_unspecified=3000), "0.0486",
    ),
    "at the threshold": ("openai", "gpt-5.4", STANDARD, "", _use(272_000, 1000), "0.695"),
    "above the threshold": ("openai", "gpt-5.4", STANDARD, "", _use(272_001, 1000), "1.382505"),
    "flex": ("openai", "gpt-5.4", FLEX, "", _use(10_000, 1000), "0.02"),
    "priority": ("openai", "gpt-5.4", PRIORITY, "", _use(10_000, 1000), "0.08"),
    "batch": ("openai", "gpt-5.4", BATCH, "", _use(6000, 1000, input_cache_read=4000), "0.01552"),
    "no residency": ("openai", "gpt-5.4", STANDARD, "", _use(10_000, 1000), "0.040"),
    "eu residency": ("openai", "gpt-5.4", STANDARD, "eu", _use(10_000, 1000), "0.044"),
    "5m and 1h": (
        "anthropic", "claude-sonnet-4-5", STANDARD, "",
        _use(100, 50, input_cache_read=1000, input_cache_write_5m=200, input_cache_write_1h=300), "0.0039",
    ),
    "us geo": ("anthropic", "claude-opus-4-8", STANDARD, "us", _use(10_000, 1000), "0.0825"),
    "no geo": ("anthropic", "claude-opus-4-8", STANDARD, "", _use(10_000, 1000), "0.075"),
    "fast": ("anthropic", "claude-opus-4-8", FAST, "", _use(10_000, 1000), "0.15"),
    "anthropic batch": ("anthropic", "claude-opus-4-8", BATCH, "", _use(6000, 1000, input_cache_read=4000), "0.0285"),
    "thoughts": ("google", "gemini-2.5-pro", STANDARD, "", _use(150_000, 1000, output_reasoning=2000), "0.2175"),
    "long and cached": ("google", "gemini-2.5-pro", STANDARD, "", _use(150_000, 1000, input_cache_read=100_000), "0.415"),
}  # fmt: skip
