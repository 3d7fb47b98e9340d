"""Usage that breaks a rule is flagged, kept and counted, in every shape; what can be read is read."""

from __future__ import annotations

import duckdb
import pytest

from tests.unit.usage_shapes.bad_usage import SHAPES, WRONG

FLAGS = {
    "negative": "negative_tokens",
    "nan": "unreadable_usage",
    "word": "unreadable_usage",
    "fraction": "unreadable_usage",
}
LOGS = {"litellm": "spend-", "request_log": "logged-", "otel": f"{'b' * 32}:", "langfuse": "observed-"}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wrong", WRONG)
def test_t3_a_count_that_is_none_makes_the_cost_unknown(requests, shape: str, wrong: str) -> None:
    row = requests[f"{shape}-{wrong}"]
    # without its count an embedding is told from a chat by nothing
    assert row["usage_shape"] in (shape, "unknown") or (shape, row["usage_shape"]) == (
        "openai_embeddings",
        "openai_chat",
    )
    assert row["dq_status"] == FLAGS[wrong]
    assert (row["input_total_tokens"], row["output_total_tokens"], row["list_cost"]) == (None, None, None)
    assert row["pricing_status"] == "unpriced"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("variant", ["quoted", "unknown_keys"])
def test_a_number_in_quotes_is_one_and_keys_that_nobody_knows_change_nothing(
    requests, shape: str, variant: str
) -> None:
    sound, other = requests[f"{shape}-sound"], requests[f"{shape}-{variant}"]
    assert (sound["usage_shape"], sound["dq_status"]) == (shape, "ok")
    assert sound["list_cost"] > 0
    names = {"request_id", "response_id", "allocation_group_id"}
    assert {k: v for k, v in other.items() if k not in names} == {k: v for k, v in sound.items() if k not in names}


# Gemini leaves counts of zero out; nobody else does for what it bills.
SILENT = {"openai_chat", "openai_realtime", "anthropic_messages", "bedrock_converse", "gemini", "cohere"}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_total_that_is_missing_is_unknown_and_a_part_is_none(requests, shape: str) -> None:
    row = requests[f"{shape}-none"]
    assert (row["list_cost"] is None) == (shape not in SILENT), row
    assert row["dq_status"] in (
        ("ok", "parts_differ_from_total") if shape in SILENT else ("missing_usage", "unknown_usage_shape")
    )


@pytest.mark.parametrize("log", LOGS)
def test_negative_counts_of_logs_are_kept_and_what_is_no_number_is_rejected_with_its_reason(raw, requests, log) -> None:
    of = {key.removeprefix(LOGS[log]).lstrip("0"): row for key, row in requests.items() if key.startswith(LOGS[log])}
    assert of["sound"]["list_cost"] == of["quoted"]["list_cost"] > 0
    assert (of["negative"]["dq_status"], of["negative"]["list_cost"]) == ("negative_tokens", None)
    rejected = {"nan", "word", "fraction"} - of.keys()
    if log == "langfuse":
        assert not rejected
        assert {of[name]["dq_status"] for name in ("nan", "word", "fraction")} == {"unreadable_usage"}
        return
    assert rejected == {"nan", "word", "fraction"}
    with duckdb.connect(str(raw), read_only=True) as con:
        found = con.execute(
            "select reason, value from raw.load_rejects where table_name like ? order by value", [f"{log}%"]
        ).fetchall()
    assert found == [("is no bigint", "3.5"), ("is no bigint", "NaN"), ("is no bigint", "many")]
