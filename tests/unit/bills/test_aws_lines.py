"""AWS line items one by one: containers, reserved capacity, Bedrock, tags; and real reports, whose totals come out and whose columns stay.

The lines are written here in the layout of CUR 2.0; expected values follow from the vendor's documentation of each column.
"""

from __future__ import annotations

import csv
import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR
from tests.built_models import build_from_files

DATA = Path(os.environ.get("AI_FINOPS_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
REAL = {
    "legacy": DATA / "focus_converters_samples" / "aws_sample-anonymous-aws-export-dataset.csv",
    "nise": DATA / "nise_openshift_on_aws" / "October-2026-None.csv",
}
SCAD_COLUMNS = {
    "split_line_item_parent_resource_id": "i-parent", "split_line_item_split_usage_ratio": "0.5", "split_line_item_split_cost": "20",
}  # fmt: skip
RESERVATION = "arn:aws:ec2:us-east-1:222222222222:capacity-reservation/cr-1"


def line(name: str, **columns: object) -> dict[str, object]:
    return {
        "bill_billing_period_start_date": "2026-10-01 00:00:00", "bill_payer_account_id": "011111111111",
        "line_item_usage_account_id": "222222222222", "line_item_line_item_type": "Usage", "line_item_line_item_description": name,
        "line_item_usage_start_date": "2026-10-03 10:00:00", "line_item_usage_end_date": "2026-10-03 11:00:00",
        "line_item_product_code": "AmazonEC2", "line_item_usage_type": "USE1-BoxUsage:p5.48xlarge", "line_item_operation": "RunInstances",
        "line_item_usage_amount": 1, "line_item_currency_code": "USD", "line_item_unblended_cost": 40, "pricing_unit": "Hrs",
        "pricing_rate_code": "A.B.C", "line_item_resource_id": "i-parent",
    } | columns  # fmt: skip


LINES = [
    line("parent", product=json.dumps({"instance_type": "p5.48xlarge", "operating_system": "Linux", "gpu": "8", "vcpu": "192"})),
    line("pod a", line_item_product_code="AmazonEKS", line_item_usage_type="USE1-EKS-EC2-Accelerator-Hours", line_item_operation="EKSPod-EC2",
         line_item_resource_id="pod/a", line_item_usage_amount=4, line_item_unblended_cost=0, **SCAD_COLUMNS),
    line("pod b", line_item_product_code="AmazonEKS", line_item_usage_type="USE1-EKS-EC2-Accelerator-Hours", line_item_operation="EKSPod-EC2",
         line_item_resource_id="pod/b", line_item_usage_amount=4, line_item_unblended_cost="", **SCAD_COLUMNS),
    line("fargate", line_item_unblended_cost=3, **SCAD_COLUMNS),
    line("reserved box", line_item_usage_type="USE1-Reservation:p5.48xlarge", line_item_usage_amount=3, line_item_unblended_cost=0,
         line_item_resource_id=RESERVATION),
    line("box in use", capacity_reservation_capacity_reservation_arn=RESERVATION, capacity_reservation_capacity_reservation_status="Used"),
    line("idle boxes", line_item_usage_type="USE1-UnusedBox:p5.48xlarge", line_item_usage_amount=2, line_item_unblended_cost=80,
         line_item_resource_id=RESERVATION),
    line("bedrock", line_item_product_code="AmazonBedrock", line_item_usage_type="USE1-Claude4.5Sonnet-input-tokens", pricing_unit="1K tokens",
         line_item_iam_principal="arn:aws:sts::222222222222:assumed-role/bot/s", line_item_resource_id="profile-1", line_item_usage_amount="2.5"),
    line("bedrock service", line_item_product_code="AmazonBedrockService", line_item_usage_type="USE1-Claude4.5Haiku-output-tokens",
         pricing_unit="1M tokens", line_item_iam_principal="arn:aws:sts::222222222222:assumed-role/bot/s", line_item_resource_id="profile-1",
         line_item_usage_amount="2.5"),
    line("bedrock of the marketplace", line_item_product_code="8kq2f3", bill_billing_entity="AWS Marketplace", line_item_legal_entity="Anthropic, PBC",
         line_item_usage_type="USE1-MP:USE1_InputTokenCount-Units", product_product_name="Claude Opus 4.8 (Amazon Bedrock Edition)",
         pricing_unit="Units", line_item_usage_amount="2.5"),
    line("capacity of the marketplace", line_item_product_code="8kq2f3", bill_billing_entity="AWS Marketplace",
         line_item_usage_type="USE1-MP:USE1_ProvisionedThroughput_ModelUnits-Units", pricing_unit="Hrs",
         product_product_name="Claude Opus 4.8 (Amazon Bedrock Edition)"),
    line("software of the marketplace", line_item_product_code="9zz", bill_billing_entity="AWS Marketplace", line_item_usage_type="MP:seat"),
    line("assistant seat", line_item_product_code="AmazonQ", line_item_usage_type="USE1-QDeveloper-Pro", line_item_user_identifier="person-7"),
    line("tagged", resource_tags='{"user_team":"research, \\"core\\"","aws_eks_cluster_name":"ml"}', cost_category='{"env":"prod"}',
         discount='{"edp":-1.5}'),
    line("credit", line_item_line_item_type="Credit", line_item_unblended_cost=-5),
    line("tax", line_item_line_item_type="Tax", line_item_unblended_cost=2),
    line("refund", line_item_line_item_type="Refund", line_item_unblended_cost=-1, bill_bill_type="Refund"),
    line("new kind", line_item_line_item_type="RightsizingDiscount", line_item_unblended_cost=-2),
    line("yearly licence", line_item_line_item_type="Fee", line_item_usage_end_date="2027-10-03 10:00:00"),
    line("three years", line_item_line_item_type="Fee", line_item_usage_end_date="2029-10-03 10:00:00"),
    line("reserved box under a reservation", line_item_line_item_type="DiscountedUsage", line_item_usage_type="USE1-Reservation:p5.48xlarge",
         line_item_unblended_cost=0, reservation_effective_cost=7, reservation_reservation_a_r_n="ri"),
    line("no list price", pricing_public_on_demand_cost=""),
]  # fmt: skip


@pytest.fixture(scope="module")
def focus(tmp_path_factory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("aws-lines")
    path = folder / "cur.csv"
    with path.open("w", newline="") as file:
        columns = sorted({name for one in LINES for name in one})
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(LINES)
    deliveries = [("aws_cur", "written", path)]
    deliveries += [("aws_cur", feed, path) for feed, path in REAL.items() if path.is_file()]
    selected = ["+focus_aws_cur__charges", "+bill_lines_left_out"]
    con = duckdb.connect(str(build_from_files(folder, deliveries, selected, as_of=datetime(2026, 11, 21))))
    con.execute("create view charges as from focus.focus_aws_cur__charges where x_Feed = 'written'")
    return con


def one(focus, columns: str, name: str) -> tuple:
    found = focus.execute(f"select {columns} from charges where ChargeDescription = ?", [name]).fetchall()
    assert len(found) == 1
    return found[0]


def test_g17_split_lines_are_not_added_to_their_parents(focus):
    assert focus.execute(
        "select sum(EffectiveCost), sum(ConsumedQuantity) from charges where ResourceId like 'pod/%'"
    ).fetchone() == (None, None)
    assert one(focus, "BilledCost, ConsumedQuantity", "parent") == (40, 1)
    left_out = "select bill_lines, unblended_cost, split_cost from quality.bill_lines_left_out where left_out_reason = 'split_line'"
    assert focus.execute(left_out).fetchall() == [(2, 0, 40)]


def test_a_split_line_that_is_charged_stays_a_charge(focus):
    assert one(focus, "BilledCost", "fargate") == (3,)


def test_reserved_capacity_is_used_or_unused_and_counted_once(focus):
    columns = "CapacityReservationId, CapacityReservationStatus, EffectiveCost, x_InstanceType"
    assert one(focus, columns, "box in use") == (RESERVATION, "Used", 40, "p5.48xlarge")
    assert one(focus, columns, "idle boxes") == (RESERVATION, "Unused", 80, "p5.48xlarge")
    # three boxes reserved: one used, two idle; the line of all three says it again
    hours = focus.execute(
        "select sum(ConsumedQuantity) from charges where CapacityReservationId is not null"
    ).fetchone()
    assert hours == (3,)
    left_out = (
        "select bill_lines, unblended_cost from quality.bill_lines_left_out where left_out_reason = 'capacity_total'"
    )
    assert focus.execute(left_out).fetchall() == [(1, 0)]


@pytest.mark.parametrize(("name", "tokens"), [("bedrock", 2_500), ("bedrock service", 2_500_000)])
def test_t26_bedrock_under_both_product_codes_has_its_principal(focus, name, tokens):
    columns = "x_AiScope, x_PrincipalId, x_ProjectId, ConsumedQuantity, ConsumedUnit, x_UsageQuantity, PricingQuantity"
    principal = "arn:aws:sts::222222222222:assumed-role/bot/s"
    assert one(focus, columns, name) == ("model_api", principal, "profile-1", tokens, "Tokens", tokens, Decimal("2.5"))


def test_what_a_person_used_names_the_person(focus):
    """Who signs in through IAM Identity Center calls by no principal of IAM; the report names the person in another column."""
    assert one(focus, "x_PrincipalId", "assistant seat") == ("person-7",)


def test_t26_models_of_the_marketplace_are_model_apis(focus):
    """Third-party models may be sold by the marketplace: their product code says nothing, their usage type and product do."""
    columns = "ServiceSubcategory, x_AiScope, x_MeterScope, x_ModelId, x_BillingTokenClass, x_UsageQuantity"
    assert one(focus, columns, "bedrock of the marketplace") == (
        "Generative AI", "model_api", "aws", "regional.anthropic.claude-opus-4-8-v1:0", "input", 2_500_000,
    )  # fmt: skip
    capacity = one(focus, "ServiceSubcategory, x_AiScope, x_BillingTokenClass", "capacity of the marketplace")
    assert capacity == ("Generative AI", "model_api", "provisioned_hours")
    assert one(focus, columns, "software of the marketplace")[:2] == ("Other (Other)", None)


def test_units_and_details_have_the_specifications_form(focus):
    units = focus.execute(
        "select distinct PricingUnit from charges where PricingUnit is not null order by all"
    ).fetchall()
    assert units == [("1000 Tokens",), ("1000000 Tokens",), ("Hours",)]
    details = json.loads(one(focus, "SkuPriceDetails", "parent")[0])
    assert details == {"InstanceType": "p5.48xlarge", "OperatingSystem": "Linux", "CoreCount": 192, "GpuCount": 8}


def test_tags_keep_what_their_owner_wrote(focus):
    tags, categories, discounts = one(focus, "Tags, x_CostCategories, x_Discounts", "tagged")
    assert json.loads(tags) == {"team": 'research, "core"', "aws_eks_cluster_name": "ml"}
    assert (json.loads(categories), json.loads(discounts)) == ({"env": "prod"}, {"edp": -1.5})


def test_b6_tax_credits_refunds_and_discounts_are_apart(focus):
    names = ("credit", "tax", "refund", "new kind")
    assert [one(focus, "ChargeCategory, ChargeClass, BilledCost, EffectiveCost", name) for name in names] == [
        ("Credit", None, -5, -5),
        ("Tax", None, 2, 2),
        ("Adjustment", "Correction", -1, -1),
        ("Adjustment", None, -2, -2),
    ]


def test_a_fee_keeps_its_year_and_no_more(focus):
    assert one(focus, "ChargePeriodEnd, EffectiveCost", "yearly licence") == (datetime(2027, 10, 3, 10), 40)
    assert one(focus, "ChargePeriodEnd, EffectiveCost", "three years") == (datetime(2026, 11, 1), 40)


def test_a_reserved_line_that_costs_is_a_charge(focus):
    assert one(focus, "BilledCost, EffectiveCost", "reserved box under a reservation") == (0, 7)


def test_b5_a_missing_list_price_is_unknown(focus):
    assert one(focus, "ListCost, ListUnitPrice, ContractedCost", "no list price") == (None, None, 40)


def test_an_account_keeps_its_leading_zero(focus):
    assert focus.execute("select distinct BillingAccountId from charges").fetchall() == [("011111111111",)]


@pytest.mark.parametrize(
    ("feed", "rows", "billed", "listed"),
    [("legacy", 1281, "1.682308697400", "3.356172694900"), ("nise", 2088, "2828.093941007980", "2828.093941007980")],
)
def test_real_reports_keep_their_totals_and_columns(focus, feed, rows, billed, listed):
    if not REAL[feed].is_file():
        pytest.skip(f"real reports are not here: AI_FINOPS_SHARED_DATA ({DATA})")
    found = focus.execute(
        "select count(*), sum(BilledCost), sum(EffectiveCost), sum(ListCost) from focus.focus_aws_cur__charges where x_Feed = ?",
        [feed],
    ).fetchone()
    assert found == (rows, Decimal(billed), Decimal(billed), Decimal(listed))
    with REAL[feed].open(newline="") as file:
        headers = set(next(csv.reader(file)))
    kept = {
        name
        for (extra,) in focus.execute(
            "select distinct _extra from raw.aws_cur_line_items where _feed = ?", [feed]
        ).fetchall()
        for name in json.loads(extra)
    }
    assert {
        "lineItem/BlendedCost",
        "lineItem/BlendedRate",
        "pricing/currency",
        "reservation/SubscriptionId",
    } <= headers & kept
