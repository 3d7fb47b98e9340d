"""The SQL prices every request as the genai-prices calculator does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.unit.pricing.conftest import Case

TOLERANCE = Decimal("1e-12")
AUDIO = ("input_audio", "output_audio")
# Where facts go before genai-prices (facts/price_facts.csv has the sources, golden.py the figures): what is not sold above a
# size of context has no price there; gpt-5.5-pro doubles its input above it in flex and batch too; DeepSeek's first names and
# xAI's retired one mean other models than the list knows, and DeepSeek's hours began and ended within days; the list has text prices, or a price of their launch, for audio.
# (provider, model) -> variant or None for all, input above, first day, day after the last, classes or none for all.
NOT_AS_LISTED = {
    ("anthropic", "claude-sonnet-4-5"): [(None, 200_000, date(2026, 5, 1), date.max, ())],
    ("openai", "gpt-5.4"): [
        (("priority", "standard"), 272_000, date.min, date.max, ()),
        (("fast", "standard"), 272_000, date.min, date.max, ()),
    ],
    ("openai", "gpt-5.5"): [
        (("priority", "standard"), 272_000, date.min, date.max, ()),
        (("fast", "standard"), 272_000, date.min, date.max, ()),
    ],
    ("openai", "gpt-5.5-pro"): [
        (("flex", "standard"), 272_000, date(2026, 10, 12), date.max, ()),
        (("standard", "batch"), 272_000, date(2026, 10, 14), date.max, ()),
    ],
    ("deepseek", "deepseek-chat"): [(None, -1, date.min, date(2026, 7, 25), ())],
    ("deepseek", "deepseek-reasoner"): [(None, -1, date.min, date(2026, 7, 25), ())],
    ("deepseek", "deepseek-v4-flash"): [(None, -1, date(2026, 8, 16), date(2026, 9, 10), ())],
    ("deepseek", "deepseek-v4-pro"): [(None, -1, date(2026, 8, 16), date(2026, 8, 17), ())],
    ("x-ai", "grok-code-fast-1"): [(None, -1, date(2026, 5, 16), date.max, ())],
    ("openai", "gpt-4o-audio-preview"): [(None, -1, date.min, date.max, AUDIO)],
    ("openai", "gpt-4o-mini-audio-preview"): [(None, -1, date.min, date.max, AUDIO)],
    ("openai", "gpt-4o-transcribe"): [(None, -1, date(2026, 5, 1), date.max, AUDIO)],
    ("openai", "gpt-4o-mini-transcribe"): [(None, -1, date(2026, 5, 1), date.max, AUDIO)],
}


def is_as_listed(case: Case) -> bool:
    """Whether no fact goes before the list for this request."""
    size = sum(n for name, n in case.tokens.items() if name.startswith("input_"))
    return not any(
        variant in (None, case.variant)
        and size > above
        and first <= case.at.date() < end
        and (not classes or any(case.tokens[name] for name in classes))
        for variant, above, first, end, classes in NOT_AS_LISTED.get((case.provider_id, case.model.id), ())
    )


def test_list_cost_equals_the_calculator(cases: list[Case], priced: dict[str, dict]) -> None:
    wrong = []
    for case in cases:
        cost = priced[case.request_id]["list_cost"]
        if is_as_listed(case) and (cost is None or abs(cost - case.oracle_cost()) > TOLERANCE):
            wrong.append(
                (case.provider_id, case.model.id, case.variant, case.at, case.tokens, cost, case.oracle_cost())
            )
    assert not wrong, f"{len(wrong)} of {len(cases)} differ, first: {wrong[:3]}"


def test_every_model_and_tier_costs_what_the_calculator_says(
    plain_cases: list[Case], mixed_cases: list[Case], priced: dict[str, dict]
) -> None:
    wrong = []
    for case in [*plain_cases, *mixed_cases]:
        cost = priced[case.request_id]["list_cost"]
        if is_as_listed(case) and (cost is None or abs(cost - case.oracle_cost()) > TOLERANCE):
            wrong.append((case.provider_id, case.model.id, case.variant, case.tokens, cost, case.oracle_cost()))
    assert not wrong, f"{len(wrong)} of {len(plain_cases) + len(mixed_cases)} differ, first: {wrong[:3]}"


def test_cases_reach_thresholds_variants_and_price_changes(cases: list[Case]) -> None:
    """The property is only as good as its cases: say what they must reach, so that a thinner sample is noticed."""
    inputs = {sum(n for name, n in case.tokens.items() if name.startswith("input_")) for case in cases}
    assert {200_000, 200_001, 272_000, 272_001} <= inputs
    assert {case.variant for case in cases} == {
        ("standard", "standard"),
        ("flex", "standard"),
        ("priority", "standard"),
        ("fast", "standard"),
        ("standard", "batch"),
    }
    assert len({case.provider_id for case in cases}) == 9
    assert len({(case.provider_id, case.model.id) for case in cases}) > 80


def test_no_request_is_lost_or_doubled(cases: list[Case], priced: dict[str, dict]) -> None:
    assert {case.request_id for case in cases} <= priced.keys()
    for case in cases:
        row = priced[case.request_id]
        assert {name: row[name if name == "web_searches" else f"{name}_tokens"] for name in case.tokens} == case.tokens
