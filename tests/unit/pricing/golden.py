"""Worked prices: ../shared/reference/pricing_rules.md, section 5 (run with both calculators there) and pitfalls.md."""

from __future__ import annotations

from datetime import UTC, datetime

STANDARD, FLEX, PRIORITY, FAST = (
    ("standard", "standard"),
    ("flex", "standard"),
    ("priority", "standard"),
    ("fast", "standard"),
)
BATCH = ("standard", "batch")


def _use(fresh: int, out: int, **others: int) -> dict[str, int]:
    return {"input_uncached_text": fresh, "output_text": out, **others}


# name -> provider, model, variant, residency, tokens, list cost in USD as text; blank = no price is known
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
    # Azure's data zones: a tenth more, the newest family a fifth in the EU (azure/eu/gpt-6-sol: 2.4 and 12); elsewhere no list has a price.
    "azure global": ("azure", "gpt-5.4", STANDARD, "global", _use(10_000, 1000), "0.040"),
    "azure us data zone": ("azure", "gpt-5.4", STANDARD, "us", _use(10_000, 1000), "0.044"),
    "azure eu data zone": ("azure", "gpt-4o", STANDARD, "eu", _use(10_000, 1000), "0.0385"),
    "azure eu data zone, dearer": ("azure", "gpt-6-sol", STANDARD, "eu", _use(10_000, 1000), "0.036"),
    "azure region": ("azure", "gpt-5.4", STANDARD, "swedencentral", _use(10_000, 1000), "0.040"),
    "vertex region": ("google", "claude-opus-4-8", STANDARD, "europe-west1", _use(10_000, 1000), "0.0825"),
    "vertex global": ("google", "claude-opus-4-8", STANDARD, "global", _use(10_000, 1000), "0.075"),
    "openai us host": ("openai", "gpt-5.4", STANDARD, "us.api.openai.com", _use(10_000, 1000), "0.044"),
    "bedrock in a region": (
        "aws", "regional.anthropic.claude-opus-4-8-v1:0", STANDARD, "", _use(10_000, 1000), "0.0825",
    ),
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
    # The worked example of section 5: 200,000 at 3 and 15 USD a million, one token more at 6 and 22.5; dated below.
    "sonnet 4.5 at 200,000": ("anthropic", "claude-sonnet-4-5", STANDARD, "", _use(200_000, 50), "0.60075"),
    "sonnet 4.5 above 200,000": ("anthropic", "claude-sonnet-4-5", STANDARD, "", _use(200_001, 50), "1.201131"),
    # Since the beta of longer contexts ended Anthropic refuses such a request: it has no price.
    "sonnet 4.5 today": ("anthropic", "claude-sonnet-4-5", STANDARD, "", _use(200_000, 50), "0.60075"),
    "sonnet 4.5 above 200,000 today": ("anthropic", "claude-sonnet-4-5", STANDARD, "", _use(200_001, 50), ""),
    "sonnet 4.5 batch above 200,000 today": ("anthropic", "claude-sonnet-4-5", BATCH, "", _use(200_001, 50), ""),
    # Priority: 5 and 30, 12.5 and 75 USD a million, sold up to 272,000 tokens.
    "gpt-5.4 priority at 272,000": ("openai", "gpt-5.4", PRIORITY, "", _use(272_000, 1000), "1.39"),
    "gpt-5.4 priority above": ("openai", "gpt-5.4", PRIORITY, "", _use(272_001, 1000), ""),
    "gpt-5.4 fast above": ("openai", "gpt-5.4", FAST, "", _use(272_001, 1000), ""),
    "gpt-5.4 priority above, eu": ("openai", "gpt-5.4", PRIORITY, "eu", _use(272_001, 1000), ""),
    "gpt-5.5 priority at 272,000": ("openai", "gpt-5.5", PRIORITY, "", _use(272_000, 1000), "3.475"),
    "gpt-5.5 priority above": ("openai", "gpt-5.5", PRIORITY, "", _use(272_001, 1000), ""),
    # Half of 30 and 180; above 272,000 half of 60 and 270.
    "gpt-5.5-pro flex at 272,000": ("openai", "gpt-5.5-pro", FLEX, "", _use(272_000, 1000), "4.17"),
    "gpt-5.5-pro flex above": ("openai", "gpt-5.5-pro", FLEX, "", _use(272_001, 1000), "8.29503"),
    "gpt-5.5-pro batch above": ("openai", "gpt-5.5-pro", BATCH, "", _use(272_001, 500, output_reasoning=500), "8.29503"),
    # One price at all hours: 0.28, 0.028 and 0.42; from 2026-04-24 the name is V4 Flash's, 0.14, 0.0028 and 0.28; dated below.
    "deepseek-chat as V3.2": ("deepseek", "deepseek-chat", STANDARD, "", _use(6000, 1000, input_cache_read=4000), "0.002212"),
    "deepseek-reasoner as V4": (
        "deepseek", "deepseek-reasoner", STANDARD, "", _use(6000, 400, input_cache_read=4000, output_reasoning=600), "0.0011312",
    ),
    # V4 Pro: 0.66 and 1.98, at 02:00 twice that, but not at weekends; dated below.
    "deepseek on Friday at two": ("deepseek", "deepseek-v4-pro", STANDARD, "", _use(10_000, 1000), "0.01716"),
    "deepseek on Saturday at two": ("deepseek", "deepseek-v4-pro", STANDARD, "", _use(10_000, 1000), "0.00858"),
    "deepseek on the last dear Saturday": ("deepseek", "deepseek-v4-pro", STANDARD, "", _use(10_000, 1000), "0.01716"),
    # Prices of DeepSeek that changed within a day of UTC, to the second before and at it. deepseek-chat: 0.14 and 0.28, from 2025-02-08 16:00
    # on 0.27 and 1.1, half of it at night from 2025-02-26 16:30 on, 0.56 and 1.68 at all hours from 2025-09-05 16:00 on.
    "deepseek-chat in its last discounted second": ("deepseek", "deepseek-chat", STANDARD, "", _use(10_000, 1000), "0.00168"),
    "deepseek-chat at full price": ("deepseek", "deepseek-chat", STANDARD, "", _use(10_000, 1000), "0.0038"),
    "deepseek-chat before the first night": ("deepseek", "deepseek-chat", STANDARD, "", _use(10_000, 1000), "0.0038"),
    "deepseek-chat in the first night": ("deepseek", "deepseek-chat", STANDARD, "", _use(10_000, 1000), "0.0019"),
    "deepseek-chat before one price": ("deepseek", "deepseek-chat", STANDARD, "", _use(10_000, 1000), "0.0038"),
    "deepseek-chat at one price": ("deepseek", "deepseek-chat", STANDARD, "", _use(10_000, 1000), "0.00728"),
    # 0.55 and 2.19, at night too.
    "deepseek-reasoner before there were nights": ("deepseek", "deepseek-reasoner", STANDARD, "", _use(10_000, 1000), "0.00769"),
    # V4 Pro: 0.435 and 0.87, then 0.66 and 1.98; V4 Flash at 02:00: 0.44 and 1.32, before its price of 2026-09-10.
    "deepseek-v4-pro before peak hours": ("deepseek", "deepseek-v4-pro", STANDARD, "", _use(10_000, 1000), "0.00522"),
    "deepseek-v4-pro with peak hours": ("deepseek", "deepseek-v4-pro", STANDARD, "", _use(10_000, 1000), "0.00858"),
    "deepseek-v4-flash at its first peaks": ("deepseek", "deepseek-v4-flash", STANDARD, "", _use(10_000, 1000), "0.00572"),
    # Sound 40 and 80 beside text 2.5 and 10.
    "audio preview": (
        "openai", "gpt-4o-audio-preview", STANDARD, "", _use(100, 50, input_audio=1000, output_audio=400), "0.07275",
    ),
    "transcription by tokens": ("openai", "gpt-4o-transcribe", STANDARD, "", _use(0, 100, input_audio=1000), "0.0035"),
    # xAI's threshold is inclusive; the name is grok-build-0.1's: 1 and 2, from 200,000 on 2 and 4.
    "grok code at 199,999": ("x-ai", "grok-code-fast-1", STANDARD, "", _use(199_999, 1000), "0.201999"),
    "grok code at 200,000": ("x-ai", "grok-code-fast-1", STANDARD, "", _use(200_000, 1000), "0.404"),
}  # fmt: skip
# When the others were: now.
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = {
    "deepseek on Friday at two": datetime(2026, 10, 9, 2, tzinfo=UTC),
    "deepseek on Saturday at two": datetime(2026, 10, 10, 2, tzinfo=UTC),
    "deepseek on the last dear Saturday": datetime(2026, 8, 22, 2, tzinfo=UTC),
    "deepseek-chat in its last discounted second": datetime(2025, 2, 8, 15, 59, 59, tzinfo=UTC),
    "deepseek-chat at full price": datetime(2025, 2, 8, 16, tzinfo=UTC),
    "deepseek-chat before the first night": datetime(2025, 2, 26, 16, 29, 59, tzinfo=UTC),
    "deepseek-chat in the first night": datetime(2025, 2, 26, 16, 30, tzinfo=UTC),
    "deepseek-chat before one price": datetime(2025, 9, 5, 15, 59, 59, tzinfo=UTC),
    "deepseek-chat at one price": datetime(2025, 9, 5, 16, tzinfo=UTC),
    "deepseek-reasoner before there were nights": datetime(2025, 2, 20, 20, tzinfo=UTC),
    "deepseek-v4-pro before peak hours": datetime(2026, 8, 16, 15, 59, 59, tzinfo=UTC),
    "deepseek-v4-pro with peak hours": datetime(2026, 8, 16, 16, tzinfo=UTC),
    "deepseek-v4-flash at its first peaks": datetime(2026, 9, 1, 2, tzinfo=UTC),
    "deepseek-chat as V3.2": datetime(2026, 4, 23, 23, 59, 59, tzinfo=UTC),
    "deepseek-reasoner as V4": datetime(2026, 4, 24, tzinfo=UTC),
    "sonnet 4.5 at 200,000": datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC),
    "sonnet 4.5 above 200,000": datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC),
}
