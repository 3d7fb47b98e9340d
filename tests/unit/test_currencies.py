"""Seed currencies: smallest units after ISO 4217, against CLDR as a second opinion."""

from __future__ import annotations

import csv

from babel.numbers import get_currency_precision

from orchestration.settings import PROJECT_DIR

# Where ISO 4217 has subunits that nobody uses any more and CLDR writes none.
ISO_BUT_NOT_CLDR = {
    "AFN": 2, "ALL": 2, "IQD": 3, "IRR": 2, "KPW": 2, "LAK": 2, "LBP": 2, "MGA": 2, "MMK": 2, "RSD": 2, "SLL": 2,
    "SOS": 2, "SYP": 2, "YER": 2,
}  # fmt: skip


def test_subunits_are_those_of_cldr_but_for_listed_currencies():
    with (PROJECT_DIR / "seeds" / "currencies.csv").open() as file:
        seed = {row["currency"]: int(row["minor_units"]) for row in csv.DictReader(file)}
    assert {"USD", "EUR", "JPY", "KWD"} <= set(seed)
    different = {code: units for code, units in seed.items() if units != get_currency_precision(code)}
    assert different == ISO_BUT_NOT_CLDR
