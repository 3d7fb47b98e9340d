"""The usage bodies of genai-prices' test set, and who served each of them.

The set prices every body under each provider whose extractor can read it; only the one that served it says what it
cost. A body does not name its provider: its keys do, and where many vendors share them (OpenAI's chat), the recording
it was taken from.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

# Word in the name of a recording -> provider, for bodies in OpenAI's chat shape; the first that occurs counts.
CHAT_SERVERS = {
    "openrouter": "openrouter",
    "groq": "groq",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "cerebras": "cerebras",
    "huggingface": "huggingface_novita",
    "ollama": "ollama",
    "zai": "zai",
    "xai": "x-ai",
    "grok": "x-ai",
}


@dataclass(frozen=True)
class Body:
    """One body, and what the set says of it.

    Attributes:
        body_id: Its place in the file.
        body: As the vendor answered, without content.
        provider: Who served it, as genai-prices names providers.
        flavor: The extractor for its shape.
        usage: Inclusive totals and subsets by genai-prices' names; None where no extractor of the provider reads it.
        input_price: Price of the input in USD, None where the set has none.
        output_price: Price of the output in USD, None where the set has none.
    """

    body_id: str
    body: dict
    provider: str
    flavor: str
    usage: dict[str, int] | None
    input_price: Decimal | None
    output_price: Decimal | None

    @property
    def model(self) -> str | None:
        """Model as the body names it; Bedrock's bodies name none."""
        return self.body.get("model") or self.body.get("modelVersion")


def server_of(body: dict) -> tuple[str, str]:
    """(provider, flavor) of a body."""
    usage = body.get("usage") or {}
    if "usageMetadata" in body:
        return "google", "default"
    if "meta" in body:
        return "cohere", "embeddings"
    if "billed_units" in usage:
        return "cohere", "default"
    if "inputTokens" in usage:
        return "aws", "default"
    if "cache_read_input_tokens" in usage:
        return "anthropic", "default"
    if "input_tokens" in usage:
        return ("aws" if "bedrock_mantle" in body["file"] else "openai"), "responses"
    words = re.split(r"[^a-z0-9]+", body["file"].lower())
    provider = next((server for word, server in CHAT_SERVERS.items() if word in words), "openai")
    if "prompt_time" in usage:
        provider = "groq"
    if "num_cached_tokens" in usage:
        provider = "mistral"
    if "completion_tokens" not in usage:
        return provider, "embeddings"
    return provider, "default" if provider in ("groq", "mistral") else "chat"


def load_bodies(path: Path) -> list[Body]:
    """All bodies of the file, in its order."""
    bodies = []
    for place, entry in enumerate(json.loads(path.read_text())):
        provider, flavor = server_of(entry["body"])
        usage = input_price = output_price = None
        for group in entry["extracted"]:
            for extractor in group["extractors"]:
                if (extractor["provider_id"], extractor["api_flavor"]) == (provider, flavor):
                    usage = group["usage"]
                    input_price, output_price = (
                        Decimal(extractor[key]) if key in extractor else None for key in ("input_price", "output_price")
                    )
        bodies.append(Body(f"body-{place}", entry["body"], provider, flavor, usage, input_price, output_price))
    return bodies
