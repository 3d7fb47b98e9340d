"""The ECB's reference rates as it publishes them (`eurofxref-hist.csv`, `eurofxref.csv`): a line a business day, a column a currency,
units of it for one euro.

Each filled cell is a row. `N/A` and blank cells are none: on those days the ECB published no rate of the currency. A rate holds until
the next line of the file; the newest line has no end.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers import delimited
from orchestration.landing.readers.reading import FileRefused, Reading, match, text
from orchestration.landing.schema import RawTable

_CURRENCY = re.compile(r"[A-Z]{3}")
_TYPES = {"valid_from": "DATE", "valid_to": "DATE", "currency": "VARCHAR", "rate": "VARCHAR"}


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one file of reference rates.

    Raises:
        FileRefused: If it is no table of dates and currencies, or has a line without a date.
    """
    wide = delimited.read(con, path, table, delivery)
    currencies = {header: f"c{place}" for place, header in enumerate(wide.headers) if _CURRENCY.fullmatch(header)}
    if not wide.headers or wide.headers[0].lower() != "date" or not currencies:
        raise FileRefused(
            "the ECB's table of reference rates is expected (`Date,USD,JPY,…`). Land eurofxref-hist.csv as the ECB's zip holds it"
        )
    # the daily file writes `30 October 2026`, the history ISO
    day = "coalesce(try_cast(trim(c0) as date), cast(try_strptime(trim(c0), '%d %B %Y') as date))"
    lines = f"select *, row_number() over () + 1 as line, {day} as day from ({wide.sql})"
    undated = con.execute(f"select c0, line from ({lines}) where day is null limit 1").fetchone()
    if undated:
        raise FileRefused(f"line {undated[1]} begins with `{undated[0]}`, which is no date. Download the file again")
    cells = ", ".join(
        f"{{'currency': {text(currency)}, 'rate': trim({column})}}" for currency, column in currencies.items()
    )
    return match(
        _TYPES,
        table,
        delivery,
        relation=f"""
            select line, day as valid_from, next_day as valid_to, cell.currency as currency, cell.rate as rate
            from (
                select line, day, lead(day) over (order by day) as next_day, unnest([{cells}]) as cell from ({lines})
            )
            where cell.rate not in ('', 'N/A')
        """,
        row="line",
        broken=wide.broken,
    )
