"""Requests whose cost is worked out by hand beside them, from the vendor's keys to dollars through loader and SQL."""

from __future__ import annotations

from decimal import Decimal

import pytest

TOKENS = (
    "input_uncached_text",
    "input_cache_read",
    "input_cache_write_5m",
    "input_cache_write_1h",
    "input_cache_write_unspecified",
    "output_text",
    "output_reasoning",
)
# claude-opus-4-8: 5, 0.5, 6.25, 10 and 25 USD a million
ANTHROPIC = Decimal("0.0005") + Decimal("0.0005") + Decimal("0.00125") + Decimal("0.003") + Decimal("0.00125")


def test_t2_one_request_costs_the_same_however_its_meter_counts_the_cache(requests) -> None:
    """A gateway adds the cached tokens to the prompt, Anthropic leaves them out, and an application's log says which."""
    for name in ("anthropic-itself", "anthropic-by-litellm", "log-exclusive", "log-inclusive"):
        row = requests[name]
        assert tuple(row[f"{kind}_tokens"] for kind in TOKENS) == (100, 1000, 200, 300, 0, 50, 0), name
        assert (row["dq_status"], row["input_total_tokens"], row["list_cost"]) == ("ok", 1600, ANTHROPIC), name


def test_t2_what_no_row_can_tell_its_delivery_declares(requests) -> None:
    """2,000 prompt tokens and 1,000 cached ones, on top of them or inside, at 5, 0.5 and 25 USD a million."""
    seen = {
        name: tuple(
            requests[name][column] for column in ("usage_semantics", "meter_version", "input_total_tokens", "list_cost")
        )
        for name in ("passed-on", "added-up", "anthropic-itself", "log-exclusive", "converse-body")
    }
    assert seen["passed-on"] == ("exclusive", "1.30.0", 3000, Decimal("0.01175"))
    assert seen["added-up"] == ("inclusive", "1.82.0", 2000, Decimal("0.00675"))
    assert seen["anthropic-itself"][:2] == seen["log-exclusive"][:2] == ("exclusive", None)
    # Bedrock's log says which schema it is of
    assert seen["converse-body"][:2] == ("exclusive", "1.0")


@pytest.mark.parametrize(
    ("ts", "dollars"),
    [
        # 5 and 30 USD a million, and 4 and 20 from the instant on
        ("2026-08-21T01:59:59.999999+02:00", "0.035"),
        ("2026-08-21T02:00:00+02:00", "0.024"),
        ("2026-08-20T19:59:59-04:00", "0.035"),
        ("2026-08-20T20:00:00-04:00", "0.024"),
    ],
)
def test_t12_a_price_changes_at_the_instant_in_every_time_zone(requests, ts: str, dollars: str) -> None:
    assert requests[f"instant-{ts}"]["list_cost"] == Decimal(dollars)


def test_t6_realtime_is_priced_by_disjoint_cells_of_sound_and_text(requests) -> None:
    """gpt-realtime: text 4, 0.4 cached, 16 out; sound 32, 0.4 cached, 64 out, in USD a million."""
    row = requests["realtime"]
    cells = (
        "input_uncached_text",
        "input_cache_read",
        "input_audio",
        "input_cache_read_audio",
        "output_text",
        "output_audio",
    )
    assert [row[f"{kind}_tokens"] for kind in cells] == [400, 200, 300, 100, 50, 150]
    assert row["usage_shape"] == "openai_realtime"
    worked = 400 * 4 + 200 * Decimal("0.4") + 300 * 32 + 100 * Decimal("0.4") + 50 * 16 + 150 * 64
    assert row["list_cost"] == worked / 1_000_000 == Decimal("0.02172")


def test_t6_audio_of_a_chat_is_priced_apart_from_its_text(requests) -> None:
    """gpt-audio: text 2.5 and 10, sound 32 and 64 USD a million."""
    worked = Decimal(200) * Decimal("2.5") + 800 * 32 + 100 * 10 + 400 * 64
    assert requests["audio"]["list_cost"] == worked / 1_000_000 == Decimal("0.0527")


def test_seconds_of_sound_are_priced_by_the_second(requests) -> None:
    """whisper-1: 0.36 USD an hour."""
    assert (requests["whisper"]["input_audio_seconds"], requests["whisper"]["list_cost"]) == (90, Decimal("0.009"))


@pytest.mark.parametrize(
    ("seconds", "billed", "dollars"), [(0.5, 10, "0.00030833333"), (10, 10, "0.00030833333"), (90, 90, "0.00277499997")]
)
def test_groq_bills_ten_seconds_at_least(requests, seconds, billed, dollars) -> None:
    """whisper-large-v3: 0.111 USD an hour, 0.000030833333 a second at the book's twelve places."""
    row = requests[f"groq-{seconds}"]
    assert (row["input_audio_seconds"], row["list_cost"]) == (billed, Decimal(dollars))


@pytest.mark.parametrize(
    ("name", "units", "fee"),
    [
        # Gemini 2 bills the prompt that is grounded, however many queries it took; Gemini 3 each distinct query
        ("grounded-2", {"web_searches": 2, "grounded_prompts": 1, "maps_queries": None}, "0.035"),
        ("grounded-3", {"web_searches": 2, "grounded_prompts": 1, "maps_queries": None}, "0.028"),
        ("grounded-maps", {"web_searches": None, "grounded_prompts": None, "maps_queries": 1}, "0.025"),
        ("not-grounded", {"web_searches": None, "grounded_prompts": None, "maps_queries": None}, "0"),
    ],
)
def test_t23_grounding_has_a_fee_beside_the_tokens(requests, name: str, units: dict, fee: str) -> None:
    """gemini-2.5-flash: 0.3 and 2.5 USD a million, gemini-3.5-flash: 1.5 and 9."""
    row = requests[name]
    tokens = (
        Decimal(1000) * Decimal("1.5") + 100 * 9
        if name == "grounded-3"
        else 1000 * Decimal("0.3") + 100 * Decimal("2.5")
    )
    assert {unit: row[unit] for unit in units} == units
    assert row["list_cost"] == tokens / 1_000_000 + Decimal(fee)


def test_t23_searches_among_the_items_of_an_answer_have_a_fee(requests) -> None:
    """gpt-5.4: 2.5 and 15 USD a million; 10 a thousand web searches, 2.5 a thousand file searches."""
    row = requests["resp-searched"]
    assert (row["web_searches"], row["storage_searches"]) == (2, 1)
    assert row["list_cost"] == Decimal("0.004") + 2 * Decimal("0.01") + Decimal("0.0025")


def test_t23_a_container_in_which_code_ran_is_billed_once(requests) -> None:
    """gpt-5.4: 2.5 and 15 USD a million; 0.03 a session of the smallest container, which two answers used."""
    assert (requests["resp-coded"]["code_executions"], requests["resp-coded"]["list_cost"]) == (1, Decimal("0.034"))
    again = requests["resp-coded-again"]
    assert (again["code_executions"], again["list_cost"], again["dq_status"]) == (0, Decimal("0.004"), "ok")
    # two of a larger size, of which no list has the price: at the smallest's, and said to be
    large = requests["resp-coded-large"]
    assert (large["code_executions"], large["list_cost"]) == (2, Decimal("0.064"))
    assert large["dq_status"] == "container_priced_as_smallest"


def test_t23_hours_of_a_container_that_no_answer_says_are_named(requests) -> None:
    """claude-opus-4-8: 5 and 25 USD a million for the tokens; the container's time is on the bill alone."""
    row = requests["msg-coded"]
    assert (row["code_executions"], row["list_cost"]) == (None, Decimal("0.00175"))
    assert row["dq_status"] == "code_execution_not_priced"


def test_ollamas_own_counts_are_read_and_cost_no_vendor_anything(requests) -> None:
    row = requests["ollama-chat"]
    assert (row["usage_shape"], row["input_uncached_text_tokens"], row["output_text_tokens"]) == ("ollama", 26, 282)
    assert (row["pricing_status"], row["list_cost"], row["dq_status"]) == ("self_hosted", None, "ok")


@pytest.mark.parametrize(("size", "fee"), [("low", "0.006"), ("medium", "0.010"), ("high", "0.014")])
def test_t23_a_request_of_perplexity_has_a_fee_by_the_size_of_its_search(requests, size: str, fee: str) -> None:
    """The vendor states the cost of the small search; sonar-pro takes 6, 10 and 14 USD a thousand requests."""
    row = requests[f"perplexity-{size}"]
    assert (row["usage_shape"], row["priced_requests"], row["gateway_cost"]) == (
        "perplexity_chat",
        1,
        Decimal("0.012609"),
    )
    assert row["list_cost"] == Decimal("0.006609") + Decimal(fee)


def test_t7_what_an_advisor_did_is_priced_as_its_own_model(requests) -> None:
    """claude-sonnet-4-6: 3, 0.3, 3.75 and 15 USD a million, claude-opus-4-8: 5 and 25; both a tenth more in the US."""
    answer, advisor = requests["msg-advised"], requests["msg-advised:advisor:2"]
    own = 2 * 3 + 226584 * Decimal("0.3") + 7853 * Decimal("3.75") + 491 * 15
    assert answer["list_cost"] == own * Decimal("1.1") / 1_000_000 == Decimal("0.115274445")
    assert (advisor["model_id"], advisor["input_total_tokens"], advisor["dq_status"]) == (
        "claude-opus-4-8",
        159419,
        "ok",
    )
    assert advisor["list_cost"] == (159419 * 5 + 7805 * 25) * Decimal("1.1") / 1_000_000 == Decimal("1.091442")


def test_t7_a_threshold_of_context_holds_for_one_turn(requests) -> None:
    """300,000 tokens in two turns of 150,000 at 3 and 15 USD a million; one turn of 200,001 has no price."""
    assert requests["msg-turns"]["input_total_tokens"] == 300_000
    assert requests["msg-turns"]["list_cost"] == Decimal("0.9015")
