"""Names of models: one winner per provider and name, whatever the spelling of the gateway."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from genai_prices.data import providers as genai_providers

from orchestration.lake.raw_views import register
from orchestration.reference.book import extra_models
from orchestration.reference.model_aliases import ModelAlias, observed_pairs, provider_aliases, resolve
from orchestration.settings import PROJECT_DIR, Settings


def one(provider: str, model: str) -> ModelAlias:
    (row,) = resolve({(provider, model): "2026-10-01"}, provider_aliases(PROJECT_DIR), extra_models())
    return row


@pytest.mark.parametrize(
    ("provider", "model", "provider_id", "model_id", "price_provider", "matched_by"),
    [
        ("openai", "gpt-5.6-sol", "openai", "gpt-5.6-sol", "openai", "exact"),
        ("openai", "gpt-5.6-sol-2026-07-09", "openai", "gpt-5.6-sol", "openai", "clause"),
        (
            "bedrock",
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws",
            "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws",
            "clause",
        ),
        (
            "bedrock_converse",
            "global.anthropic.claude-haiku-4-5-20251001-v1:0",
            "aws",
            "global.anthropic.claude-haiku-4-5-20251001-v1:0",
            "aws",
            "exact",
        ),
        ("vertex_ai", "vertex_ai/gemini-2.5-flash", "google", "gemini-2.5-flash", "google", "stripped_exact"),
        ("Azure", "azure/gpt-4o-mini", "azure", "gpt-4o-mini", "openai", "stripped_clause"),
        (
            "hosted_vllm",
            "meta-llama/Llama-3.3-70B-Instruct",
            "self_hosted",
            "meta-llama/Llama-3.3-70B-Instruct",
            "",
            "self_hosted",
        ),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws",
            "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws",
            "clause",
        ),
        # a profile of one's own says nothing of the model
        ("bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/8x7k", "aws", "", "", "none"),
        (
            "vertex_ai",
            "publishers/google/models/gemini-2.5-pro",
            "google",
            "gemini-2.5-pro",
            "google",
            "stripped_exact",
        ),
        # a data zone is no route: its prices are others
        ("azure", "us/gpt-5.4", "azure", "", "", "none"),
        ("azure", "azure/gpt-5.4", "azure", "gpt-5.4", "openai", "stripped_clause"),
        ("cohere", "rerank-v3.5", "cohere", "rerank-v3.5", "cohere", "declared"),
        ("openai", "no-such-model", "openai", "", "", "none"),
        ("some-new-cloud", "gpt-5.4", "some-new-cloud", "", "", "none"),
    ],
)
def test_a_name_is_resolved(
    provider: str, model: str, provider_id: str, model_id: str, price_provider: str, matched_by: str
) -> None:
    row = one(provider, model)
    assert (row.provider_id, row.raw_model, row.model_id, row.price_provider_id, row.matched_by) == (
        provider_id,
        model,
        model_id,
        price_provider,
        matched_by,
    )


def test_routes_with_prices_of_their_own_stay_apart() -> None:
    """T11: the regional and the global profile of one model are two models with two prices."""
    assert (
        one("bedrock", "us.anthropic.claude-opus-4-8-v1:0").model_id
        != one("bedrock", "global.anthropic.claude-opus-4-8-v1:0").model_id
    )


def test_spellings_of_one_provider_give_one_row_and_order_does_not_matter() -> None:
    pairs = {
        ("bedrock", "amazon.nova-pro-v1:0"): "2026-10-03",
        ("bedrock_converse", "amazon.nova-pro-v1:0"): "2026-10-02",
        ("openai", "gpt-4o"): "2026-10-04",
    }
    rows = resolve(pairs, provider_aliases(PROJECT_DIR))
    assert [(row.raw_model, row.first_used_on) for row in rows] == [
        ("amazon.nova-pro-v1:0", "2026-10-02"),
        ("gpt-4o", "2026-10-04"),
    ]
    assert resolve(dict(reversed(pairs.items())), provider_aliases(PROJECT_DIR)) == rows


def test_an_unknown_name_comes_with_the_model_that_looks_most_like_it() -> None:
    """Unknown is not free: the list of unpriced use says what to alias."""
    assert one("openai", "gpt-5.6-soll").model_id in ("", "gpt-5.6-sol")
    assert one("anthropic", "claude_opus_4_8").suggested_model_id == "claude-opus-4-8"
    assert one("openai", "zzz").suggested_model_id == ""
    assert one("openai", "gpt-5.4").suggested_model_id == ""


def test_every_name_has_one_winner() -> None:
    """T11: whatever names are seen, a provider's name has one row."""
    ids = [(provider.id, model.id) for provider in genai_providers for model in provider.models][::7]
    seen = {(provider, prefix + model): "2026-10-01" for provider, model in ids for prefix in ("", "us.", "route/")}
    rows = resolve(seen, provider_aliases(PROJECT_DIR), extra_models())
    assert len({(row.provider_id, row.raw_model) for row in rows}) == len(rows)
    assert all(bool(row.model_id) != (row.matched_by == "none") for row in rows)


def test_models_of_every_usage_report_are_resolved(tmp_path: Path) -> None:
    """OpenAI's endpoints have a table each, and all but two name models; the pipeline reads views of them."""
    settings = Settings(home=tmp_path, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{tmp_path / 'catalog.db'}")
    endpoints = (
        "audio_speeches", "audio_transcriptions", "completions", "embeddings", "images", "moderations", "web_search_calls",
    )  # fmt: skip
    with duckdb.connect() as con:
        register(con, settings)
        for endpoint in endpoints:
            con.execute(f"create table {endpoint} as select * from raw.openai_usage_{endpoint}")
            con.execute(f"insert into {endpoint} by name select '{endpoint}' as model, date '2026-11-03' as _day")
            con.execute(f"create or replace view raw.openai_usage_{endpoint} as from {endpoint}")
        pairs = observed_pairs(con)
    assert pairs == {("openai", endpoint): "2026-11-03" for endpoint in endpoints}
