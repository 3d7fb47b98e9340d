"""OpenAI's usage endpoints as the API answers: one kind of result each; figures of the vendor's documentation are not needed here."""

from __future__ import annotations

import json

import pytest

DAY = 1793664000  # 2026-11-03
WHO = {"project_id": "proj_1", "user_id": None, "api_key_id": None}

RESULTS = {
    "embeddings": ("embeddings", WHO | {"model": "text-embedding-3-small", "input_tokens": 70, "num_model_requests": 2}),
    "moderations": ("moderations", WHO | {"model": "omni-moderation", "input_tokens": 5, "num_model_requests": 1}),
    "images": ("images", WHO | {"model": "dall-e-3", "images": 3, "size": "1024x1024", "source": "image.edit", "num_model_requests": 3}),
    "audio_speeches": ("audio_speeches", WHO | {"model": "tts-1", "characters": 900, "num_model_requests": 4}),
    "audio_transcriptions": ("audio_transcriptions", WHO | {"model": "whisper-1", "seconds": 61, "num_model_requests": 1}),
    "vector_stores": ("vector_stores", {"project_id": "proj_1", "usage_bytes": 1024}),
    "code_interpreter_sessions": ("code_interpreter_sessions", {"project_id": "proj_1", "num_sessions": 6}),
    "file_search_calls": ("file_searches", WHO | {"vector_store_id": "vs_1", "num_requests": 8}),
    "web_search_calls": ("web_searches", WHO | {"model": "gpt-5", "context_level": "low", "num_requests": 9, "num_model_requests": 7}),
}  # fmt: skip


def page(kind: str, *results: dict) -> str:
    """A page with one day of results."""
    named = [{"object": f"organization.usage.{kind}.result"} | result for result in results]
    bucket = {"object": "bucket", "start_time": DAY, "end_time": DAY + 86400, "results": named}
    return json.dumps({"object": "page", "data": [bucket], "has_more": False, "next_page": None})


@pytest.mark.parametrize("endpoint", RESULTS)
def test_each_endpoint_has_a_table_with_all_that_its_results_say(own_schemas, endpoint):
    kind, result = RESULTS[endpoint]
    loaded = own_schemas.deliver("openai", page(kind, result), "page.json")
    assert (loaded.table, loaded.rows_in, loaded.loaded) == (f"openai_usage_{endpoint}", 1, 1)
    columns = ", ".join(result)
    assert own_schemas.query(f"select {columns}, cast(_day as varchar) from raw.openai_usage_{endpoint}") == [
        (*result.values(), "2026-11-03")
    ]


def test_a_pull_of_one_endpoint_replaces_no_days_of_another(own_schemas):
    for endpoint in ("embeddings", "images"):
        kind, result = RESULTS[endpoint]
        own_schemas.deliver("openai", page(kind, result), f"{endpoint}.json", version="1")
    kind, result = RESULTS["images"]
    own_schemas.deliver("openai", page(kind, result | {"images": 4}), "images.json", version="2")
    assert own_schemas.query("select images from raw.openai_usage_images") == [(4,)]
    assert own_schemas.query("select input_tokens from raw.openai_usage_embeddings") == [(70,)]
