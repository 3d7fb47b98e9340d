"""What a load makes of days that were billed before: sums before and after, in the load ledger."""

from __future__ import annotations

import json
from decimal import Decimal

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


def billed(warehouse) -> list[Decimal | None]:
    """What the newest load bills, in dollars: before, after, in all."""
    amounts = restated(warehouse)["amounts"]["USD"]["billed"]
    return [amounts[side] and Decimal(amounts[side]) for side in ("before", "after", "load")]


def aws(*lines: str) -> str:
    header = (
        "bill_payer_account_id,line_item_line_item_type,line_item_usage_start_date,line_item_unblended_cost,line_item_net_unblended_cost,"
        "bill_billing_period_start_date,line_item_currency_code\n"
    )
    return header + "".join(f"{line},2026-10-01 00:00:00,USD\n" for line in lines)


def test_b8_what_aws_restates_is_net_or_gross_by_payer_and_month(own_schemas):
    """Payer 1 has a private discount in the first version: 9 net, 5 where net is blank, and a discount line that is worth nothing beside
    net costs. Payer 2 has none: 7 less its discount of 1. The second version of payer 1 has no net cost left, and a day more."""
    own_schemas.deliver(
        "aws_cur",
        aws(
            "1,Usage,2026-10-01,10,9", "1,Usage,2026-10-02,5,", "1,EdpDiscount,2026-10-02,-1,", "2,Usage,2026-10-01,7,0"
        )
        + aws("2,EdpDiscount,2026-10-01,-1,").partition("\n")[2],
        version="1",
    )
    own_schemas.deliver(
        "aws_cur",
        aws(
            "1,Usage,2026-10-01,10,",
            "1,Usage,2026-10-02,5,",
            "1,EdpDiscount,2026-10-02,-1.5,",
            "1,Usage,2026-10-03,100,",
        )
        + aws("2,Usage,2026-10-01,7,", "2,EdpDiscount,2026-10-01,-1,").partition("\n")[2],
        version="2",
    )
    assert billed(own_schemas) == [9 + 5 + 6, 10 + 5 - Decimal("1.5") + 6, 10 + 5 - Decimal("1.5") + 100 + 6]


def test_a_month_is_net_though_only_a_new_day_says_so(own_schemas):
    """The days compared have no net cost themselves; the month that they are of has."""
    own_schemas.deliver("aws_cur", aws("1,Usage,2026-10-01,10,", "1,EdpDiscount,2026-10-01,-1,"), version="1")
    own_schemas.deliver(
        "aws_cur", aws("1,Usage,2026-10-01,10,", "1,EdpDiscount,2026-10-01,-1,", "1,Usage,2026-10-02,10,9"), version="2"
    )
    assert billed(own_schemas) == [9, 10, 19]


def test_what_google_restates_is_less_its_credits(own_schemas):
    def export(cost: float, *credits: float) -> str:
        row = {
            "billing_account_id": "a", "service": {"id": "s"}, "sku": {"id": "k"}, "usage_start_time": "2026-10-01T00:00:00Z",
            "usage_end_time": "2026-10-01T01:00:00Z", "cost": cost, "currency": "USD", "invoice": {"month": "202610"},
            "cost_type": "regular", "export_time": "2026-10-01T05:00:00Z", "credits": [{"type": "PROMOTION", "amount": one} for one in credits],
        }  # fmt: skip
        return json.dumps(row) + "\n"

    own_schemas.deliver("gcp", export(10, -2, -1), "a.jsonl", version="1")
    own_schemas.deliver("gcp", export(12), "b.jsonl", version="2")
    assert billed(own_schemas) == [7, 12, 12]


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
