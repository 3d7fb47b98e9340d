"""Tables that keep what each delivery said (`keeps_versions`), by the exchange rates that the project declares so."""

from __future__ import annotations

from orchestration.lake.dirty_days import fingerprints

HEADER = "from_currency,to_currency,rate,rate_set,valid_from,valid_to\n"
SEPTEMBER = "EUR,USD,1.17,corporate_month,2026-09-01,2026-10-01\n"
OCTOBER = "EUR,USD,1.18,corporate_month,2026-10-01,2026-11-01\n"
CHANGED = "EUR,USD,1.25,corporate_month,2026-09-01,2026-10-01\n"
SAID = "select _version, rate, valid_from from raw.fx_rates order by all"


def send(warehouse, rows: str, version: str):
    return warehouse.deliver("reference", HEADER + rows, "fx_rates.csv", version=version)


def said(warehouse) -> list[tuple[str, str, str]]:
    return [(version, f"{rate:.2f}", f"{start:%m}") for version, rate, start in warehouse.query(SAID)]


def test_a_delivery_stands_beside_the_earlier_ones(own_schemas):
    send(own_schemas, SEPTEMBER, "2026-09-01T01:00:00Z")
    send(own_schemas, CHANGED + OCTOBER, "2026-10-20T01:00:00Z")
    assert said(own_schemas) == [
        ("2026-09-01T01:00:00Z", "1.17", "09"),
        ("2026-10-20T01:00:00Z", "1.18", "10"),
        ("2026-10-20T01:00:00Z", "1.25", "09"),
    ]


def test_an_older_delivery_that_comes_late_is_taken_too(own_schemas):
    send(own_schemas, CHANGED, "2026-10-20T01:00:00Z")
    assert send(own_schemas, SEPTEMBER, "2026-09-01T01:00:00Z").outcome == "loaded"
    assert [version for version, _, _ in said(own_schemas)] == ["2026-09-01T01:00:00Z", "2026-10-20T01:00:00Z"]


def test_what_the_newest_delivery_repeats_is_a_duplicate_and_a_way_back_is_none(own_schemas):
    send(own_schemas, SEPTEMBER, "2026-09-01T01:00:00Z")
    assert send(own_schemas, SEPTEMBER, "2026-09-02T01:00:00Z").outcome == "duplicate"
    send(own_schemas, CHANGED, "2026-09-03T01:00:00Z")
    assert send(own_schemas, SEPTEMBER, "2026-09-04T01:00:00Z").outcome == "loaded"
    assert [rate for _, rate, _ in said(own_schemas)] == ["1.17", "1.25", "1.17"]


def test_a_version_that_is_no_time_is_refused(own_schemas):
    result = send(own_schemas, SEPTEMBER, "7")
    assert result.outcome == "refused"
    assert "no time" in result.reason


def test_only_days_on_which_something_else_is_said_are_dirty(own_schemas):
    bill = "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,BillingPeriodEnd,ProviderName,BillingAccountId,ChargeCategory\n"
    days = (("2026-09-10", "2026-09-11", "09", "10"), ("2026-10-10", "2026-10-11", "10", "11"))
    bill += "".join(f"1,1,EUR,{day},{after},2026-{one}-01,2026-{two}-01,V,a,Usage\n" for day, after, one, two in days)
    own_schemas.deliver("focus", bill, "focus.csv")
    send(own_schemas, SEPTEMBER, "2026-09-01T01:00:00Z")

    def changed(rows: str, version: str) -> set[str]:
        before = fingerprints(own_schemas.settings)
        send(own_schemas, rows, version)
        after = fingerprints(own_schemas.settings)
        return {day for day in after if before[day] != after[day]}

    assert changed(SEPTEMBER + OCTOBER, "2026-10-01T01:00:00Z") == {"2026-10-10"}
    assert changed(CHANGED + OCTOBER, "2026-10-20T01:00:00Z") == {"2026-09-10"}
    assert changed(OCTOBER, "2026-10-21T01:00:00Z") == {"2026-09-10"}
