"""The published FOCUS views before the public validators: focus-data-toolkit (1.4) and focus-validator (1.2)."""

from __future__ import annotations

import csv
import importlib.util
import os
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from focus_data_toolkit.model.validator import lint_focus_1_4_structure, load_model

SCRIPT = Path(__file__).resolve().parents[2] / "conformance" / "focus_validator.py"


@pytest.fixture(scope="module")
def official():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("official", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_text(parquet: Path, folder: Path) -> list[dict[str, str]]:
    """Rows as a CSV export would have them."""
    target = folder / "rows.csv"
    with duckdb.connect() as con:
        con.execute(f"copy (from '{parquet}') to '{target}' (header, timestampformat '%Y-%m-%dT%H:%M:%SZ')")
    with target.open() as file:
        return list(csv.DictReader(file))


def test_rows_of_1_4_pass_the_toolkit(demo, official, tmp_path):
    columns = official.write_rows(demo.marts, "focus_1_4", tmp_path / "rows.parquet")
    wanted = load_model()["datasets"]["Cost and Usage"]["columns"]
    assert set(columns) == {column if isinstance(column, str) else column["column_id"] for column in wanted}
    rows = as_text(tmp_path / "rows.parquet", tmp_path)
    assert len({row["ServiceProviderName"] for row in rows}) >= 4
    found = Counter((one.rule, one.column) for one in lint_focus_1_4_structure("Cost and Usage", rows).violations)
    assert not found

    # It can fail: one cost that is not price times quantity.
    priced = next(row for row in rows if row["ListUnitPrice"] and row["ChargeCategory"] == "Usage" and row["ListCost"])
    priced["ListCost"] = "123456789"
    assert lint_focus_1_4_structure("Cost and Usage", rows).violations


def test_rows_of_1_2_fail_only_where_the_official_validator_errs(demo, official, tmp_path):
    python = official.python_312()
    if python is None:
        pytest.skip("the official validator needs Python 3.12, which is not here")
    folder = Path(os.environ.get("AI_FINOPS_VALIDATOR_ENV", tmp_path / "environment"))
    columns = official.write_rows(demo.marts, "focus_1_2", tmp_path / "rows.parquet")
    assert len(columns) == 57
    found = official.failed_rules(official.environment(python, folder), tmp_path / "rows.parquet", tmp_path)
    assert found == official.known_defects()


def test_what_a_bill_leaves_open_is_filled_only_for_handing_on(demo):
    with duckdb.connect(str(demo.marts), read_only=True) as con:
        differing, filled, unknown = con.execute(
            """
            select
                count(*) filter (where own.EffectiveCost <> shown.EffectiveCost or own.BilledCost <> shown.BilledCost),
                count(*) filter (where own.ListCost is null and shown.ListCost is not null and not shown.x_ListCostIsKnown),
                count(*) filter (where own.ListCost is null)
            from focus.cost_and_usage as own
            full join focus.focus_1_4 as shown using (x_ChargeId)
            """
        ).fetchone()
        broken = con.execute(
            "select failed_rows from quality.gate_results where check_name like '%assert_charges_hold_together%'"
        ).fetchall()
    assert differing == 0
    assert filled == unknown > 0
    assert broken == [(0,)]
