"""The SQL prices every request as the genai-prices calculator does."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.pricing.conftest import Case

TOLERANCE = Decimal("1e-12")
# Where we differ from genai-prices on purpose: it takes the text price for the audio of models that price audio apart and
# whose audio prices it does not have; ours is unknown (facts/price_facts.csv).
NO_AUDIO_PRICE = {("openai", "gpt-4o-audio-preview"), ("openai", "gpt-4o-mini-audio-preview")}


def test_list_cost_equals_the_calculator(cases: list[Case], priced: dict[str, dict]) -> None:
    wrong = []
    for case in cases:
        cost = priced[case.request_id]["list_cost"]
        if cost is None or abs(cost - case.oracle_cost()) > TOLERANCE:
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
        if cost is None or abs(cost - case.oracle_cost()) > TOLERANCE:
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
