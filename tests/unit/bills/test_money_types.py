"""B24: money is DECIMAL(38,12) in every published model, whatever it was summed from."""

from __future__ import annotations

import re

import pytest
import yaml

from orchestration.settings import PROJECT_DIR

# A rate in 0..1 or a price is not money that is summed.
MONEY = re.compile(
    r"(cost|amount|total|subtotal|balance|revenue|margin|purchased|drawn|expired|adjusted|shortfall|breakage|tolerance|difference|discount"
    r"|credit|tax)$|^(Billed|Effective|List|Contracted)Cost$"
)
# Quantities, rates, and counts of what lacks a cost.
NO_MONEY = re.compile(r"quantity|tokens|hours|rate$|_pct$|weight|_without_cost$")


def published_columns() -> list[tuple[str, str, str]]:
    """(model, column, type) of each contract of the marts and of FOCUS."""
    found = []
    for folder in ("marts", "focus"):
        for path in sorted((PROJECT_DIR / "models" / folder).rglob("*.yml")):
            for model in (yaml.safe_load(path.read_text()) or {}).get("models") or ():
                found += [
                    (model["name"], column["name"], column["data_type"].replace(" ", "").lower())
                    for column in model.get("columns") or ()
                    if "data_type" in column
                ]
    return found


def test_b24_sums_of_money_keep_their_places():
    money = [one for one in published_columns() if MONEY.search(one[1]) and not NO_MONEY.search(one[1])]
    assert len(money) > 100
    assert [one for one in money if one[2] not in ("decimal(38,12)", "boolean", "varchar")] == []


@pytest.mark.parametrize("folder", ["marts", "intermediate", "focus", "staging"])
def test_b24_no_average_makes_a_double_of_money(folder):
    """AVG of a DECIMAL is a DOUBLE in DuckDB: a mean is a sum over a count, rounded by the macro for rates."""
    averaged = [
        str(path.relative_to(PROJECT_DIR))
        for path in sorted((PROJECT_DIR / "models" / folder).rglob("*.sql"))
        if re.search(r"\bavg\s*\([^)]*(cost|amount|price|revenue)", path.read_text(), re.IGNORECASE)
    ]
    assert averaged == []
