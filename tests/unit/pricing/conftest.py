"""Pricing through the project's own SQL: raw tables by the declared schemas, built once by dbt for the whole folder."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.data_units import unit_data
from genai_prices.types import ModelInfo, TimeOfDateConstraint

from orchestration.reference import book, model_aliases, price_book, price_rows
from orchestration.settings import PROJECT_DIR
from tests.built_models import build_file
from tests.built_requests import build_requests
from tests.unit.pricing.golden import AT, GOLDEN, NOW

SEED = 20261121
PROVIDERS = ("openai", "anthropic", "aws", "google", "azure", "deepseek", "mistral", "groq", "x-ai")
# What a LiteLLM spend log can say of a request.
LOGGED_CLASSES = (
    *(
        name
        for name in price_book.TOKEN_CLASSES
        if name not in ("input_cache_read_audio", "input_cache_read_image", "output_video")
    ),
    "web_searches",
)
COMPARED_PROVIDERS = ("openai", "anthropic", "google", "deepseek", "x-ai")
EXTRAS = (
    {"input_cache_read": 4321},
    {"input_cache_write_5m": 777, "input_cache_write_1h": 333},
    {"output_reasoning": 500},
    {"input_audio": 1000, "output_audio": 400},
)
# What both calculators can price at once.
MIXED_CLASSES = (
    "input_uncached_text",
    "input_cache_read",
    "input_cache_write_5m",
    "input_cache_write_1h",
    "input_audio",
    "output_text",
    "output_reasoning",
    "output_audio",
)
CONTEXTS = {
    ("standard", "standard"): ({},),
    ("flex", "standard"): ({"service_tier": "flex"},),
    ("priority", "standard"): ({"service_tier": "priority"},),
    ("fast", "standard"): ({"service_tier": "fast"}, {"speed": "fast"}),
    ("standard", "batch"): ({"processing": "batch"},),
}


@dataclass(frozen=True)
class Case:
    """One request: canonical disjoint tokens by class, and what selects its price."""

    request_id: str
    provider_id: str
    model: ModelInfo
    variant: tuple[str, str]
    at: datetime
    tokens: dict[str, int] = field(default_factory=dict)
    residency: str = ""

    def oracle_cost(self) -> Decimal:
        """The price by the genai-prices calculator, from inclusive totals as it wants them."""
        provider = next(p for p in providers if p.id == self.provider_id)
        context = next((c for c in CONTEXTS[self.variant] if _has_variant(self.model, c)), None)
        result = self.model.calc_price(self.usage(), provider, genai_request_timestamp=self.at, price_context=context)
        return result.total_price

    def usage(self) -> Usage:
        """The same request in the totals and subsets that vendors report."""
        t = self.tokens
        written = t["input_cache_write_5m"] + t["input_cache_write_1h"] + t["input_cache_write_unspecified"]
        text_in = t["input_uncached_text"] + t["input_cache_read"] + written
        text_out = t["output_text"] + t["output_reasoning"]
        # what is not reported is asked back where units overlap: cached audio, for one, is none here
        none = {key: 0 for key, unit in unit_data.items() if unit["dimensions"].get("family") == "tokens"}
        reported = dict(
            input_tokens=text_in + t["input_audio"] + t["input_image"] + t["input_video"],
            input_text_tokens=text_in,
            cache_read_tokens=t["input_cache_read"],
            cache_text_read_tokens=t["input_cache_read"],
            cache_write_tokens=written,
            cache_text_write_tokens=written,
            cache_write_5m_tokens=t["input_cache_write_5m"],
            cache_text_write_5m_tokens=t["input_cache_write_5m"],
            cache_write_1h_tokens=t["input_cache_write_1h"],
            cache_text_write_1h_tokens=t["input_cache_write_1h"],
            input_audio_tokens=t["input_audio"],
            input_image_tokens=t["input_image"],
            input_video_tokens=t["input_video"],
            output_tokens=text_out + t["output_audio"] + t["output_image"],
            output_text_tokens=text_out,
            output_reasoning_tokens=t["output_reasoning"],
            output_text_reasoning_tokens=t["output_reasoning"],
            output_audio_tokens=t["output_audio"],
            output_image_tokens=t["output_image"],
            web_searches=t["web_searches"],
        )
        return Usage(**none | reported)


def _has_variant(model: ModelInfo, context: dict[str, str]) -> bool:
    return not context or any(v.when == context for v in model.price_variants or ())


def _moments(rows: list[price_rows.TokenPrice], model: ModelInfo) -> list[datetime]:
    """The instants around each change of a model's price, and two others.

    Windows of genai-prices have no start, so a windowed model is asked on its latest days only.
    """
    windowed = isinstance(model.prices, list) and any(
        isinstance(p.constraint, TimeOfDateConstraint) for p in model.prices
    )
    starts = sorted({row.valid_from for row in rows if row.valid_from > price_rows.BEGINNING})
    if windowed:
        day = starts[-1] if starts else date(2026, 6, 1)
        seconds = sorted(
            {row.window_start_second for row in rows} | {max(row.window_end_second - 1, 0) for row in rows}
        )
        return [datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=s) for s in seconds]
    moments = [datetime(2026, 3, 2, 13, 5, 7, tzinfo=UTC), datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)]
    for start in starts[:4]:
        midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
        moments += [midnight - timedelta(microseconds=1), midnight]
    return moments


def make_cases() -> list[Case]:
    """Random usage for every variant of many models, at price changes and at context thresholds N and N + 1."""
    rng = random.Random(SEED)
    cases: list[Case] = []
    for provider in (p for p in providers if p.id in PROVIDERS):
        models = [m for m in provider.models if next(price_book.token_prices([_only(provider, m)]), None)]
        for model in rng.sample(models, min(len(models), 14)):
            rows = list(price_book.token_prices([_only(provider, model)]))
            for variant in sorted({(r.service_tier, r.processing) for r in rows}):
                priced = {r.token_class for r in rows if (r.service_tier, r.processing) == variant}
                thresholds = sorted({r.tier_start for r in rows if r.tier_start})
                for at in _moments(rows, model):
                    sizes = [n + extra for n in thresholds for extra in (0, 1)] or [None]
                    for size in [*sizes, None]:
                        tokens = {
                            name: rng.choice((0, 1, rng.randrange(60_000))) if name in priced else 0
                            for name in LOGGED_CLASSES
                        }
                        if size is not None and "input_uncached_text" in priced:
                            others = sum(
                                n
                                for name, n in tokens.items()
                                if name.startswith("input_") and name != "input_uncached_text"
                            )
                            tokens["input_uncached_text"] = max(size - others, 0)
                        cases.append(Case(f"r{len(cases)}", provider.id, model, variant, at, tokens))
    return cases


def make_plain_cases() -> list[Case]:
    """For every model of some providers and each of its tiers: text alone, and with cache, cache writes, reasoning and
    audio, at context thresholds N and N + 1 too, on a day on which LiteLLM's undated map holds.
    """
    rng = random.Random(SEED)
    cases: list[Case] = []
    for provider in (p for p in providers if p.id in COMPARED_PROVIDERS):
        for model in provider.models:
            rows = list(price_book.token_prices([_only(provider, model)]))
            for variant in sorted({(r.service_tier, r.processing) for r in rows}):
                priced = {r.token_class for r in rows if (r.service_tier, r.processing) == variant}
                thresholds = sorted({r.tier_start for r in rows if r.tier_start})
                if not {"input_uncached_text", "output_text"} <= priced:
                    continue
                for size in [None, *(n + extra for n in thresholds for extra in (0, 1))]:
                    for extra in ({}, *EXTRAS):
                        tokens = dict.fromkeys(LOGGED_CLASSES, 0) | extra
                        tokens["output_text"] = rng.randrange(1, 20_000)
                        others = sum(n for name, n in extra.items() if name.startswith("input_"))
                        tokens["input_uncached_text"] = size - others if size else rng.randrange(1, 50_000)
                        at = datetime(2026, 11, 20, 12, tzinfo=UTC)
                        cases.append(Case(f"plain-{len(cases)}", provider.id, model, variant, at, tokens))
    return cases


def make_mixed_cases() -> list[Case]:
    """Random use of all classes at once that a model prices, for every model of all providers and each of its tiers, now."""
    rng = random.Random(SEED)
    cases: list[Case] = []
    for provider in (p for p in providers if p.id in PROVIDERS):
        for model in provider.models:
            rows = list(price_book.token_prices([_only(provider, model)]))
            for variant in sorted({(r.service_tier, r.processing) for r in rows}):
                listed = [r for r in rows if (r.service_tier, r.processing) == variant]
                priced = {r.token_class for r in listed if not r.is_fallback} & set(MIXED_CLASSES)
                if not {"input_uncached_text", "output_text"} <= priced:
                    continue
                for _ in range(3):
                    tokens = dict.fromkeys(LOGGED_CLASSES, 0)
                    tokens |= {name: rng.choice((0, 1, rng.randrange(60_000))) for name in sorted(priced)}
                    cases.append(Case(f"mixed-{len(cases)}", provider.id, model, variant, NOW, tokens))
    return cases


def golden_cases() -> list[Case]:
    """The rows of golden.GOLDEN."""
    models = {(provider.id, model.id): model for provider in providers for model in provider.models}
    # Azure sells OpenAI's
    models = {("azure", name): model for (provider, name), model in models.items() if provider == "openai"} | models
    none = dict.fromkeys(LOGGED_CLASSES, 0)
    return [
        Case(name, provider, models[provider, model], variant, AT.get(name, NOW), none | tokens, residency)
        for name, (provider, model, variant, residency, tokens, _) in GOLDEN.items()
    ]


def _only(provider, model: ModelInfo):
    import copy

    single = copy.copy(provider)
    single.models = [model]
    return single


def _create_raw_tables(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create schema raw")
    texts = ("_feed", "_load_id", "_file", "_partition", "_version", "_extra")
    bookkeeping = ", ".join(["_day date", *(f"{name} varchar" for name in texts)])
    for path in sorted((PROJECT_DIR / "models" / "staging").glob("*/_*__sources.yml")):
        for source in yaml.safe_load(path.read_text())["sources"]:
            for table in source["tables"]:
                columns = ", ".join(
                    f'"{c["name"]}" {c["data_type"]}' for c in table["columns"] if not c["name"].startswith("_")
                )
                con.execute(f"create table raw.{table['name']} ({columns}, {bookkeeping})")


def _insert_csv(con: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    con.execute(
        f"insert into raw.{table} by name select * from read_csv(?, all_varchar=true, header=true, quote='\"')",
        [str(path)],
    )


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    """The random requests."""
    return make_cases()


@pytest.fixture(scope="session")
def plain_cases() -> list[Case]:
    """One use at a time of every model."""
    return make_plain_cases()


@pytest.fixture(scope="session")
def mixed_cases() -> list[Case]:
    """All classes of every model at once."""
    return make_mixed_cases()


@pytest.fixture(scope="session")
def priced(
    cases: list[Case], plain_cases: list[Case], mixed_cases: list[Case], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict]:
    """request_id -> row of core.fct_inference_requests, built by dbt from the cases as LiteLLM would log them."""
    folder = tmp_path_factory.mktemp("pricing")
    database = build_file(folder)
    with duckdb.connect(str(database)) as con:
        _create_raw_tables(con)
        price_rows.write_rows(folder / "token_prices.csv", book.price_book(PROVIDERS))
        logged = [*cases, *plain_cases, *mixed_cases, *golden_cases()]
        names = model_aliases.provider_aliases(PROJECT_DIR)
        model_aliases.write_model_aliases(
            folder / "model_aliases.csv",
            model_aliases.resolve({(c.provider_id, c.model.id): "2026-01-01" for c in logged}, names),
        )
        _insert_csv(con, "token_prices", folder / "token_prices.csv")
        con.execute("update raw.token_prices set _feed = 'book'")
        con.execute("insert into raw.price_book_days (book_id, valid_from) values ('book', date '1970-01-01')")
        _insert_csv(con, "model_aliases", folder / "model_aliases.csv")
        with (folder / "requests.csv").open("w", newline="") as file:
            rows = [_as_litellm_row(case) for case in logged]
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        _insert_csv(con, "litellm_spend_logs", folder / "requests.csv")
    return build_requests(database, ["+fct_inference_requests"])


def _as_litellm_row(case: Case) -> dict[str, object]:
    t = case.tokens
    written_known = t["input_cache_write_5m"] + t["input_cache_write_1h"]
    service_tier, processing = case.variant
    return {
        "request_id": case.request_id,
        "call_type": "abatch" if processing == "batch" else "acompletion",
        "custom_llm_provider": case.provider_id,
        "model": case.model.id,
        "started_at": case.at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "_day": case.at.date().isoformat(),
        "served_tier": service_tier,
        "residency": case.residency,
        "status": "success",
        "cache_hit": "False",
        "prompt_tokens": sum(n for name, n in t.items() if name.startswith("input_")),
        "completion_tokens": sum(n for name, n in t.items() if name.startswith("output_")),
        "usage_cached_tokens": t["input_cache_read"],
        "usage_cache_write_tokens": written_known + t["input_cache_write_unspecified"],
        "usage_cache_write_5m_tokens": t["input_cache_write_5m"],
        "usage_cache_write_1h_tokens": t["input_cache_write_1h"],
        "usage_audio_tokens": t["input_audio"],
        "usage_image_tokens": t["input_image"],
        "usage_reasoning_tokens": t["output_reasoning"],
        "usage_output_audio_tokens": t["output_audio"],
        "usage_video_tokens": t["input_video"],
        "usage_output_image_tokens": t["output_image"],
        "usage_web_searches": t["web_searches"],
    }
