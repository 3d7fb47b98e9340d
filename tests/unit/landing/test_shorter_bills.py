"""Pitfalls of bills that come again: what shrinks, what is short, another currency, corrections in a later period."""

from __future__ import annotations

import json

HEADER = (
    "BilledCost,EffectiveCost,BillingCurrency,BillingAccountId,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,"
    "ChargePeriodEnd,ChargeCategory,ChargeClass,ProviderName,ServiceName,ServiceCategory\n"
)


def line(cost: str, day: str, *, month: str = "2026-09", currency: str = "USD", kind: str = "") -> str:
    following = f"{month[:5]}{int(month[5:]) + 1:02d}"
    return (
        f"{cost},{cost},{currency},acct,{month}-01T00:00:00Z,{following}-01T00:00:00Z,{day}T00:00:00Z,{day}T12:00:00Z,"
        f"Usage,{kind},Vendor,Service,Compute\n"
    )


def bill(*lines: str) -> str:
    return HEADER + "".join(lines)


def costs(warehouse) -> list[tuple]:
    return warehouse.query(
        "select strftime(billing_period_start, '%Y-%m'), cast(charge_period_start as date)::varchar, billing_currency, billed_cost"
        " from raw.focus_charges order by all"
    )


def test_b8_a_month_said_again_with_fewer_lines_keeps_none_of_the_old_ones(own_schemas):
    first = bill(line("10", "2026-09-01"), line("4", "2026-09-01"), line("7", "2026-09-02"))
    own_schemas.deliver("focus", first, version="1")
    result = own_schemas.deliver("focus", bill(line("9", "2026-09-01"), line("7", "2026-09-02")), version="2")
    assert (result.outcome, result.replaced) == ("loaded", 3)
    assert costs(own_schemas) == [("2026-09", "2026-09-01", "USD", "9"), ("2026-09", "2026-09-02", "USD", "7")]


def test_b9_a_short_export_is_refused_until_it_is_forced_and_that_is_on_record(own_schemas):
    full = bill(line("10", "2026-09-01"), line("7", "2026-09-02"), line("8", "2026-09-03"))
    short = bill(line("10", "2026-09-01"))
    own_schemas.deliver("focus", full, version="1")
    refused = own_schemas.deliver("focus", short, "short.csv", version="2")
    assert refused.outcome == "refused"
    for told in ("short.csv", "covers 1 days, but 3 are current", "missing: 2026-09-02, 2026-09-03", "--force"):
        assert told in refused.reason
    assert len(costs(own_schemas)) == 3
    forced = own_schemas.deliver("focus", short, "short.csv", version="2", force=True)
    assert forced.outcome == "loaded"
    assert costs(own_schemas) == [("2026-09", "2026-09-01", "USD", "10")]
    assert own_schemas.query("select outcome, forced from raw.load_ledger order by committed_at, snapshot_id") == [
        ("loaded", False), ("refused", False), ("loaded", True),
    ]  # fmt: skip
    [(warnings,)] = own_schemas.query("select warnings from raw.load_ledger where forced")
    assert "covers 1 days, but 3 are current" in warnings


def test_b11_a_month_restated_in_another_currency_replaces_the_old_one(own_schemas):
    own_schemas.deliver("focus", bill(line("10", "2026-09-01"), line("7", "2026-09-02")), version="1")
    own_schemas.deliver(
        "focus",
        bill(line("9.20", "2026-09-01", currency="EUR"), line("6.44", "2026-09-02", currency="EUR")),
        version="2",
    )
    assert costs(own_schemas) == [("2026-09", "2026-09-01", "EUR", "9.20"), ("2026-09", "2026-09-02", "EUR", "6.44")]
    # on record in each currency by itself: 17 dollars went, 15.64 euros came
    [(record,)] = own_schemas.query("select restated from raw.load_ledger where restated is not null")
    billed = {currency: columns["billed_cost"] for currency, columns in json.loads(record)["amounts"].items()}
    sides = {
        currency: [sums[side] and float(sums[side]) for side in ("before", "after")]
        for currency, sums in billed.items()
    }
    assert sides == {"USD": [17, None], "EUR": [None, 15.64]}


def test_b14_a_correction_in_a_later_period_leaves_the_closed_month_alone(own_schemas):
    own_schemas.deliver("focus", bill(line("10", "2026-09-30")), version="1")
    october = bill(
        line("3", "2026-10-01", month="2026-10"), line("-2", "2026-09-30", month="2026-10", kind="Correction")
    )
    own_schemas.deliver("focus", october, version="2")
    whole = [
        ("2026-09", "2026-09-30", "USD", "10"), ("2026-10", "2026-09-30", "USD", "-2"), ("2026-10", "2026-10-01", "USD", "3"),
    ]  # fmt: skip
    assert costs(own_schemas) == whole
    # October said again takes its own correction with it, nothing else
    own_schemas.deliver("focus", october.replace("\n-2,-2", "\n-2.5,-2.5"), version="3")
    assert costs(own_schemas) == [whole[0], ("2026-10", "2026-09-30", "USD", "-2.5"), whole[2]]


def test_b21_the_repeated_hour_of_a_local_clock_is_two_hours(own_schemas):
    """In Berlin the 25th of October has 25 hours: what an exporter writes with its offset is an instant, and the day is that of UTC."""
    hours = [(hour, "+02:00") for hour in range(3)] + [(hour, "+01:00") for hour in range(2, 24)]
    lines = [
        line("1", "2026-10-01", month="2026-10").replace(
            "2026-10-01T00:00:00Z,2026-10-01T12:00:00Z",
            f"2026-10-25T{hour:02d}:00:00{offset},2026-10-25T{hour:02d}:59:59{offset}",
        )
        for hour, offset in hours
    ]
    assert own_schemas.deliver("focus", bill(*lines), version="1").loaded == 25
    assert own_schemas.query(
        "select cast(_day as varchar), count(*), count(distinct charge_period_start), sum(cast(billed_cost as int)) from raw.focus_charges"
        " group by all order by all"
    ) == [("2026-10-24", 2, 2, 2), ("2026-10-25", 23, 23, 23)]
