"""What a load makes of days that were billed before: sums before and after, in the load ledger."""

from __future__ import annotations

import json

import duckdb

from orchestration.landing.merge import _sums_by_currency
from orchestration.landing.schema import RawTable

BILL = "account,starts_at,ends_at,cost\n"


def bill(**costs: str) -> str:
    return BILL + "".join(
        f"1,2026-11-{day[1:]} 00:00:00,2026-11-{day[1:]} 01:00:00,{cost}\n" for day, cost in costs.items()
    )


def costs(**amounts: float) -> str:
    data = [
        {"start_time": 1793491200 + 86400 * (int(day[1:]) - 1), "end_time": 1793491200 + 86400 * int(day[1:]),
         "results": [{"object": "organization.costs.result", "amount": {"value": amount}, "line_item": "x"}]}
        for day, amount in amounts.items()
    ]  # fmt: skip
    return json.dumps({"object": "page", "data": data, "has_more": False})


def restated(warehouse) -> dict | None:
    """Of the newest load."""
    rows = warehouse.query("select restated from raw.load_ledger order by committed_at, snapshot_id")
    return None if rows[-1][0] is None else json.loads(rows[-1][0])


def test_a_month_said_again_is_compared_on_the_days_that_it_had(warehouse):
    warehouse.deliver("bill", bill(d01="1.5", d02="2"), version="1")
    assert restated(warehouse) is None
    warehouse.deliver("bill", bill(d01="1", d02="2", d03="40"), version="2")
    after = restated(warehouse)
    assert after["last_day"] == "2026-11-02"
    assert [float(after["amounts"]["XXX"]["cost"][side]) for side in ("before", "after")] == [3.5, 3.0]
    warehouse.deliver("bill", bill(d01="1", d02="2", d03="41"), version="3")
    after = restated(warehouse)
    assert after["last_day"] == "2026-11-03"
    assert [float(after["amounts"]["XXX"]["cost"][side]) for side in ("before", "after")] == [43.0, 44.0]


def test_a_trailing_window_is_compared_on_the_days_that_it_pulled_again(warehouse):
    warehouse.deliver("costs", costs(d01=5.0, d02=7.25), "1.json", version="1", window=("2026-11-01", "2026-11-03"))
    warehouse.deliver("costs", costs(d02=8.0, d03=100.0), "2.json", version="2", window=("2026-11-02", "2026-11-04"))
    after = restated(warehouse)
    assert after["last_day"] == "2026-11-02"
    # the 1st is outside the window, the 3rd was not there before
    assert [float(after["amounts"]["XXX"]["amount"][side]) for side in ("before", "after")] == [7.25, 8.0]


def test_a_window_that_empties_a_day_takes_all_of_it_away(warehouse):
    warehouse.deliver("costs", costs(d01=5.0), "1.json", version="1", window=("2026-11-01", "2026-11-02"))
    warehouse.deliver("costs", costs(d02=1.0), "2.json", version="2", window=("2026-11-01", "2026-11-03"), force=True)
    after = restated(warehouse)
    assert float(after["amounts"]["XXX"]["amount"]["before"]) == 5.0
    assert after["amounts"]["XXX"]["amount"]["after"] is None


def test_a_currency_is_one_however_it_is_written_and_two_are_never_summed():
    table = RawTable("bill", "bills", (), "csv", "replace_period", currency="upper(currency)", amounts=("cost", "fee"))
    # a fee of eleven digits leaves fewer places; the cost beside it keeps its own
    rows = (
        "(values ('usd', '1.5', '12345678901.25'), ('EUR', '7', null), ('USD', '2', '1')) as bill(currency, cost, fee)"
    )
    sums: dict[str, dict] = {}
    with duckdb.connect() as con:
        for currency, totals in _sums_by_currency(con, table, rows):
            sums.setdefault(currency, {}).update(totals)
    assert {currency: totals["cost"] for currency, totals in sums.items()} == {
        "EUR": "7." + "0" * 28,
        "USD": "3.5" + "0" * 27,
    }
    assert {currency: totals["fee"] for currency, totals in sums.items()} == {
        "EUR": None,
        "USD": "12345678902.25" + "0" * 18,
    }
