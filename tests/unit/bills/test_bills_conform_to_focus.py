"""Each vendor's lines as they are handed on, before focus-data-toolkit: the demo has no bill of Google or Microsoft."""

from __future__ import annotations

import csv

import pytest
from focus_data_toolkit.model.validator import lint_focus_1_4_structure


def rows_of(charges, source: str, folder) -> list[dict[str, str]]:
    """A source's rows of `focus_1_4` as a CSV export would have them, without columns of our own."""
    file = folder / "rows.csv"
    charges.execute(
        f"copy (select columns('^[A-Z]') from focus.focus_1_4 where x_Source = '{source}')"
        f" to '{file}' (header, timestampformat '%Y-%m-%dT%H:%M:%SZ')"
    )
    with file.open() as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize(("source", "at_least"), [("gcp", 40), ("azure", 20), ("anthropic", 5), ("openai", 3)])
def test_every_row_passes_the_toolkit(charges, tmp_path, source, at_least):
    rows = rows_of(charges, source, tmp_path)
    assert len(rows) >= at_least
    found = [(one.rule, one.column) for one in lint_focus_1_4_structure("Cost and Usage", rows).violations]
    assert found == []
    # it can fail
    rows[0]["BillingCurrency"] = "dollars"
    assert lint_focus_1_4_structure("Cost and Usage", rows).violations
