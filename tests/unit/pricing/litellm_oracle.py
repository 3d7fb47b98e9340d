"""LiteLLM's calculator as a second opinion on today's prices; its map has no dates. Reads its packaged map, no network."""

from __future__ import annotations

import os
from decimal import Decimal

from tests.unit.pricing.conftest import Case

# Read when litellm is imported: without it, it asks the network for its map.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import litellm
from litellm.cost_calculator import batch_cost_calculator
from litellm.types.utils import (
    CacheCreationTokenDetails,
    CompletionTokensDetailsWrapper,
    PromptTokensDetailsWrapper,
    Usage,
)

PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "deepseek": "deepseek",
    "x-ai": "xai",
    "aws": "bedrock_converse",
    "azure": "azure",
    "groq": "groq",
    "mistral": "mistral",
}


def knows(case: Case) -> bool:
    """Whether LiteLLM's map has the model of the case under the same name."""
    provider = PROVIDERS.get(case.provider_id)
    return provider is not None and (
        f"{provider}/{case.model.id}" in litellm.model_cost
        or litellm.model_cost.get(case.model.id, {}).get("litellm_provider") == provider
    )


def cost(case: Case) -> Decimal:
    """List cost in USD by LiteLLM, without tool fees."""
    t, (service_tier, processing) = case.tokens, case.variant
    prompt = sum(n for name, n in t.items() if name.startswith("input_"))
    completion = sum(n for name, n in t.items() if name.startswith("output_"))
    written = t["input_cache_write_5m"] + t["input_cache_write_unspecified"]
    usage = Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_tokens_details=PromptTokensDetailsWrapper(
            text_tokens=t["input_uncached_text"],
            cached_tokens=t["input_cache_read"],
            cache_creation_tokens=written + t["input_cache_write_1h"],
            cache_creation_token_details=CacheCreationTokenDetails(
                ephemeral_5m_input_tokens=written, ephemeral_1h_input_tokens=t["input_cache_write_1h"]
            ),
            audio_tokens=t["input_audio"],
        ),
        completion_tokens_details=CompletionTokensDetailsWrapper(
            text_tokens=t["output_text"],
            reasoning_tokens=t["output_reasoning"],
            audio_tokens=t["output_audio"],
        ),
        # Anthropic says in the answer how fast it was, everybody else by the tier.
        **({"speed": "fast"} if service_tier == "fast" and case.provider_id == "anthropic" else {}),
    )
    if processing == "batch":
        parts = batch_cost_calculator(usage, case.model.id, custom_llm_provider=PROVIDERS[case.provider_id])
        return sum((Decimal(part) for part in parts), Decimal(0))
    parts = litellm.cost_per_token(
        model=case.model.id,
        custom_llm_provider=PROVIDERS[case.provider_id],
        prompt_tokens=prompt,
        completion_tokens=completion,
        usage_object=usage,
        service_tier=None if service_tier == "standard" else service_tier,
    )
    return sum((Decimal(part) for part in parts), Decimal(0))
