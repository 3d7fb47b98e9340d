"""Anthropic's cost reports as the API answers: cents as decimal texts, a default workspace without id."""

from __future__ import annotations

import json
from pathlib import Path

from orchestration.landing.deliveries import land
from orchestration.settings import Settings


def bucket(day: int, results: list[dict[str, object]]) -> dict[str, object]:
    return {
        "starting_at": f"2026-11-{day:02d}T00:00:00Z",
        "ending_at": f"2026-11-{day + 1:02d}T00:00:00Z",
        "results": results,
    }


def cost(amount: str, **fields: object) -> dict[str, object]:
    """A result of the Console's report, grouped by workspace and description."""
    result = {
        "currency": "USD", "amount": amount, "workspace_id": "wrkspc_01", "description": "Claude Opus 4.8 Usage - Input Tokens",
        "cost_type": "tokens", "context_window": "0-200k", "model": "claude-opus-4-8", "service_tier": "standard",
        "token_type": "uncached_input_tokens", "inference_geo": "us",
    }  # fmt: skip
    return result | fields


def tool(amount: str, cost_type: str, description: str) -> dict[str, object]:
    keys = ("context_window", "model", "service_tier", "token_type", "inference_geo")
    return cost(amount, cost_type=cost_type, description=description, workspace_id=None, **dict.fromkeys(keys))


CONSOLE = [
    cost("55.00"),
    cost(
        "0.0123456789",
        token_type="cache_creation.ephemeral_5m_input_tokens",
        description="Claude Opus 4.8 Usage - Cache Write",
    ),
    cost(
        "123.78912",
        token_type="output_tokens",
        service_tier="batch",
        description="Claude Opus 4.8 Usage - Output Tokens",
    ),
    tool("12.00", "web_search", "Web Search Usage"),
    tool("7.5", "code_execution", "Code Execution Usage"),
    tool("3", "session_usage", "Managed Agents Session Usage"),
]
# What the vendor's Console shows: cents, so a hundredth of the sum in dollars.
CONSOLE_TOTAL = "2.013014656789"


def group(amount: str, list_amount: str, **fields: object) -> dict[str, object]:
    """An item of the newer enterprise report: its own times, cost and group apart."""
    return {
        "starting_at": "2026-11-03T00:00:00Z", "ending_at": "2026-11-04T00:00:00Z",
        "cost": {"amount": amount, "list_amount": list_amount, "currency": "USD", "requests": None},
        "group": {"product": "claude_code", "model": "claude-opus-4-8", "cost_type": "tokens", "token_type": "output_tokens"} | fields,
    }  # fmt: skip


ENTERPRISE = [
    group("900.5", "1000"),
    group("99.5", "100", product=None, model=None, cost_type="code_execution", token_type=None),
]
# The older one: buckets of results.
OLDER = [
    {
        "amount": "10.25",
        "list_amount": "20.5",
        "currency": "USD",
        "product": "chat",
        "model": None,
        "rbac_group_id": None,
    }
]


def page(data: list[dict[str, object]]) -> str:
    return json.dumps({"data": data, "has_more": False, "next_page": None})


def deliver(settings: Settings, folder: Path) -> None:
    """Land all of it; the 4th is a day without cost."""
    for name, feed, data in (
        ("cost_report.json", "console", [bucket(3, CONSOLE), bucket(4, [])]),
        ("analytics_cost.json", "enterprise", ENTERPRISE),
        ("analytics_cost_report.json", "enterprise-older", [bucket(3, OLDER)]),
    ):
        (folder / name).write_text(page(data))
        land("anthropic", [folder / name], settings=settings, feed=feed, version="1")
