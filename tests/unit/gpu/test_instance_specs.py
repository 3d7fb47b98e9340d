"""Weights of instance types (seed instance_specs): what a row says of where its weights come from is what it holds."""

from __future__ import annotations

import csv
import re

import pytest

from orchestration.settings import PROJECT_DIR

WITHOUT_A_PRICE = "weighs? as on types that are not listed"
TAKEN_FROM = re.compile(r"its GPUs weigh as on (\S+)$")


@pytest.fixture(scope="module")
def specs() -> dict[str, dict[str, str]]:
    """Instance type -> row."""
    with (PROJECT_DIR / "seeds" / "instance_specs.csv").open(newline="") as file:
        return {row["instance_type"]: row for row in csv.DictReader(file)}


def test_weights_taken_from_another_type_are_that_types(specs):
    taken = {name: TAKEN_FROM.search(row["source"]) for name, row in specs.items()}
    taken = {name: found[1] for name, found in taken.items() if found}
    assert len(taken) > 20
    weights = [(specs[name]["accelerator_type"], specs[name]["gpu_unit_weight"]) for name in taken]
    assert weights == [(specs[of]["accelerator_type"], specs[of]["gpu_unit_weight"]) for of in taken.values()]


def test_an_accelerator_with_a_price_weighs_by_it_on_every_type(specs):
    """An A100 weighs the same on one of Google's machines with one of them and on one with two."""
    priced = {row["accelerator_type"] for row in specs.values() if "USD/h" in row["source"]}
    assert [
        name
        for name, row in specs.items()
        if re.search(WITHOUT_A_PRICE, row["source"]) and row["accelerator_type"] in priced
    ] == []
