"""A day keeps the prices that it was first priced with, until somebody accepts others for it."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from orchestration import pipeline, reprice
from orchestration.landing.deliveries import land
from orchestration.settings import Settings

# gpt-5.4 at $2.50 and $15 a million: one million tokens in, a tenth of it out.
LISTED = Decimal("2.5") * Decimal("0.2") + Decimal(15) * Decimal("0.02")
OVERRIDE = Decimal(1) * Decimal("0.2") + Decimal(15) * Decimal("0.02")
DAYS = [date(2026, 10, day) for day in (5, 6, 7, 8)]


def request(day: date, number: int, model: str = "gpt-5.4") -> dict:
    return {
        "request_id": f"{model}-{day}-{number}", "startTime": f"{day}T10:00:00.000Z", "endTime": f"{day}T10:00:01.000Z",
        "model": model, "custom_llm_provider": "openai", "prompt_tokens": 200_000, "completion_tokens": 20_000,
        "total_tokens": 220_000, "spend": 0.0, "status": "success", "team_id": "t", "updated_at": f"{day}T10:00:01.000Z",
    }  # fmt: skip


def log(settings: Settings, folder, days: list[date], name: str) -> None:
    rows = [request(day, number) for day in days for number in range(3)] + [
        request(day, 9, "gpt-4o-mini") for day in days
    ]
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    land("litellm", [path], settings=settings, feed="gateway", version=f"2026-10-{days[-1].day + 1:02d}T00:00:00Z")


def night(settings: Settings, day: int) -> pipeline.runs.RunRecord:
    return pipeline.run(settings, datetime(2026, 10, day, 6))


def costs(settings: Settings) -> dict[tuple[date, str], tuple[Decimal, str]]:
    """(day, model) -> list cost and book."""
    files = f"{settings.published}/current/parquet/core/fct_inference_requests/*/*.parquet"
    with duckdb.connect() as con:
        rows = con.execute(
            "select usage_date, model_id, sum(list_cost), any_value(price_version)"
            f" from read_parquet('{files}', hive_partitioning = false) group by all"
        ).fetchall()
    return {(day, model): (cost, book) for day, model, cost, book in rows}


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Three days priced by the list."""
    folder = tmp_path_factory.mktemp("reprice")
    settings = Settings.from_env(folder / "home")
    owners = folder / "identity_map.csv"
    owners.write_text("key_type,key_value,unit_id,priority,valid_from\nlitellm_team,t,search,1,2026-01-01\n")
    units = folder / "org_units.csv"
    units.write_text("unit_id,name,valid_from\nsearch,Search,2026-01-01\n")
    land("reference", [owners, units], settings=settings, version="1")
    log(settings, folder, DAYS[:3], "first")
    assert night(settings, 8).version
    return settings


def test_b27_a_new_price_holds_from_its_landing_and_history_is_priced_again_when_accepted(settings, tmp_path):
    before = costs(settings)
    assert {day: before[day, "gpt-5.4"][0] for day in DAYS[:3]} == dict.fromkeys(DAYS[:3], 3 * LISTED)

    overrides = tmp_path / "price_overrides.csv"
    overrides.write_text(
        "provider_id,model_id,token_class,price_usd,valid_from\nopenai,gpt-5.4,input_uncached_text,1,2026-10-01\n"
    )
    land("reference", [overrides], settings=settings, version="2")
    quiet = night(settings, 8)
    assert (quiet.status, quiet.models_built) == (pipeline.runs.NOTHING_NEW, 0)

    log(settings, tmp_path, DAYS[3:], "second")
    later = night(settings, 9)
    assert later.dirty_days == ["2026-10-08"]
    now = costs(settings)
    assert {key: value for key, value in now.items() if key[0] in DAYS[:3]} == before
    assert now[DAYS[3], "gpt-5.4"][0] == 3 * OVERRIDE
    assert now[DAYS[3], "gpt-5.4"][1] != before[DAYS[0], "gpt-5.4"][1]

    # the difference of two of the days, and of one model only: the other's price is what it was
    first, end = DAYS[0], DAYS[2]
    [line] = reprice.differences(settings, first, end)
    assert (line.provider_id, line.model_id, line.requests) == ("openai", "gpt-5.4", 6)
    assert (line.list_before, line.list_after) == (6 * LISTED, 6 * OVERRIDE)
    assert line.list_change == line.contracted_change == 6 * (OVERRIDE - LISTED)
    assert (line.book_before, line.book_after) == (before[first, "gpt-5.4"][1], now[DAYS[3], "gpt-5.4"][1])
    assert costs(settings) == now

    assert reprice.accept(settings, first, end) == line.book_after
    accepted = night(settings, 9)
    assert accepted.dirty_days == ["2026-10-05", "2026-10-06"]
    assert {day: costs(settings)[day, "gpt-5.4"][0] for day in DAYS} == {
        DAYS[0]: 3 * OVERRIDE, DAYS[1]: 3 * OVERRIDE, DAYS[2]: 3 * LISTED, DAYS[3]: 3 * OVERRIDE,
    }  # fmt: skip
    assert reprice.differences(settings, first, end) == []
    assert night(settings, 9).status == pipeline.runs.NOTHING_NEW
