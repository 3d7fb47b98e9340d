"""Law 10 over several nights: an estimate stands until the bill of its day is complete, and is never added to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from warehouses import Warehouse, warehouse

from orchestration.landing.deliveries import land
from orchestration.landing.manifest import read_manifest

FILLING, NEXT = "2026-10-06", "2026-10-07"
MILLIONTH = Decimal("0.000001")


def at(day: str) -> int:
    """Epoch second at which a UTC day begins."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def newest_pull(built: Warehouse) -> dict:
    """The last pull of OpenAI's costs in the world; its newest day is the 6th."""
    pulls = [entry for entry in read_manifest(built.world.manifest) if entry["source"] == "openai"]
    return pulls[-1]


def pulled(built: Warehouse, entry: dict, keep: str) -> list[dict]:
    """The lines of a day in a pull, as the vendor wrote them."""
    pages = [built.world.manifest.parent / name for name in entry["files"] if Path(name).name.startswith("costs")]
    buckets = [bucket for page in pages for bucket in json.loads(page.read_text(), parse_float=str)["data"]]
    return [line for bucket in buckets if bucket["start_time"] == at(keep) for line in bucket["results"]]


def page(path: Path, day: str, lines: list[dict]) -> Path:
    """A page of `/organization/costs` with one day."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bucket = {"object": "bucket", "start_time": at(day), "end_time": at(day) + 86400, "results": lines}
    path.write_text(json.dumps({"object": "page", "data": [bucket], "has_more": False, "next_page": None}))
    return path


def cost(built: Warehouse, day: str, where: str = "true") -> Decimal:
    """What the ledger has of OpenAI on a day, by requests that were logged."""
    with duckdb.connect(str(built.marts), read_only=True) as con:
        return con.execute(
            "select coalesce(sum(effective_cost), 0) from core.fct_cost_allocation"
            f" where provider_id = 'openai' and allocation_group_id is not null and usage_date = ? and {where}",
            [day],
        ).fetchone()[0]


def metered(built: Warehouse, day: str) -> Decimal:
    """What the requests of a day cost at contract price, by the world's truth."""
    with duckdb.connect() as con:
        return con.execute(
            f"select sum(contracted_cost) from read_parquet('{built.world.truth}/truth_requests/*.parquet')"
            " where provider_id = 'openai' and cast(requested_at as date) = ?",
            [day],
        ).fetchone()[0]


@pytest.fixture(scope="module")
def filling(week, tmp_path_factory) -> Warehouse:
    """The week as on the night when OpenAI had counted half of each line of the 6th."""
    built = warehouse(tmp_path_factory.mktemp("filling"), week)
    entry = newest_pull(built)
    half = [
        line
        | {
            "quantity": int(line["quantity"]) // 2,
            "amount": line["amount"] | {"value": float(Decimal(line["amount"]["value"]) / 2)},
        }
        for line in pulled(built, entry, FILLING)
    ]
    land(
        "openai", [page(tmp_path_factory.mktemp("half") / "costs-01.json", FILLING, half)], settings=built.settings,
        feed=entry["feed"], version="2026-10-08T05:00:00Z", window=(FILLING, NEXT),
    )  # fmt: skip
    assert built.night().version
    return built


def test_the_estimate_stands_beside_half_a_bill(filling):
    whole = metered(filling, FILLING)
    assert whole > 1
    billed = cost(filling, FILLING, "cost_status <> 'estimated'")
    estimated = cost(filling, FILLING, "cost_status = 'estimated'")
    assert 0 < billed < Decimal("0.6") * whole
    assert abs(billed + estimated - whole) < MILLIONTH
    # the day that no bill has reached is estimated as a whole, the days before are the bill's alone
    assert abs(cost(filling, NEXT, "cost_status = 'estimated'") - metered(filling, NEXT)) < MILLIONTH
    assert cost(filling, "2026-10-05", "cost_status = 'estimated'") == 0


def test_the_whole_bill_replaces_the_estimate_once_its_next_day_has_come(filling, tmp_path):
    entry = newest_pull(filling)
    lines = pulled(filling, entry, FILLING)
    for number, (day, content) in enumerate(((FILLING, lines), (NEXT, lines[:1])), start=1):
        exact = [line | {"amount": line["amount"] | {"value": float(line["amount"]["value"])}} for line in content]
        end = f"2026-10-{int(day[-2:]) + 1:02d}"
        land(
            "openai", [page(tmp_path / str(number) / "costs-01.json", day, exact)], settings=filling.settings,
            feed=entry["feed"], version=f"2026-10-08T0{5 + number}:00:00Z", window=(day, end),
        )  # fmt: skip
    assert filling.night().version
    assert cost(filling, FILLING, "cost_status = 'estimated'") == 0
    # what the vendor charges for the logged requests is their contract price, so now the bill says what the estimate said
    assert abs(cost(filling, FILLING) - metered(filling, FILLING)) < Decimal("0.01")
    assert abs(cost(filling, NEXT) - metered(filling, NEXT)) < MILLIONTH


def test_a_month_that_has_ended_is_closed_by_the_clock_alone(filling):
    def statuses() -> list[tuple]:
        with duckdb.connect(str(filling.marts), read_only=True) as con:
            return con.execute(
                "select distinct cost_status from core.fct_cost_allocation"
                " where service_provider_name = 'Anthropic' and cost_status <> 'estimated'"
            ).fetchall()

    assert statuses() == [("billed_open",)]
    # Anthropic's lines name their invoice; the month ends on the 1st and its last day has one day more to fill.
    assert filling.night(datetime(2026, 11, 2, 6, tzinfo=UTC)).version
    assert statuses() == [("billed_closed",)]
    assert filling.night(datetime(2026, 11, 2, 7, tzinfo=UTC)).version is None
