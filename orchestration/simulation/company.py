"""Who Meridian Labs is: units, customers, products, accounts, and the traffic that each team sends to each model.

Everything here is a constant of the world or a function of the timeline; nothing is random.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

NAME = "Meridian Labs"
PAYER = "111122223333"
ACCOUNTS = {"222233334444": "ml-training", "333344445555": "ai-products", "444455556666": "data-platform"}
TRAINING_ACCOUNT, PRODUCT_ACCOUNT, DATA_ACCOUNT = ACCOUNTS
AWS_ISSUER = "Amazon Web Services, Inc."
NORTHGRID_ISSUER, NORTHGRID_ACCOUNT = "Northgrid GmbH", "ng-meridian"
OPENAI_ISSUER, OPENAI_ORGANISATION = "OpenAI, LLC", "org-meridian"
ANTHROPIC_ISSUER, ANTHROPIC_ACCOUNT = "Anthropic, PBC", "acct-meridian"

# unit, parent, name, cost centre
UNITS = (
    ("meridian", "", "Meridian Labs", "1000"),
    ("products", "meridian", "Products", "2000"),
    ("research", "meridian", "Research", "3000"),
    ("platform", "meridian", "Platform", "4000"),
    ("assistant", "products", "Assistant", "2100"),
    ("search", "products", "Search", "2200"),
    ("automation", "products", "Workflow automation", "2300"),
    ("foundation", "research", "Foundation models", "3100"),
    ("posttraining", "research", "Post-training", "3200"),
    ("evaluation", "research", "Evaluation", "3300"),
    ("mlplatform", "platform", "ML platform", "4100"),
    ("dataplatform", "platform", "Data platform", "4200"),
)
TEAMS = tuple(unit for unit, parent, _, _ in UNITS if parent not in ("", "meridian"))

CORPUS, OLD_CORPUS = (
    "meridian-corpus",
    "meridian-crawl-2024",
)  # datasets, each in a bucket of its name; nobody reads the old one
WANDB_TEAM = "assistant"  # tracks its runs in Weights & Biases, the others in MLflow


@dataclass(frozen=True)
class Route:
    """One stream of model requests: who sends it, to which model, and what its requests look like.

    `context` and `answer` are median tokens; `read` and `write` the mean shares of the input served from and written
    to the vendor's cache; `reasoning` the mean share of the output; `weight` the share of the traffic of its meter.
    """

    id: str
    team: str
    gateway_team: str
    environment: str
    provider: str
    model: str  # as the gateway or the log writes it
    model_id: str  # as genai-prices names it
    bill_model: str  # as the vendor's bill or usage API writes it
    project: str  # OpenAI project, Anthropic workspace, Bedrock inference profile ARN; deployment if self-hosted
    api_key: str
    feature: str
    for_customers: bool
    weight: float
    context: int
    read: float
    write: float
    answer: int
    reasoning: float = 0.0
    cache_ttl: str = "5m"
    context_limit: int = 180_000
    long_share: float = 0.0
    from_day: tuple[int, int] | None = None  # (months before the open one, day) of the first use


def _profile(name: str) -> str:
    return f"arn:aws:bedrock:us-east-1:{PRODUCT_ACCOUNT}:application-inference-profile/{name}"


SOL, MINI, TERRA, EMBED = "gpt-5.6-sol", "gpt-5.4-mini", "gpt-5.6-terra", "text-embedding-3-large"
OPUS, HAIKU = "claude-opus-4-8", "claude-haiku-4-5"
AWS_SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
AWS_SONNET_ID = "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"
AWS_HAIKU = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
# The small chat model was replaced before the window; its server is still up and nobody calls it.
CHAT_70B, CODE_32B, CHAT_8B = "chat-70b", "code-32b", "chat-8b"
SERVED_MODELS = {
    CHAT_70B: "meta-llama/Llama-3.3-70B-Instruct",
    CODE_32B: "Qwen/Qwen2.5-Coder-32B-Instruct",
    CHAT_8B: "meta-llama/Llama-3.1-8B-Instruct",
}
# A LoRA adapter on the chat deployment: requests ask for it by its name and their log does not say which deployment answered
ADAPTER, ADAPTER_MODEL = "support-lora", "meridian/llama-3.3-70b-support"
# The fine-tuning runs that it comes from, and the versions that went into service with each month; nobody noted the first one.
ADAPTER_TRAINED, ADAPTER_VERSIONS = "llama-3.3-70b-support-sft", ("", "v3", "v6")
# API that a deployment is compared with, as a gateway writes it
ALTERNATIVES = {
    CHAT_70B: ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    CODE_32B: ("cloudflare", "@cf/qwen/qwen2.5-coder-32b-instruct"),
}


def _openai(id: str, team: str, env: str, model: str, feature: str, customers: bool, weight: float, **shape) -> Route:
    bill = {SOL: f"{SOL}-2026-07-09", MINI: f"{MINI}-2026-03-17", TERRA: f"{TERRA}-2026-07-09"}.get(model, model)
    name = team if env == "prod" else f"{team}-{env}"
    return Route(
        id, team, f"tm-{name}", env, "openai", model, model, bill, f"proj_{name}", f"key_{name}", feature,
        customers, weight, **shape,
    )  # fmt: skip


def _anthropic(
    id: str, team: str, workspace: str, model: str, feature: str, customers: bool, weight: float, **shape
) -> Route:
    bill = {HAIKU: f"{HAIKU}-20251001"}.get(model, model)
    return Route(
        id, team, f"tm-{team}", "prod", "anthropic", model, model, bill, workspace, "", feature, customers, weight,
        **shape,
    )  # fmt: skip


def _bedrock(
    id: str, team: str, model: str, model_id: str, profile: str, feature: str, customers: bool, weight: float, **shape
) -> Route:
    return Route(
        id, team, f"tm-{team}", "prod", "aws", model, model_id, model, _profile(profile), "", feature, customers,
        weight, **shape,
    )  # fmt: skip


def _served(
    id: str,
    team: str,
    env: str,
    deployment: str,
    feature: str,
    customers: bool,
    weight: float,
    *,
    adapter=False,
    **shape,
) -> Route:
    base = SERVED_MODELS[deployment]
    name, model_id = (ADAPTER, ADAPTER_MODEL) if adapter else (base, base)
    return Route(
        id, team, team, env, "self_hosted", name, model_id, base, deployment, "", feature, customers, weight, **shape,
    )  # fmt: skip


GATEWAY_ROUTES = (
    _openai("assistant-chat", "assistant", "prod", SOL, "chat", True, 0.20, context=64_000, read=0.55, write=0.12,
            answer=2_300, reasoning=0.45, long_share=0.012),
    _openai("assistant-fast", "assistant", "prod", MINI, "suggestions", True, 0.08, context=38_000, read=0.5, write=0.0,
            answer=1_250, reasoning=0.3),
    _openai("assistant-staging", "assistant", "staging", SOL, "chat", False, 0.03, context=46_000, read=0.5, write=0.1,
            answer=1_800, reasoning=0.4),
    _openai("search-answers", "search", "prod", TERRA, "answers", True, 0.12, context=68_000, read=0.4, write=0.1,
            answer=1_600, reasoning=0.35, from_day=(1, 7)),
    _openai("search-answers-mini", "search", "prod", MINI, "answers", True, 0.06, context=52_000, read=0.4, write=0.0,
            answer=1_400, reasoning=0.3),
    _openai("search-index", "search", "prod", EMBED, "indexing", True, 0.10, context=6_500, read=0.0, write=0.0,
        answer=0,
            context_limit=8_000),
    _openai("evaluation-judge", "evaluation", "dev", SOL, "judge", False, 0.05, context=52_000, read=0.3, write=0.1,
            answer=1_600, reasoning=0.6),
    _anthropic("automation-agent", "automation", "wrkspc_automation", OPUS, "agent", True, 0.13, context=112_000,
        read=0.72,
               write=0.08, answer=2_850, cache_ttl="1h"),
    _anthropic("automation-triage", "automation", "wrkspc_automation", HAIKU, "triage", True, 0.07, context=44_000,
        read=0.5,
               write=0.1, answer=1_050),
    _anthropic("posttraining-data", "posttraining", "wrkspc_research", OPUS, "synthetic-data", False, 0.03,
        context=72_000,
               read=0.5, write=0.1, answer=4_650, cache_ttl="1h"),
    _anthropic("foundation-review", "foundation", "wrkspc_research", OPUS, "data-review", False, 0.02, context=96_000,
               read=0.6, write=0.08, answer=2_150, cache_ttl="1h"),
    _bedrock("automation-documents", "automation", AWS_SONNET, AWS_SONNET_ID, "automation01", "documents", True, 0.06,
             context=84_000, read=0.5, write=0.12, answer=2_150),
    _bedrock("search-extract", "search", AWS_HAIKU, AWS_HAIKU, "search01", "extraction", True, 0.03, context=54_000,
             read=0.4, write=0.1, answer=1_250),
    _bedrock("data-labels", "dataplatform", AWS_HAIKU, AWS_HAIKU, "data01", "labelling", False, 0.02, context=32_000,
             read=0.3, write=0.1, answer=700),
)  # fmt: skip

SERVING_ROUTES = (
    _served("assistant-open", "assistant", "prod", CHAT_70B, "chat", True, 0.45, context=52_000, read=0.7, write=0.0,
        answer=1_500),
    _served("automation-open", "automation", "prod", CHAT_70B, "summaries", True, 0.12, context=40_000, read=0.6,
        write=0.0, answer=1_000),
    _served("automation-support", "automation", "prod", CHAT_70B, "support", True, 0.05, adapter=True, context=30_000,
        read=0.5, write=0.0, answer=600),
    _served("evaluation-open", "evaluation", "dev", CHAT_70B, "judge", False, 0.08, context=24_000, read=0.4,
        write=0.0, answer=800),
    _served("search-code", "search", "prod", CODE_32B, "code-search", True, 0.22, context=36_000, read=0.65,
        write=0.0, answer=1_200),
    _served("mlplatform-code", "mlplatform", "dev", CODE_32B, "ide", False, 0.08, context=30_000, read=0.6, write=0.0,
        answer=900),
)  # fmt: skip

# An OpenAI project that nobody routed through the gateway: all of its lines stay unmetered.
DIRECT_PROJECT, DIRECT_KEY, DIRECT_MODEL = "proj_playground", "key_playground", f"{MINI}-2026-03-17"


@dataclass(frozen=True)
class Customer:
    """A customer: plan, currency, share of the traffic (before the long tail), monthly fee and whether it pays
    enough.
    """

    id: str
    name: str
    plan: str
    segment: str
    currency: str
    share: float
    loss_making: bool


_NAMES = (
    "Alder Freight", "Basalt Bank", "Cobalt Clinics", "Dovetail Media", "Ember Energy", "Fjord Insurance",
    "Granite Legal",
    "Harbor Retail", "Indigo Air", "Juniper Foods", "Kestrel Robotics", "Larkspur Hotels", "Monsoon Telecom",
    "Nimbus Games",
    "Orchard Health", "Pinnacle Steel", "Quarry Homes", "Redwood Learning", "Saffron Travel", "Tundra Mining",
    "Umbra Security", "Verdant Farms", "Willow Pharma", "Xenon Motors", "Yarrow Design", "Zephyr Logistics",
    "Aurora Law",
    "Beacon Schools", "Cascade Water", "Delta Print",
)  # fmt: skip


def customers() -> tuple[Customer, ...]:
    """Thirty customers with a Zipf-like share of the traffic; three of them pay less than they cost."""
    plans = ("enterprise", "business", "starter")
    found = []
    for rank, name in enumerate(_NAMES):
        plan = plans[0 if rank < 7 else 1 if rank < 18 else 2]
        found.append(
            Customer(
                id=f"cust-{rank + 1:03d}",
                name=name,
                plan=plan,
                segment="public" if rank % 9 == 5 else "mid-market" if rank >= 7 else "large",
                currency="EUR" if rank % 5 == 2 else "USD",
                share=1.0 / (rank + 2) ** 0.9,
                loss_making=rank in (1, 9, 21),
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Contract:
    """A negotiated rate: a discount on list in percent, or a price of its own per million tokens. Dates are indexes
    of days.
    """

    provider: str
    model_pattern: str
    token_class: str
    discount_pct: Decimal | None
    unit_price_per_million: Decimal | None
    from_open_month: bool | None  # None: always; False: until the open month begins; True: from then on


AWS_DISCOUNT_PCT = Decimal(9)
CONTRACTS = (
    Contract("openai", "*", "*", Decimal(8), None, False),
    Contract("openai", "*", "*", Decimal(10), None, True),
    Contract("openai", EMBED, "input_uncached_text", None, Decimal("0.11"), None),
    Contract("anthropic", "*", "*", Decimal(6), None, None),
    Contract("aws", "*", "*", AWS_DISCOUNT_PCT, None, None),
)
