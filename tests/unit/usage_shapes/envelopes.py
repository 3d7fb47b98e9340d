"""Lines as vendors, gateways and batch files write them: what is around the usage object."""

from __future__ import annotations

SECRET = "a prompt that must stay in landing"
CHAT_USAGE = {
    "prompt_tokens": 6074,
    "completion_tokens": 285,
    "total_tokens": 6359,
    "prompt_tokens_details": {"cached_tokens": 3456},
}
MESSAGE_USAGE = {
    "input_tokens": 100,
    "cache_creation_input_tokens": 500,
    "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 300},
    "cache_read_input_tokens": 1000,
    "output_tokens": 50,
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
    "service_tier": "batch",
}
# provider comes from the delivery's mapping
ENVELOPES = [
    {
        "id": "chatcmpl-plain",
        "created": 1793707200,
        "model": "gpt-5.4",
        "choices": SECRET,
        "usage": CHAT_USAGE,
        "metadata": {"team": "search", "note": SECRET},
    },
    {
        "id": "batch_req_1",
        "custom_id": "item-1",
        "error": None,
        "response": {
            "status_code": 200,
            "body": {
                "id": "chatcmpl-batch",
                "created": 1793707200,
                "model": "gpt-5.4",
                "choices": SECRET,
                "usage": CHAT_USAGE,
            },
        },
    },
    {
        "type": "response.done",
        "ts": "2026-11-03T12:00:00Z",
        "response": {
            "id": "resp-event",
            "status": "completed",
            "model": "gpt-5.4",
            "service_tier": "flex",
            "output": SECRET,
            "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
        },
    },
    # T12: one instant before and at the price change of 2026-08-21, 00:00 UTC, as clocks in Berlin and New York have it
    *(
        {
            "ts": ts,
            "id": f"instant-{ts}",
            "model": "gpt-5.6-sol",
            "usage": {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000},
        }
        for ts in (
            "2026-08-21T01:59:59.999999+02:00",
            "2026-08-21T02:00:00+02:00",
            "2026-08-20T19:59:59-04:00",
            "2026-08-20T20:00:00-04:00",
        )
    ),
    # T5, T6: sound in and out, a part of it cached, and thought that realtime counts inside the text
    {
        "ts": "2026-11-03T12:00:00Z",
        "id": "realtime",
        "model": "gpt-realtime",
        "usage": {
            "total_tokens": 1200,
            "input_tokens": 1000,
            "output_tokens": 200,
            "input_token_details": {
                "text_tokens": 600,
                "audio_tokens": 400,
                "image_tokens": 0,
                "cached_tokens": 300,
                "cached_tokens_details": {"text_tokens": 200, "audio_tokens": 100, "image_tokens": 0},
            },
            "output_token_details": {"text_tokens": 50, "audio_tokens": 150},
        },
    },
    {
        "ts": "2026-11-03T12:00:00Z",
        "id": "audio",
        "model": "gpt-audio",
        "usage": {
            "prompt_tokens": 1000,
            "completion_tokens": 500,
            "total_tokens": 1500,
            "prompt_tokens_details": {"cached_tokens": 0, "text_tokens": 200, "audio_tokens": 800},
            "completion_tokens_details": {"reasoning_tokens": 0, "text_tokens": 100, "audio_tokens": 400},
        },
    },
    {"ts": "2026-11-03T12:00:00Z", "id": "whisper", "model": "whisper-1", "usage": {"type": "duration", "seconds": 90}},
    {"ts": "2026-11-03T12:00:00Z", "id": "resp-broken", "model": "gpt-5.4", "status": "failure"},
    {"ts": "2026-11-03T12:00:00Z", "id": "resp-limited", "model": "gpt-5.4", "status_code": 429},
    {"ts": "2026-11-03T12:00:00Z", "model": "gpt-5.4", "usage": {"prompt_tokens": 2, "total_tokens": 2}},
    {"ts": "2026-11-03T12:00:00Z", "model": "gpt-5.4", "usage": {"prompt_tokens": 2, "total_tokens": 2}},
]
# half a second, and a minute and a half
GROQ = [
    {
        "ts": "2026-11-03T12:00:00Z",
        "id": f"groq-{seconds}",
        "model": "whisper-large-v3",
        "usage": {"type": "duration", "seconds": seconds},
    }
    for seconds in (0.5, 10, 90)
]
# results of a batch have no time
ANTHROPIC_MAPPING = {"provider": "=anthropic", "requested_at": "=2026-11-03T12:00:00Z"}
ANTHROPIC_BATCH = [
    {
        "custom_id": "item-1",
        "result": {
            "type": "succeeded",
            "message": {"id": "msg-batch", "model": "claude-opus-4-8", "content": SECRET, "usage": MESSAGE_USAGE},
        },
    },
    {"custom_id": "item-2", "result": {"type": "errored", "error": {"message": SECRET}}},
]
PROFILE = "arn:aws:bedrock:us-east-1:222222222222:application-inference-profile/ab12"


def _invocation(request_id: str, model: str, body: dict | None, **counts: int) -> dict:
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-11-03T12:00:00Z",
        "accountId": "222222222222",
        "identity": {"arn": "arn:aws:sts::222222222222:assumed-role/support-bot/session"},
        "region": "us-east-1",
        "requestId": request_id,
        "operation": "Converse",
        "modelId": model,
        "requestMetadata": {"team": "support", "feature": "triage"},
        "input": {"inputBodyJson": {"messages": SECRET}, "inputTokenCount": 100, **counts},
        "output": {"outputTokenCount": 50} | ({"outputBodyJson": body} if body else {}),
    }


CACHED = {"cacheReadInputTokenCount": 1000, "cacheWriteInputTokenCount": 500}
CONVERSE_USAGE = {
    "inputTokens": 100,
    "outputTokens": 50,
    "totalTokens": 1650,
    "cacheReadInputTokens": 1000,
    "cacheWriteInputTokens": 500,
    "cacheDetails": [{"ttl": "5m", "inputTokens": 200}, {"ttl": "1h", "inputTokens": 300}],
}
BEDROCK = [
    _invocation("log-counts", PROFILE, None, **CACHED),
    _invocation("converse-body", PROFILE, {"usage": CONVERSE_USAGE, "output": SECRET}),
    _invocation("anthropic-body", PROFILE, {"model": "claude-opus-4-8", "content": SECRET, "usage": MESSAGE_USAGE}),
    _invocation("provisioned", "arn:aws:bedrock:us-east-1:222222222222:provisioned-model/p1", None),
]
LITELLM_USAGE = {
    "prompt_tokens": 10000,
    "completion_tokens": 1000,
    "prompt_tokens_details": {"cached_tokens": 4000, "cache_write_tokens": 3000},
    "completion_tokens_details": {"reasoning_tokens": 600},
}
SPEND_LOGS = [
    {
        "request_id": "spend-log",
        "call_type": "acompletion",
        "spend": 0.0486,
        "prompt_tokens": 10000,
        "completion_tokens": 1000,
        "startTime": "2026-11-03T12:00:00.000Z",
        "model": "gpt-5.6-sol",
        "custom_llm_provider": "openai",
        "metadata": {"usage_object": LITELLM_USAGE},
        "messages": SECRET,
    },
    # the answer of ANTHROPIC_MESSAGE as a gateway logs it: what was cached is inside the prompt tokens
    {
        "request_id": "anthropic-by-litellm",
        "call_type": "acompletion",
        "prompt_tokens": 1600,
        "completion_tokens": 50,
        "startTime": "2026-11-03T12:00:00.000Z",
        "model": "claude-opus-4-8",
        "custom_llm_provider": "anthropic",
        "metadata": {
            "usage_object": {
                "prompt_tokens": 1600,
                "completion_tokens": 50,
                "prompt_tokens_details": {
                    "cached_tokens": 1000,
                    "cache_creation_tokens": 500,
                    "cache_creation_token_details": MESSAGE_USAGE["cache_creation"],
                },
            }
        },
    },
]
# T2: a gateway that passes Anthropic's counts through. 1,000 cached tokens beside 2,000 fresh ones, or inside them: no field tells.
_PASSED_ON = {
    "call_type": "acompletion",
    "prompt_tokens": 2000,
    "completion_tokens": 50,
    "startTime": "2026-11-03T12:00:00.000Z",
    "model": "claude-opus-4-8",
    "custom_llm_provider": "anthropic",
    "metadata": {"usage_object": {"prompt_tokens": 2000, "prompt_tokens_details": {"cached_tokens": 1000}}},
}
PASSED_ON = _PASSED_ON | {"request_id": "passed-on"}
ADDED_UP = _PASSED_ON | {"request_id": "added-up"}
ANTHROPIC_MESSAGE = {
    "ts": "2026-11-03T12:00:00Z",
    "id": "anthropic-itself",
    "model": "claude-opus-4-8",
    "content": SECRET,
    "usage": {key: value for key, value in MESSAGE_USAGE.items() if key not in ("server_tool_use", "service_tier")},
}

# Answers of several turns. Each of the second's is below 200,000 tokens, where the model is still sold.
TURNS = [
    {
        "ts": "2026-11-03T12:00:00Z",
        "id": "msg-advised",
        "model": "claude-sonnet-4-6",
        "content": SECRET,
        "usage": {
            "input_tokens": 2,
            "output_tokens": 491,
            "cache_read_input_tokens": 226584,
            "cache_creation_input_tokens": 7853,
            "service_tier": "standard",
            "inference_geo": "us",
            "iterations": [
                {
                    "type": "message",
                    "input_tokens": 1,
                    "output_tokens": 45,
                    "cache_read_input_tokens": 109696,
                    "cache_creation_input_tokens": 7192,
                },
                {
                    "type": "advisor_message",
                    "model": "claude-opus-4-8",
                    "input_tokens": 159419,
                    "output_tokens": 7805,
                    "cache_read_input_tokens": 0,
                    "cache_creation_input_tokens": 0,
                },
                {
                    "type": "message",
                    "input_tokens": 1,
                    "output_tokens": 446,
                    "cache_read_input_tokens": 116888,
                    "cache_creation_input_tokens": 661,
                },
            ],
        },
    },
    {
        "ts": "2026-11-03T12:00:00Z",
        "id": "msg-turns",
        "model": "claude-sonnet-4-5",
        "usage": {
            "input_tokens": 300000,
            "output_tokens": 100,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
            "iterations": [{"type": "message", "input_tokens": 150000, "output_tokens": 50}] * 2,
        },
    },
]


def _gemini(answer_id: str, model: str, queries: list[str], *chunks: str) -> dict:
    """An answer of generateContent with Google Search or Maps as a tool."""
    found = [{kind: {"uri": f"https://{place}.example", "title": SECRET}} for place, kind in enumerate(chunks)]
    grounding = {"webSearchQueries": queries, "searchEntryPoint": {"renderedContent": SECRET}, "groundingChunks": found}
    return {
        "ts": "2026-11-03T12:00:00Z",
        "responseId": answer_id,
        "modelVersion": model,
        "candidates": [
            {"content": {"parts": [{"text": SECRET}]}, "finishReason": "STOP", "groundingMetadata": grounding}
        ],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 100, "totalTokenCount": 1100},
    }


GROUNDED = [
    _gemini("grounded-2", "gemini-2.5-flash", [SECRET, f"{SECRET} again", SECRET], "web", "web"),
    _gemini("grounded-3", "gemini-3.5-flash", [SECRET, f"{SECRET} again", SECRET], "web", "web"),
    _gemini("grounded-maps", "gemini-2.5-flash", [SECRET], "maps", "maps"),
    _gemini("not-grounded", "gemini-2.5-flash", []),
]
SEARCHED = {
    "ts": "2026-11-03T12:00:00Z",
    "id": "resp-searched",
    "object": "response",
    "model": "gpt-5.4",
    "status": "completed",
    "output": [
        {"type": "reasoning", "summary": [SECRET]},
        {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": SECRET}},
        {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": SECRET}},
        {"type": "file_search_call", "status": "completed", "queries": [SECRET]},
        {"type": "message", "content": [{"type": "output_text", "text": f"{SECRET} web_search_call"}]},
    ],
    "usage": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100},
}
# T23: a container in which code ran is billed once, however many answers use it.
_CODED = {
    "object": "response",
    "model": "gpt-5.4",
    "status": "completed",
    "output": [
        {
            "type": "code_interpreter_call",
            "status": "completed",
            "code": SECRET,
            "container_id": "cntr_a",
            "outputs": SECRET,
        },
        {
            "type": "code_interpreter_call",
            "status": "completed",
            "code": SECRET,
            "container_id": "cntr_a",
            "outputs": SECRET,
        },
        {"type": "message", "content": [{"type": "output_text", "text": SECRET}]},
    ],
    "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}],
    "usage": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100},
}
CODED = [
    _CODED | {"ts": "2026-11-03T12:00:00Z", "id": "resp-coded"},
    _CODED | {"ts": "2026-11-03T12:05:00Z", "id": "resp-coded-again"},
    _CODED
    | {
        "ts": "2026-11-03T12:05:00Z",
        "id": "resp-coded-large",
        "output": [
            {"type": "code_interpreter_call", "container_id": "cntr_b"},
            {"type": "code_interpreter_call", "container_id": "cntr_c"},
        ],
        "tools": [{"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}],
    },
]
# Anthropic bills hours of a container, above an allowance of the organisation: no answer says them.
CODED_BY_ANTHROPIC = {
    "ts": "2026-11-03T12:00:00Z",
    "id": "msg-coded",
    "model": "claude-opus-4-8",
    "content": SECRET,
    "container": {"id": "container_011CPR5CNjB747bTd36fQLFk", "expires_at": "2026-11-03T13:00:00Z"},
    "usage": {"input_tokens": 100, "output_tokens": 50, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
}
# total_cost is Perplexity's own: 3 and 15 USD a million, 0.006 for the request
PERPLEXITY = [
    {
        "id": f"perplexity-{size}",
        "model": "sonar-pro",
        "created": 1793707200,
        "usage": {
            "prompt_tokens": 8,
            "completion_tokens": 439,
            "total_tokens": 447,
            "search_context_size": size,
            "cost": {
                "input_tokens_cost": 2.4e-05,
                "output_tokens_cost": 0.006585,
                "request_cost": 0.006,
                "total_cost": 0.012609,
            },
        },
        "citations": [SECRET],
        "choices": SECRET,
    }
    for size in ("low", "medium", "high")
]
OLLAMA = {
    "model": "llama3.2",
    "created_at": "2026-11-03T12:00:00.123456Z",
    "id": "ollama-chat",
    "message": {"role": "assistant", "content": SECRET},
    "done": True,
    "total_duration": 4883583458,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 342546000,
    "eval_count": 282,
    "eval_duration": 4535599000,
}
_LOGGED = {
    "ts": "2026-11-03T12:00:00Z", "provider": "anthropic", "model": "claude-opus-4-8", "cache_read_tokens": 1000,
    "cache_write_5m_tokens": 200, "cache_write_1h_tokens": 300, "output_tokens": 50,
}  # fmt: skip
# one request by an application that counts as Anthropic does, and by one that counts as OpenAI does
REQUEST_LOG = [
    _LOGGED | {"request_id": "log-exclusive", "usage_semantics": "exclusive", "input_tokens": 100},
    _LOGGED | {"request_id": "log-inclusive", "usage_semantics": "inclusive", "input_tokens": 1600},
]


def _callback(request_id: str, metadata: dict, **more: object) -> dict:
    return {
        "id": request_id,
        "trace_id": "t",
        "call_type": "acompletion",
        "response_cost": 0.0486,
        "status": "success",
        "startTime": 1793707200.25,
        "endTime": 1793707202.5,
        "model": "gpt-5.6-sol",
        "model_map_information": {"model_map_key": "gpt-5.6-sol"},
        "custom_llm_provider": "openai",
        "prompt_tokens": 10000,
        "completion_tokens": 1000,
        "total_tokens": 11000,
        "cache_hit": None,
        "metadata": metadata | {"requester_metadata": SECRET},
        "messages": SECRET,
        "response": {"choices": SECRET},
        "model_parameters": {"tools": SECRET},
        "error_information": {"traceback": SECRET},
    } | more


CALLBACKS = [
    _callback("callback", {"usage_object": LITELLM_USAGE, "user_api_key_team_id": "t-1"}),
    _callback("callback-totals", {}),
    _callback("callback-cache-hit", {"usage_object": LITELLM_USAGE}, cache_hit=True),
]
