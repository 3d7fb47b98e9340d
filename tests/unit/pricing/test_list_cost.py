"""The SQL prices every request as the genai-prices calculator does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.unit.pricing.conftest import Case

TOLERANCE = Decimal("1e-12")
# Where we differ from genai-prices on purpose: it takes the text price for the audio of models that price audio apart and
# whose audio prices it does not have; ours is unknown (facts/price_facts.csv).
NO_AUDIO_PRICE = {("openai", "gpt-4o-audio-preview"), ("openai", "gpt-4o-mini-audio-preview")}
# What is not sold above a size of context has no price there, and gpt-5.5-pro doubles its input above it in flex and batch
# too; golden.py has the figures. (provider, model, variant or None for all) -> size, first day.
NOT_AS_LISTED = {
    ("anthropic", "claude-sonnet-4-5", None): (200_000, date(2026, 5, 1)),
    ("openai", "gpt-5.4", ("priority", "standard")): (272_000, date.min),
    ("openai", "gpt-5.4", ("fast", "standard")): (272_000, date.min),
    ("openai", "gpt-5.5", ("priority", "standard")): (272_000, date.min),
    ("openai", "gpt-5.5", ("fast", "standard")): (272_000, date.min),
    ("openai", "gpt-5.5-pro", ("flex", "standard")): (272_000, date(2026, 10, 12)),
    ("openai", "gpt-5.5-pro", ("standard", "batch")): (272_000, date(2026, 10, 14)),
}


def is_as_listed(case: Case) -> bool:
    """Whether a fact goes before the list for this request."""
    size = sum(n for name, n in case.tokens.items() if name.startswith("input_"))
    for variant in (case.variant, None):
        above, first = NOT_AS_LISTED.get((case.provider_id, case.model.id, variant), (None, None))
        if above is not None and size > above and case.at.date() >= first:
            return False
    return True


def test_list_cost_equals_the_calculator(cases: list[Case], priced: dict[str, dict]) -> None:
    wrong = []
    for case in cases:
        cost = priced[case.request_id]["list_cost"]
        if is_as_listed(case) and (cost is None or abs(cost - case.oracle_cost()) > TOLERANCE):
            wrong.append(
                (case.provider_id, case.model.id, case.variant, case.at, case.tokens, cost, case.oracle_cost())
            )
    assert not wrong, f"{len(wrong)} of {len(cases)} differ, first: {wrong[:3]}"


def test_every_model_and_tier_costs_what_the_calculator_says(plain_cases: list[Case], priced: dict[str, dict]) -> None:
    wrong = []
    for case in plain_cases:
        cost = priced[case.request_id]["list_cost"]
        if cost is None and case.tokens["input_audio"] and (case.provider_id, case.model.id) in NO_AUDIO_PRICE:
            continue
        if is_as_listed(case) and (cost is None or abs(cost - case.oracle_cost()) > TOLERANCE):
            wrong.append((case.provider_id, case.model.id, case.variant, case.tokens, cost, case.oracle_cost()))
    assert not wrong, f"{len(wrong)} of {len(plain_cases)} differ, first: {wrong[:3]}"


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
