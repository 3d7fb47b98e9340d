"""Spans as the collector's file exporter writes them: OTLP JSON, one object a line."""

from __future__ import annotations

import gzip
import json
import struct

START = 1_793_702_100_000_000_000  # 2026-11-03 10:35:00 UTC


def attributes(values: dict[str, object]) -> list[dict]:
    """OTLP's list form; 64-bit numbers are strings there."""
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    listed = []
    for key, value in values.items():
        if isinstance(value, list):
            listed.append({"key": key, "value": {"arrayValue": {"values": [{"stringValue": one} for one in value]}}})
        else:
            written = str(value) if type(value) is int else value
            listed.append({"key": key, "value": {kinds[type(value)]: written}})
    return listed


def span(span_id: str, /, **values: object) -> dict:
    """One span of a call; `a` are its attributes, other values replace fields of the span."""
    fields = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": span_id,
        "parentSpanId": "",
        "name": "chat gpt-5.6-sol",
        "kind": 3,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 2_500_000_000),
        "attributes": attributes(values.pop("a", {})),
        "status": {},
    }
    return fields | values


def line(*spans: dict, resource: dict[str, object] | None = None) -> str:
    """One line of the file."""
    return json.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": attributes(resource or {"service.name": "support-bot"})},
                    "scopeSpans": [{"scope": {"name": "instrumentation", "version": "2.3"}, "spans": list(spans)}],
                }
            ]
        }
    )


CURRENT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5.6-sol",
    "gen_ai.response.model": "gpt-5.6-sol-2026-07-09",
    "gen_ai.response.id": "resp_1",
    "gen_ai.usage.input_tokens": 10_000,
    "gen_ai.usage.cache_read.input_tokens": 4_000,
    "gen_ai.usage.cache_creation.input_tokens": 3_000,
    "gen_ai.usage.output_tokens": 1_000,
    "gen_ai.usage.reasoning.output_tokens": 600,
    "openai.response.service_tier": "default",
}
OLD = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.response.model": "gpt-5.6-sol-2026-07-09",
    "gen_ai.response.id": "resp_1",
    "gen_ai.usage.prompt_tokens": 10_000,
    "gen_ai.usage.cache_read_input_tokens": 4_000,
    "gen_ai.usage.cache_creation_input_tokens": 3_000,
    "gen_ai.usage.completion_tokens": 1_000,
    "gen_ai.usage.reasoning_tokens": 600,
    "gen_ai.openai.response.service_tier": "default",
}
OPENLLMETRY = {
    "llm.request.type": "chat",
    "gen_ai.system": "openai",
    "gen_ai.response.model": "gpt-5.6-sol-2026-07-09",
    "gen_ai.response.id": "resp_1",
    "llm.usage.prompt_tokens": 10_000,
    "llm.usage.cache_read_input_tokens": 4_000,
    "llm.usage.cache_creation_input_tokens": 3_000,
    "llm.usage.completion_tokens": 1_000,
    "llm.usage.reasoning_tokens": 600,
    "openai.response.service_tier": "default",
}
TOKENS = (
    "provider, response_model, response_id, service_tier, input_tokens, cache_read_tokens, cache_write_tokens, "
    "output_tokens, reasoning_tokens"
)
READ = ("openai", "gpt-5.6-sol-2026-07-09", "resp_1", "default", 10_000, 4_000, 3_000, 1_000, 600)


def test_names_of_all_conventions_are_one_column(own_schemas):
    loaded = own_schemas.deliver(
        "otel", line(span("a1", a=CURRENT), span("a2", a=OLD)) + "\n" + line(span("a3", a=OPENLLMETRY)), "traces.json"
    )
    assert (loaded.rows_in, loaded.loaded) == (3, 3)
    assert own_schemas.query(f"select {TOKENS} from raw.otel_spans") == [READ] * 3
    assert own_schemas.query(
        "select distinct operation, cast(started_at as varchar), cast(ended_at as varchar), service_name from raw.otel_spans"
    ) == [("chat", "2026-11-03 10:35:00", "2026-11-03 10:35:02.5", "support-bot")]


def test_openinference_counts_and_metadata(own_schemas):
    kept = {
        "openinference.span.kind": "LLM",
        "llm.provider": "openai",
        "llm.model_name": "gpt-5.4",
        "llm.token_count.prompt": 10_000,
        "llm.token_count.prompt_details.cache_read": 4_000,
        "llm.token_count.completion": 1_000,
        "llm.token_count.completion_details.reasoning": 600,
        "llm.token_count.total": 11_000,
        "llm.cost.total": 0.031,
        "session.id": "s-9",
        "user.id": "cust-42",
        "metadata": '{"team":"support"}',
    }
    own_schemas.deliver("otel", line(span("b1", a=kept)), "traces.json")
    assert own_schemas.query(
        "select ai_kind, provider, response_model, input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, "
        "total_tokens, reported_cost, session_id, customer_id, team from raw.otel_spans"
    ) == [("LLM", "openai", "gpt-5.4", 10_000, 4_000, 1_000, 600, 11_000, "0.031", "s-9", "cust-42", "support")]


def test_a_delivery_declares_which_attribute_names_team_feature_and_customer(own_schemas):
    own_schemas.deliver(
        "otel",
        line(span("c1", a=CURRENT | {"app.tenant": "acme"}), resource={"service.name": "bot", "org.unit": "search"}),
        "traces.json",
        mapping={
            "team": "resource:org.unit",
            "customer_id": "attribute:app.tenant",
            "feature": "resource:service.name",
        },
    )
    assert own_schemas.query("select team, customer_id, feature from raw.otel_spans") == [("search", "acme", "bot")]


def test_prompts_and_answers_never_reach_the_lake(own_schemas):
    secret = {
        "gen_ai.input.messages": "SECRET",
        "gen_ai.prompt.0.content": "SECRET",
        "llm.input_messages.0.message.content": "SECRET",
        "input.value": "SECRET",
        "app.note": "SECRET" * 1000,
        "app.tags": ["a", "b"],
    }
    event = {"name": "gen_ai.content.prompt", "attributes": attributes({"gen_ai.prompt": "SECRET"})}
    own_schemas.deliver("otel", line(span("d1", a=CURRENT | secret, events=[event])), "traces.json")
    [(row,)] = own_schemas.query("select cast(to_json(s) as varchar) from raw.otel_spans as s")
    assert "SECRET" not in row
    assert "app.tags" in row


def test_gzip_and_a_rotated_name(own_schemas):
    content = gzip.compress((line(span("e1", a=CURRENT)) + "\n").encode())
    loaded = own_schemas.deliver("otel", content, "traces-2026-11-03T05-02-14.173.json.gz")
    assert (loaded.outcome, loaded.loaded) == ("loaded", 1)


def test_t17_a_span_that_comes_again_is_a_duplicate(own_schemas):
    own_schemas.deliver("otel", line(span("f1", a=CURRENT)), "traces.json")
    again = own_schemas.deliver("otel", line(span("f1", a=CURRENT)) + "\n" + line(span("f2", a=CURRENT)), "traces.json")
    assert (again.rows_in, again.loaded, again.duplicate) == (2, 1, 1)


def test_lines_of_other_signals_hold_no_span_and_broken_lines_are_rejected(own_schemas):
    lines = [line(span(f"g{number}", a=CURRENT)) for number in range(200)]
    content = "\n".join([*lines, json.dumps({"resourceMetrics": []}), '{"resourceSpans": [{"resource":', ""])
    loaded = own_schemas.deliver("otel", content, "all-signals.json")
    assert (loaded.rows_in, loaded.loaded, loaded.rejected) == (201, 200, 1)
    assert own_schemas.query("select field, reason from raw.load_rejects") == [("trace_id", "is missing")]


def test_a_span_without_a_start_is_rejected(own_schemas):
    lines = [span(f"h{number}", a=CURRENT) for number in range(200)]
    loaded = own_schemas.deliver("otel", line(*lines, span("h-none", startTimeUnixNano="")), "traces.json")
    assert (loaded.loaded, loaded.rejected) == (200, 1)


def test_protobuf_and_zstd_are_refused_with_what_to_do(own_schemas):
    proto = b"\x0a\x82\x01\x0a\x10" + b"\x00\x01trace" * 20
    refused = own_schemas.deliver("otel", struct.pack(">I", len(proto)) + proto, "traces.pb")
    assert refused.outcome == "refused"
    assert "length-prefixed protobuf" in refused.reason
    assert "`format` to json" in refused.reason
    zstd = struct.pack(">I", 300) + b"\x28\xb5\x2f\xfd" + b"\x24\x00\x01" * 100
    refused = own_schemas.deliver("otel", zstd, "traces.json.zst")
    assert refused.outcome == "refused"
    assert "compressed by zstd" in refused.reason


def test_json_of_something_else_is_refused(own_schemas):
    refused = own_schemas.deliver("otel", '{"spans": []}\n' * 3, "other.json")
    assert refused.outcome == "refused"
    assert own_schemas.query("select count(*) from raw.otel_spans") == [(0,)]
