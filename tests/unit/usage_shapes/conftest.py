"""Usage bodies through the project's own loader, staging and pricing: landed as a log, built once by dbt."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.reference import book, model_aliases, price_rows
from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, raw_tables
from tests.built_requests import build_requests
from tests.unit.usage_shapes import bad_usage
from tests.unit.usage_shapes.bodies import Body, load_bodies
from tests.unit.usage_shapes.envelopes import (
    ADDED_UP,
    ANTHROPIC_BATCH,
    ANTHROPIC_MAPPING,
    ANTHROPIC_MESSAGE,
    BEDROCK,
    CALLBACKS,
    CODED,
    CODED_BY_ANTHROPIC,
    ENVELOPES,
    GROQ,
    GROUNDED,
    OLLAMA,
    PASSED_ON,
    PERPLEXITY,
    REQUEST_LOG,
    SEARCHED,
    SECRET,
    SPEND_LOGS,
    TURNS,
)

DATA = Path(os.environ.get("AI_FINOPS_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
# When genai-prices priced its test set: its release is of the day after, on which prices changed.
PRICED_AT = "2026-08-20T12:00:00Z"
AS_OF = datetime(2026, 11, 21)


@pytest.fixture(scope="session")
def bodies() -> list[Body]:
    """The bodies of genai-prices' test set."""
    path = DATA / "genai_usages" / "usages_third.json"
    if not path.is_file():
        pytest.skip(f"usage bodies are not here: AI_FINOPS_SHARED_DATA ({DATA})")
    return load_bodies(path)


def line_of(body: Body) -> dict:
    """A body as an application's log has it: a time, an id and a provider beside the vendor's fields."""
    vendors = {key: value for key, value in body.body.items() if key != "file"}
    content = {"messages": [{"content": SECRET}], "choices": [{"message": SECRET}], "candidates": SECRET}
    return {"ts": PRICED_AT, "request_id": body.body_id, "provider": body.provider, **vendors, **content}


def _land(settings: Settings, source: str, feed: str, lines: list[dict], mapping: dict | None = None) -> None:
    log = settings.home / f"{feed}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    land(source, [log], settings=settings, feed=feed, version="1", mapping=mapping)


@pytest.fixture(scope="session")
def raw(bodies: list[Body], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file whose schema `raw` is what the loader made of the bodies, with prices and names of their models."""
    folder = tmp_path_factory.mktemp("usage_shapes")
    home = folder / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    _land(settings, "model_responses", "bodies", [line_of(body) for body in bodies])
    _land(settings, "model_responses", "envelopes", ENVELOPES, mapping={"provider": "=openai"})
    _land(settings, "model_responses", "anthropic_batch", ANTHROPIC_BATCH, mapping=ANTHROPIC_MAPPING)
    _land(settings, "model_responses", "anthropic", [ANTHROPIC_MESSAGE], mapping={"provider": "=anthropic"})
    _land(settings, "model_responses", "grounded", GROUNDED, mapping={"provider": "=google"})
    _land(settings, "model_responses", "groq", GROQ, mapping={"provider": "=groq"})
    _land(settings, "model_responses", "searched", [SEARCHED], mapping={"provider": "=openai"})
    _land(settings, "model_responses", "coded", CODED, mapping={"provider": "=openai"})
    _land(settings, "model_responses", "coded_by_anthropic", [CODED_BY_ANTHROPIC], mapping={"provider": "=anthropic"})
    _land(settings, "model_responses", "perplexity", PERPLEXITY, mapping={"provider": "=perplexity"})
    _land(settings, "model_responses", "ollama", [OLLAMA], mapping={"provider": "=ollama"})
    _land(settings, "request_log", "request_log", REQUEST_LOG)
    _land(settings, "bedrock", "bedrock", BEDROCK)
    _land(settings, "litellm", "spend_logs", SPEND_LOGS)
    _land(
        settings, "litellm", "passing_gateway", [PASSED_ON],
        mapping={"usage_semantics": "=exclusive", "meter_version": "=1.30.0"},
    )  # fmt: skip
    _land(settings, "litellm", "adding_gateway", [ADDED_UP], mapping={"meter_version": "=1.82.0"})
    _land(settings, "litellm", "callbacks", CALLBACKS)
    _land(settings, "model_responses", "bad_answers", bad_usage.answers())
    _land(settings, "model_responses", "turns", TURNS, mapping={"provider": "=anthropic"})
    _land(settings, "litellm", "bad_spend_logs", bad_usage.spend_logs())
    _land(settings, "request_log", "bad_request_log", bad_usage.logged())
    _land(settings, "otel", "bad_spans", bad_usage.spans())
    _land(settings, "langfuse", "bad_observations", bad_usage.observations())
    results = load_pending(settings, as_of=AS_OF)
    assert {(one.table, one.outcome, one.rejected) for one in results} == {
        ("model_responses", "loaded", 0),
        ("request_log", "loaded", 0),
        ("bedrock_invocations", "loaded", 0),
        ("litellm_spend_logs", "loaded", 0),
        ("litellm_callbacks", "loaded", 0),
        # what is no number in a log whose counts are columns
        ("litellm_spend_logs", "loaded", 3),
        ("request_log", "loaded", 3),
        ("otel_spans", "loaded", 3),
        ("langfuse_observations", "loaded", 0),
    }, [one.reason for one in results]
    database = build_file(folder)
    raw_tables(settings, database)
    with duckdb.connect(str(database), read_only=True) as con:
        pairs = model_aliases.observed_pairs(con)
    price_rows.write_rows(
        folder / "token_prices.csv", book.price_book({"perplexity", "groq", *(body.provider for body in bodies)})
    )
    names = model_aliases.provider_aliases(PROJECT_DIR)
    model_aliases.write_model_aliases(folder / "model_aliases.csv", model_aliases.resolve(pairs, names))
    with duckdb.connect(str(database)) as con:
        for table in ("token_prices", "model_aliases"):
            con.execute(
                f"insert into raw.{table} by name select * from read_csv(?, all_varchar=true, header=true, quote='\"')",
                [str(folder / f"{table}.csv")],
            )
        con.execute("update raw.token_prices set _feed = 'book'")
        con.execute("insert into raw.price_book_days (book_id, valid_from) values ('book', date '1970-01-01')")
    return database


@pytest.fixture(scope="session")
def requests(raw: Path) -> dict[str, dict]:
    """request_id -> row of core.fct_inference_requests, with raw_service_tier and the rest of staging left behind."""
    return build_requests(raw, ["+fct_inference_requests"])
