"""Around the usage object: ids, times, batches, tiers, models and failures, through loader, staging and pricing."""

from __future__ import annotations

from decimal import Decimal

import pytest

CLASSES = (
    "input_uncached_text",
    "input_cache_read",
    "input_cache_write_5m",
    "input_cache_write_1h",
    "input_cache_write_unspecified",
    "output_text",
    "output_reasoning",
)


def tokens(row: dict) -> tuple[int, ...]:
    """Tokens of a request in the order of CLASSES."""
    return tuple(row[f"{name}_tokens"] for name in CLASSES)


@pytest.mark.parametrize(
    ("request_id", "shape", "counted"),
    [
        ("chatcmpl-plain", "openai_chat", (2618, 3456, 0, 0, 0, 285, 0)),
        ("chatcmpl-batch", "openai_chat", (2618, 3456, 0, 0, 0, 285, 0)),
        ("resp-event", "openai_responses", (10, 0, 0, 0, 0, 5, 0)),
        ("msg-batch", "anthropic_messages", (100, 1000, 200, 300, 0, 50, 0)),
        ("log-counts", "bedrock_invocation", (100, 1000, 0, 0, 500, 50, 0)),
        ("converse-body", "bedrock_converse", (100, 1000, 200, 300, 0, 50, 0)),
        ("anthropic-body", "anthropic_messages", (100, 1000, 200, 300, 0, 50, 0)),
        ("spend-log", "litellm_spend_log", (3000, 4000, 0, 0, 3000, 400, 600)),
        ("callback", "openai_chat", (3000, 4000, 0, 0, 3000, 400, 600)),
        ("callback-totals", "openai_chat", (10000, 0, 0, 0, 0, 1000, 0)),
    ],
)
def test_usage_is_found_in_its_envelope(requests, request_id, shape, counted) -> None:
    row = requests[request_id]
    assert (row["usage_shape"], row["dq_status"], tokens(row)) == (shape, "ok", counted)


def test_the_worked_example_of_litellm_27191(requests) -> None:
    """6,074 prompt tokens of which 3,456 are cached, 285 out, at 2.5, 0.25 and 15 USD a million."""
    assert requests["chatcmpl-plain"]["list_cost"] == Decimal("0.011684")


def test_batch_files_are_priced_as_batches(requests) -> None:
    """At 1.25, 0.13 (as OpenAI rounds it) and 7.5 USD a million."""
    assert requests["chatcmpl-batch"]["processing"] == "batch"
    assert requests["chatcmpl-batch"]["list_cost"] == Decimal("0.00585928")
    assert requests["msg-batch"]["processing"] == "batch"


def test_the_tier_of_the_answer_holds(requests) -> None:
    assert requests["resp-event"]["service_tier"] == "flex"


def test_callers_metadata_and_status(requests) -> None:
    assert requests["resp-event"]["status"] == "success"
    [refused] = [row for row in requests.values() if row["feed"] == "anthropic_batch" and row["status"] == "failure"]
    assert (refused["pricing_status"], refused["input_total_tokens"], refused["list_cost"]) == ("not_billable", 0, 0)
    assert requests["converse-body"]["feature"] == "triage"


def test_t15_what_broke_off_without_usage_is_unknown_and_not_free(requests) -> None:
    """An aborted stream is billed, and an application's log does not say for what."""
    broken = requests["resp-broken"]
    assert (broken["is_failed"], broken["dq_status"], broken["input_total_tokens"]) == (True, "missing_usage", None)
    assert (broken["pricing_status"], broken["list_cost"], broken["contracted_cost"]) == ("usage_unknown", None, None)
    # an answer of status 429 used nothing, and that is known
    assert (requests["resp-limited"]["pricing_status"], requests["resp-limited"]["list_cost"]) == ("not_billable", 0)


def test_equal_answers_without_an_id_are_two(requests) -> None:
    embeddings = [row for row in requests.values() if row["input_total_tokens"] == 2 and row["feed"] == "envelopes"]
    assert len({row["request_id"] for row in embeddings}) == 2


def test_a_profile_hides_the_model_unless_the_body_names_it(requests) -> None:
    assert (requests["log-counts"]["pricing_status"], requests["log-counts"]["list_cost"]) == ("unpriced", None)
    assert requests["anthropic-body"]["raw_model"] == "claude-opus-4-8"


def test_provisioned_throughput_is_a_tier(requests) -> None:
    assert requests["provisioned"]["service_tier"] == "provisioned"


def test_a_callback_and_the_spend_log_of_it_agree(requests) -> None:
    for name in ("spend-log", "callback"):
        assert requests[name]["gateway_cost"] == Decimal("0.0486")
    assert requests["callback"]["list_cost"] == requests["spend-log"]["list_cost"] > 0
    assert requests["callback-cache-hit"]["pricing_status"] == "not_billable"
