"""Usage with one count that is none, in every shape: what arrives when a vendor, a gateway or an application gets it wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable

from tests.unit.landing.test_otel_spans import attributes, span

AT = "2026-11-03T12:00:00Z"
# shape -> (a sound usage object, the count in it that goes wrong). Each costs something at its model's list price.
SHAPES: dict[str, tuple[str, str, dict, tuple[str, ...]]] = {
    "openai_chat": (
        "openai", "gpt-5.4",
        {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}},
        ("prompt_tokens_details", "cached_tokens"),
    ),
    "openai_responses": (
        "openai", "gpt-5.4",
        {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 10, "total_tokens": 110},
        ("output_tokens",),
    ),
    "openai_realtime": (
        "openai", "gpt-realtime",
        {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110, "input_token_details": {"audio_tokens": 30}},
        ("input_token_details", "audio_tokens"),
    ),
    "openai_embeddings": ("openai", "text-embedding-3-small", {"prompt_tokens": 8, "total_tokens": 8}, ("prompt_tokens",)),
    "openai_images": (
        "openai", "gpt-image-1",
        {"input_tokens": 50, "output_tokens": 400, "total_tokens": 450, "input_tokens_details": {"image_tokens": 40}},
        ("output_tokens",),
    ),
    "openai_transcription": (
        "openai", "gpt-4o-transcribe",
        {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59},
        ("input_tokens",),
    ),
    "anthropic_messages": (
        "anthropic", "claude-opus-4-8",
        {"input_tokens": 100, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 1000, "output_tokens": 50},
        ("cache_creation_input_tokens",),
    ),
    "bedrock_converse": (
        "aws", "regional.anthropic.claude-opus-4-8-v1:0",
        {"inputTokens": 100, "outputTokens": 50, "cacheReadInputTokens": 10, "totalTokens": 160},
        ("cacheReadInputTokens",),
    ),
    "gemini": (
        "google", "gemini-2.5-pro",
        {"promptTokenCount": 100, "candidatesTokenCount": 10, "thoughtsTokenCount": 5, "totalTokenCount": 115},
        ("thoughtsTokenCount",),
    ),
    "cohere": (
        "cohere", "command-r-08-2024", {"billed_units": {"input_tokens": 41, "output_tokens": 28}},
        ("billed_units", "output_tokens"),
    ),
}  # fmt: skip
# what is written where a count should be
WRONG: dict[str, object] = {"negative": -5, "nan": "NaN", "word": "many", "fraction": 3.5}
# the same in logs whose counts are columns, among enough sound rows for the file not to be refused
LOGGED = {"sound": 100, "quoted": "100", "none": None} | WRONG | {f"more-{number}": 100 for number in range(300)}


def changed(usage: dict, path: tuple[str, ...], change: Callable[[dict, str], object]) -> dict:
    """A copy of the object after `change` to the count at `path`."""
    result = copy.deepcopy(usage)
    place = result
    for key in path[:-1]:
        place = place[key]
    change(place, path[-1])
    return result


def variants(usage: dict, path: tuple[str, ...]) -> dict[str, dict]:
    """The object as it should be, with the count in quotes, with keys that nobody knows, and with each wrong count."""
    return {
        "sound": usage,
        "quoted": changed(usage, path, lambda place, key: place.update({key: str(place[key])})),
        "unknown_keys": usage | {"tokens_of_a_new_kind": 7, "details_of_a_new_kind": {"tokens": [1, 2]}},
        "none": changed(usage, path, lambda place, key: place.update({key: None})),
        **{
            name: changed(usage, path, lambda place, key, wrong=wrong: place.update({key: wrong}))
            for name, wrong in WRONG.items()
        },
    }


def answers() -> list[dict]:
    """Lines of `model_responses`: every shape in every variant, by id `<shape>-<variant>`."""
    return [
        {"ts": AT, "id": f"{shape}-{name}", "provider": provider, "model": model, "usage": usage}
        for shape, (provider, model, sound, path) in SHAPES.items()
        for name, usage in variants(sound, path).items()
    ]


# Logs whose counts are columns: a negative one is kept, one that is no number is rejected at the door.
def spend_logs() -> list[dict]:
    """LiteLLM's table."""
    return [
        {
            "request_id": f"spend-{name}", "call_type": "acompletion", "spend": 1.0, "prompt_tokens": count,
            "completion_tokens": 10, "startTime": AT, "model": "gpt-5.4", "custom_llm_provider": "openai",
        }
        for name, count in LOGGED.items()
    ]  # fmt: skip


def logged() -> list[dict]:
    """An application's log."""
    return [
        {
            "ts": AT, "request_id": f"logged-{name}", "provider": "openai", "model": "gpt-5.4", "input_tokens": 100,
            "output_tokens": count,
        }
        for name, count in LOGGED.items()
    ]  # fmt: skip


def spans() -> list[dict]:
    """Lines of a collector's file; numbers that are none come as text attributes."""
    return [
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": attributes({"service.name": "bot"})},
                    "scopeSpans": [
                        {
                            "spans": [
                                span(
                                    f"{name:0>16}", traceId="b" * 32,
                                    a={
                                        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
                                        "gen_ai.request.model": "gpt-5.4", "gen_ai.usage.input_tokens": 100,
                                    } | ({} if count is None else {"gen_ai.usage.output_tokens": count}),
                                )
                            ]
                        }
                    ],
                }
            ]
        }
        for name, count in LOGGED.items()
    ]  # fmt: skip


def observations() -> list[dict]:
    """Langfuse's observations."""
    return [
        {
            "id": f"observed-{name}", "type": "GENERATION", "start_time": AT, "provided_model_name": "gpt-5.4",
            "usage_details": {"input": 100, "output": count}, "metadata": {"attributes": {"gen_ai.system": "openai"}},
        }
        for name, count in LOGGED.items()
    ]  # fmt: skip
