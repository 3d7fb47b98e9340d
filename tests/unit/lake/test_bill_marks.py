"""How far a bill is complete, and that the days whose cost status turns with it, or with the clock alone, are dirty."""

from __future__ import annotations

import json
from datetime import date, datetime

import duckdb
import pytest

from orchestration.lake import dirty_days
from orchestration.lake.bill_marks import bill_marks
from orchestration.lake.raw_views import register
from orchestration.lake.state import current_state
from orchestration.landing.schema import load_schemas

HEAD = "account,starts_at,ends_at,cost\n"


def lines(*days: str, account: str = "1") -> str:
    return "".join(f"{account},{day} 00:00:00,{day} 01:00:00,1\n" for day in days)


def declare(warehouse, **changes: str) -> None:
    """Change the declaration of the small project's bill."""
    path = warehouse.settings.project_dir / "models" / "staging" / "small" / "_small__sources.yml"
    extra = "".join(f"{key}: {value}, " for key, value in changes.items())
    path.write_text(path.read_text().replace("amounts: [cost],", f"amounts: [cost], {extra}"))


def marks(warehouse, as_of: datetime | None = None) -> dict[str, tuple[date | None, date | None]]:
    """Account of the bill to its newest day and the first day that is open."""
    tables = load_schemas(warehouse.settings.project_dir)
    states = {name: current_state(warehouse.lake.summaries(table)) for name, table in tables.items()}
    return {
        mark.account: (mark.newest_day, mark.open_from)
        for mark in bill_marks(tables.values(), states, as_of)
        if mark.table == "bill"
    }


def changed(warehouse, before: datetime, after: datetime) -> list[str]:
    """Days whose fingerprint differs between two clocks over the same data."""
    one, other = (dirty_days.fingerprints(warehouse.settings, as_of=clock) for clock in (before, after))
    return sorted(day for day in one if one[day] != other[day])


def test_the_newest_day_of_a_bill_is_still_filling_each_account_for_itself(warehouse):
    warehouse.deliver("bill", HEAD + lines("2026-11-01", "2026-11-02", "2026-11-05"), version="1")
    warehouse.deliver("bill", HEAD + lines("2026-11-03", account="2"), version="1")
    assert marks(warehouse) == {
        "1": (date(2026, 11, 5), date(2026, 11, 5)),
        "2": (date(2026, 11, 3), date(2026, 11, 3)),
    }


@pytest.mark.parametrize(("lag", "open_from"), [(0, date(2026, 11, 6)), (1, date(2026, 11, 5)), (3, date(2026, 11, 3))])
def test_a_bill_is_open_for_as_many_days_as_its_table_declares(warehouse, lag, open_from):
    declare(warehouse, completeness_lag_days=str(lag))
    warehouse.deliver("bill", HEAD + lines("2026-11-05"), version="1")
    assert marks(warehouse)["1"] == (date(2026, 11, 5), open_from)


def test_a_day_that_the_clock_has_not_ended_is_never_complete(warehouse):
    declare(warehouse, completeness_lag_days="0")
    warehouse.deliver("bill", HEAD + lines("2026-11-05"), version="1")
    assert marks(warehouse, datetime(2026, 11, 5, 6))["1"] == (date(2026, 11, 5), date(2026, 11, 5))


def test_a_purchase_ahead_of_the_use_completes_nothing(warehouse):
    declare(warehouse, shared_span="\"cost <> '99'\"")
    warehouse.deliver(
        "bill", HEAD + lines("2026-11-02") + "1,2026-11-12 00:00:00,2026-11-16 00:00:00,99\n", version="1"
    )
    assert marks(warehouse)["1"] == (date(2026, 11, 2), date(2026, 11, 2))


def test_the_models_read_the_same_marks(warehouse):
    warehouse.deliver("bill", HEAD + lines("2026-11-01", "2026-11-02"), version="1")
    with duckdb.connect() as con:
        register(con, warehouse.settings, as_of=datetime(2026, 11, 2, 6))
        assert con.execute("from raw.bill_marks").fetchall() == [
            ("bill", "bill", "bill", "1", date(2026, 11, 2), date(2026, 11, 2), 1)
        ]


def test_a_mark_that_moves_dirties_the_days_that_it_passes(warehouse):
    warehouse.deliver("bill", HEAD + lines("2026-11-01", "2026-11-02"), version="1")
    warehouse.deliver(
        "calls",
        "id,Time,model,TokenCount\n" + "".join(f"c{day},2026-11-0{day}T10:00:00Z,m,1\n" for day in range(1, 6)),
    )
    before = dirty_days.fingerprints(warehouse.settings)
    warehouse.deliver("bill", HEAD + lines("2026-11-01", "2026-11-02", "2026-11-04"), version="2")
    after = dirty_days.fingerprints(warehouse.settings)
    # 2 and 3 are complete now, 4 has a line, 5 is as open as before.
    assert sorted(day for day in after if after[day] != before[day]) == ["2026-11-02", "2026-11-03", "2026-11-04"]


def test_the_clock_alone_closes_a_billing_month_once(warehouse):
    warehouse.deliver("bill", HEAD + lines("2026-09-03", "2026-09-30"), version="1")
    warehouse.deliver("bill", HEAD + lines("2026-10-01"), version="1")
    # The month ends on the 1st; its last day has one day more to fill.
    days = ["2026-09-03", "2026-09-30"]
    assert changed(warehouse, datetime(2026, 10, 1, 23), datetime(2026, 10, 2)) == days
    assert changed(warehouse, datetime(2026, 10, 2), datetime(2026, 10, 31)) == []
    assert changed(warehouse, datetime(2026, 10, 31), datetime(2026, 11, 2)) == ["2026-10-01"]


def test_a_closed_month_is_dirty_in_the_next_night(warehouse):
    warehouse.deliver("bill", HEAD + lines("2026-10-03"), version="1")
    now = dirty_days.fingerprints(warehouse.settings, as_of=datetime(2026, 11, 1))
    current = warehouse.settings.published / "current"
    current.mkdir(parents=True)
    (current / "fingerprints.json").write_text(json.dumps(now))
    with duckdb.connect(str(warehouse.inputs.parent / "build.duckdb")) as con:
        dirty_days.mark_built(con, now)
        assert dirty_days.dirty(warehouse.settings, con, as_of=datetime(2026, 11, 1)) == []
        assert dirty_days.dirty(warehouse.settings, con, as_of=datetime(2026, 11, 2)) == [date(2026, 10, 3)]
