"""A new list or new facts are noticed on a night on which nothing else arrives, and a night without them makes no book."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration import nightly_loads
from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.reference import book_days, delivery
from orchestration.settings import PROJECT_DIR, Settings

ANSWER = {
    "ts": "2026-11-03T12:00:00Z", "id": "a", "provider": "openai", "model": "gpt-5.4",
    "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3},
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    log = tmp_path / "answers.jsonl"
    log.write_text(json.dumps(ANSWER) + "\n")
    land("model_responses", [log], settings=settings)
    return settings


def night(settings: Settings, day: int) -> list[str]:
    """The stages of a night's load, and the tables that it loaded."""
    stages: list[str] = []

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        stages.append(name)
        yield

    folder = settings.home / "runs" / str(day)
    folder.mkdir(parents=True)
    loaded = nightly_loads.load_pending(
        settings, run_id=str(day), as_of=datetime(2026, 11, day, 6), folder=folder, docs_dir=folder / "docs",
        stage=stage, note=lambda line: None, begun=lambda: None,
    )  # fmt: skip
    assert not [load for load in loaded.loads if load.refused], loaded.loads
    return [*stages, *sorted(load.table for load in loaded.loads)]


def spans(settings: Settings) -> list[tuple[str, str]]:
    """First day and reason of each span of days with one book."""
    with duckdb.connect() as con:
        register(con, settings)
        return [(str(span.valid_from), span.reason) for span in book_days.read_book_days(con)]


def test_a_new_release_is_noticed_although_nothing_else_arrives(settings, monkeypatch) -> None:
    names_and_days = ["model_aliases", "price_book_days"]
    assert night(settings, 4) == [
        "load",
        "price book",
        "model_aliases",
        "model_responses",
        "price_book_days",
        "token_prices",
    ]
    assert spans(settings) == [("1970-01-01", "first")]

    # nothing new: no book is made
    assert night(settings, 5) == ["load"]

    # a release that changes no price is taken note of, once, and opens no book
    monkeypatch.setattr(delivery, "list_version", lambda: "genai-prices 9.9.8")
    assert night(settings, 6) == ["load", "price book", *names_and_days]
    assert night(settings, 7) == ["load"]
    assert spans(settings) == [("1970-01-01", "first")]

    # one that does opens a book that holds from that night
    plain = delivery.price_book

    def dearer(*args: object) -> list:
        return [replace(row, unit_price_usd=row.unit_price_usd * Decimal(2)) for row in plain(*args)]

    monkeypatch.setattr(delivery, "list_version", lambda: "genai-prices 9.9.9")
    monkeypatch.setattr(delivery, "price_book", dearer)
    assert night(settings, 8) == ["load", "price book", *names_and_days, "token_prices"]
    assert spans(settings) == [("1970-01-01", "first"), ("2026-11-08", "landed")]
    assert night(settings, 9) == ["load"]


def test_facts_and_the_seed_of_providers_are_part_of_the_rules(tmp_path, monkeypatch) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "provider_aliases.csv").write_text("raw_provider,provider_id\nopenai,openai\n")
    before = delivery.rules_version(tmp_path)
    assert delivery.rules_version(tmp_path) == before
    (seeds / "provider_aliases.csv").write_text("raw_provider,provider_id\nopenai,azure\n")
    assert delivery.rules_version(tmp_path) != before
