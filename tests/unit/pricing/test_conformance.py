"""Prices that were worked out by hand and by both calculators, through the SQL."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.pricing.golden import GOLDEN


@pytest.mark.parametrize("name", GOLDEN)
def test_a_worked_price(name: str, priced: dict[str, dict]) -> None:
    *_, expected = GOLDEN[name]
    row = priced[name]
    assert row["list_cost"] == (Decimal(expected) if expected else None)
    # What is not sold is unknown, not free, and the model is known all the same.
    assert row["is_residency_fallback"] == (name == "azure region")
    assert (row["pricing_status"], row["model_id"]) == ("priced" if expected else "unpriced", GOLDEN[name][1])
