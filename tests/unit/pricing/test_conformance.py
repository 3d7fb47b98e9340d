"""Prices that were worked out by hand and by both calculators, through the SQL."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.pricing.golden import GOLDEN


@pytest.mark.parametrize("name", GOLDEN)
def test_a_worked_price(name: str, priced: dict[str, dict]) -> None:
    *_, expected = GOLDEN[name]
    assert priced[name]["list_cost"] == Decimal(expected)
