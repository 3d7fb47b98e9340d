"""AWS reports that are not what they should be: refused with file, row and field, and the last good month stays; all-NULL is unknown, not 0.

A bill is taken whole or not at all: a month without its bad line would be a wrong month.
"""

from __future__ import annotations

import csv
import io

import pytest

from orchestration.landing.candidate import Candidate
from orchestration.landing.schema import load_schemas
from orchestration.nightly_loads import arrival_of
from orchestration.settings import PROJECT_DIR

GOOD = {
    "bill_payer_account_id": "1", "bill_billing_period_start_date": "2026-10-01 00:00:00", "line_item_usage_account_id": "2",
    "line_item_line_item_type": "Usage", "line_item_usage_start_date": "2026-10-03 10:00:00",
    "line_item_usage_end_date": "2026-10-03 11:00:00", "line_item_product_code": "AmazonEC2", "line_item_usage_amount": "1",
    "line_item_currency_code": "USD", "line_item_unblended_cost": "40",
}  # fmt: skip


def report(*lines: dict[str, str], header: dict[str, str] | None = None) -> str:
    """A report of these lines over a good one; `header` renames columns."""
    columns = list(dict.fromkeys(name for line in (GOOD, *lines) for name in line))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([(header or {}).get(name, name) for name in columns])
    writer.writerows([(GOOD | line).get(name, "") for name in columns] for line in ({}, *lines))
    return text.getvalue()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            {"line_item_unblended_cost": "1,234.56"},
            "line_item_unblended_cost is no amount of money (first in cur.csv, row 3: 1,234.56)",
        ),
        ({"line_item_unblended_cost": ""}, "line_item_unblended_cost is missing (first in cur.csv, row 3: nothing)"),
        (
            {"line_item_usage_amount": "1,000"},
            "line_item_usage_amount is no decimal(38,18) (first in cur.csv, row 3: 1,000)",
        ),
        ({"resource_tags": '{"user_team": research}'}, 'first in cur.csv, row 3: {"user_team": research}'),
        ({"product": "{'a': 1}"}, "first in cur.csv, row 3: {'a': 1}"),
        ({"line_item_line_item_type": "SavingsPlanCoveredUsage"}, "first in cur.csv, row 3: SavingsPlanCoveredUsage"),
        ({"line_item_line_item_type": "DiscountedUsage"}, "first in cur.csv, row 3: DiscountedUsage"),
    ],
    ids=(
        "thousands",
        "no cost",
        "thousands in a quantity",
        "tags",
        "product",
        "plan without its cost",
        "reservation without its cost",
    ),
)
def test_a_bad_line_is_named_and_the_last_good_month_stays(own_schemas, line, words):
    own_schemas.deliver("aws_cur", report(), name="cur.csv", version="1")
    result = own_schemas.deliver("aws_cur", report(line), name="cur.csv", version="2")
    assert result.outcome == "refused"
    assert "1 of 2 rows are rejected" in result.reason
    assert words in result.reason
    assert next(iter(line)) in result.reason
    assert own_schemas.query(
        "select count(*), sum(cast(line_item_unblended_cost as int)) from raw.aws_cur_line_items"
    ) == [(1, 40)]


@pytest.mark.parametrize(
    "header",
    [
        {"bill_payer_account_id": "bill/PayerAccountId", "line_item_unblended_cost": "lineItem/UnblendedCost"},
        {"bill_payer_account_id": "BILL_PAYER_ACCOUNT_ID", "line_item_unblended_cost": "lineitem/unblendedcost"},
    ],
    ids=("legacy", "another case"),
)
def test_header_variants_are_one_column(own_schemas, header):
    assert own_schemas.deliver("aws_cur", report(header=header), name="cur.csv").loaded == 1
    found = own_schemas.query("select bill_payer_account_id, line_item_unblended_cost from raw.aws_cur_line_items")
    assert found == [("1", "40")]


def test_another_report_is_refused_with_what_is_missing(own_schemas):
    result = own_schemas.deliver("aws_cur", report(header={"line_item_unblended_cost": "Coût"}), name="cur.csv")
    assert result.outcome == "refused"
    assert "line_item_unblended_cost (line_item_unblended_cost or lineItem/UnblendedCost)" in result.reason


def test_only_a_split_line_may_be_without_a_cost(own_schemas):
    split = {"line_item_unblended_cost": "", "split_line_item_parent_resource_id": "i-1"}
    assert own_schemas.deliver("aws_cur", report(split), name="cur.csv").loaded == 2


def test_gate_1_leaves_such_a_line_to_the_loader(own_schemas):
    delivery = own_schemas.land("aws_cur", report(), name="cur.csv")
    table = load_schemas(PROJECT_DIR)["aws_cur_line_items"]
    required = {column.name: column.required for column in arrival_of(Candidate(table, delivery)).columns}
    assert (required["line_item_unblended_cost"], required["line_item_currency_code"]) == (False, True)


def test_costs_that_are_null_everywhere_are_unknown(own_schemas):
    empty = {
        "pricing_public_on_demand_cost": "",
        "line_item_net_unblended_cost": "None",
        "savings_plan_used_commitment": "",
    }
    assert own_schemas.deliver("aws_cur", report(empty), name="cur.csv").loaded == 2
    counted = ", ".join(f"count({name})" for name in empty)
    assert own_schemas.query(f"select {counted} from raw.aws_cur_line_items") == [(0, 0, 0)]
