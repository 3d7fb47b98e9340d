"""Amounts as people read them."""

from decimal import Decimal

import pytest

from orchestration.printing import amount


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (Decimal("-0.000000000002"), 2, "0.00"),
        (Decimal("-0.004"), 2, "0.00"),
        (Decimal("-0.006"), 2, "-0.01"),
        (Decimal("-0.4"), 0, "0"),
        (Decimal("-1000"), 2, "-1,000.00"),
        (Decimal("0.000000001"), 9, "0.000000001"),
        (None, 2, ""),
    ],
)
def test_amount(value, digits, shown):
    assert amount(value, digits) == shown
