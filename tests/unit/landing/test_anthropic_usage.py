"""Anthropic's usage report as its API answers: pages of buckets, each with a list of results."""

from __future__ import annotations

import json


def result(**fields: object) -> dict:
    """One result with all fields of the report; figures of the vendor's documentation are not needed here."""
    return {
        "api_key_id": "apikey_01",
        "workspace_id": "wrkspc_01",
        "account_id": None,
        "model": "claude-opus-4-8",
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "us",
        "uncached_input_tokens": 100,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
        "cache_read_input_tokens": 500,
        "output_tokens": 40,
        "server_tool_use": {"web_search_requests": 12},
    } | fields


def page(*days: tuple[str, list[dict]], **fields: object) -> str:
    """A page with a bucket for each (day, results)."""
    buckets = [
        {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{day}T23:59:59Z", "results": results}
        for day, results in days
    ]
    return json.dumps({"data": buckets, "has_more": False, "next_page": None} | fields)


def test_results_are_rows_and_nested_counts_are_columns(own_schemas):
    loaded = own_schemas.deliver(
        "anthropic", page(("2026-11-03", [result(), result(workspace_id=None, cache_creation=None)])), "usage.json"
    )
    assert (loaded.rows_in, loaded.loaded) == (2, 2)
    assert own_schemas.query(
        "select workspace_id, uncached_input_tokens, cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, "
        "cache_read_input_tokens, output_tokens, web_search_requests, cast(_day as varchar) "
        "from raw.anthropic_usage_messages order by all"
    ) == [
        ("wrkspc_01", 100, 20, 30, 500, 40, 12, "2026-11-03"),
        (None, 100, None, None, 500, 40, 12, "2026-11-03"),
    ]


def test_a_later_pull_replaces_the_days_that_it_covers_also_empty_ones(own_schemas):
    own_schemas.deliver(
        "anthropic", page(("2026-11-02", [result()]), ("2026-11-03", [result()])), "a.json", version="1"
    )
    own_schemas.deliver(
        "anthropic", page(("2026-11-03", []), ("2026-11-04", [result(output_tokens=7)])), "b.json", version="2"
    )
    assert own_schemas.query(
        "select cast(_day as varchar), output_tokens from raw.anthropic_usage_messages order by all"
    ) == [("2026-11-02", 40), ("2026-11-04", 7)]


def test_an_error_body_is_refused_with_the_vendors_words(own_schemas):
    body = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
    refused = own_schemas.deliver("anthropic", json.dumps(body), "usage.json")
    assert refused.outcome == "refused"
    assert "the API's error instead of a page: invalid x-api-key" in refused.reason


def test_the_cost_report_is_no_usage_report(own_schemas):
    cost = {"currency": "USD", "amount": "123.45", "workspace_id": None, "description": "Claude Opus input tokens"}
    loaded = own_schemas.deliver("anthropic", page(("2026-11-03", [cost])), "report.json")
    assert (loaded.table, loaded.loaded) == ("anthropic_costs", 1)


def test_pages_without_any_result_empty_their_own_report_only(own_schemas):
    """Nothing in such a page tells the report; its file's name does."""
    cost = {"currency": "USD", "amount": "1", "workspace_id": None}
    own_schemas.deliver("anthropic", page(("2026-11-03", [result()])), "usage.json", version="1")
    own_schemas.deliver("anthropic", page(("2026-11-03", [cost])), "cost_report.json", version="1")
    own_schemas.deliver("anthropic", page(("2026-11-03", [])), "cost_report.json", version="2")
    assert own_schemas.query("select count(*) from raw.anthropic_usage_messages") == [(1,)]
    assert own_schemas.query("select count(*) from raw.anthropic_costs") == [(0,)]


def test_a_page_that_is_not_the_last_says_so(own_schemas):
    own_schemas.deliver("anthropic", page(("2026-11-03", [result()]), has_more=True, next_page="p2"), "usage.json")
    warnings = own_schemas.query("select warnings from raw.load_ledger")
    assert "later pages of this pull are not in this file" in str(warnings)
