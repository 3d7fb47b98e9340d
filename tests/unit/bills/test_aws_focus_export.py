"""AWS's own FOCUS 1.2 export: its published gaps reject nothing, its own columns are read, and it names the payer as the report does.

Columns and types are those of AWS's table dictionary: costs are doubles, dates are timestamps in milliseconds, tags are maps.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.built_models import build_from_files

PAYER = "011111111111"
# AWS's list of what may be NULL although the specification wants it
GAPS = (
    "ContractedUnitPrice",
    "InvoiceIssuerName",
    "ListUnitPrice",
    "PricingUnit",
    "PublisherName",
    "SkuId",
    "SkuPriceId",
)
STANDARD = {
    "BilledCost": "3.3e-07::double", "EffectiveCost": "3.3e-07::double", "ContractedCost": "3.3e-07::double", "ListCost": "3.3e-07::double",
    "BillingAccountId": f"'{PAYER}'", "BillingAccountType": "'Payer'", "BillingCurrency": "'USD'", "ChargeCategory": "'Usage'",
    "BillingPeriodStart": "timestamp_ms '2026-10-01'", "BillingPeriodEnd": "timestamp_ms '2026-11-01'",
    "ChargePeriodStart": "timestamp_ms '2026-10-03 10:00'", "ChargePeriodEnd": "timestamp_ms '2026-10-03 11:00'",
    "ProviderName": "'AWS'", "ServiceName": "'Amazon Elastic Compute Cloud'", "ServiceCategory": "'Compute'", "SubAccountId": "'222222222222'",
    "ConsumedQuantity": "1.5::double", "ConsumedUnit": "'1K tokens'", "ResourceId": "'r-1'", "Tags": "map {'team': 'research'}",
    "x_ServiceCode": "'AmazonEC2'", "x_UsageType": "'USE1-BoxUsage:p5.48xlarge'", "x_Operation": "'RunInstances'",
    "x_CostCategories": "map {'env': 'prod'}", "x_Discounts": "map {'edp': -0.5}", "x_NewColumn": "'kept'",
} | {name: "null::varchar" for name in GAPS}  # fmt: skip
BEDROCK = {
    "ChargeDescription": "'bedrock'", "ServiceName": "'Amazon Bedrock'", "ServiceCategory": "'AI and Machine Learning'",
    "x_ServiceCode": "'AmazonBedrock'", "x_UsageType": "'USE1-Nova2.0Lite-input-tokens-cross-region-global-batch'",
    "ResourceId": "'profile-1'",
}  # fmt: skip
ROWS = (
    {"ChargeDescription": "'instance'"},
    BEDROCK,
    BEDROCK | {"ChargeDescription": "'meter given'", "SkuMeter": "'given'"},
    {"ChargeDescription": "'another cloud'", "ProviderName": "'Elsewhere'"},
)


@pytest.fixture(scope="module")
def focus(tmp_path_factory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("aws-focus")
    export, report = folder / "focus.parquet", folder / "cur.csv"
    columns = STANDARD | {"ChargeDescription": "null", "SkuMeter": "null::varchar"}
    selects = [", ".join(f"{value} as {name}" for name, value in (columns | row).items()) for row in ROWS]
    duckdb.execute(
        f"copy ({' union all by name '.join('select ' + one for one in selects)}) to '{export}' (format parquet)"
    )
    header = (
        "bill_payer_account_id,bill_billing_period_start_date,line_item_usage_account_id,line_item_line_item_type,"
        "line_item_usage_start_date,line_item_usage_end_date,line_item_currency_code,line_item_unblended_cost"
    )
    report.write_text(
        f"{header}\n{PAYER},2026-10-01,222222222222,Usage,2026-10-03 10:00:00,2026-10-03 11:00:00,USD,1\n"
    )
    deliveries: list[tuple[str, str, Path]] = [("focus", "export", export), ("aws_cur", "report", report)]
    selected = ["+focus_focus__charges", "+focus_aws_cur__charges"]
    return duckdb.connect(
        str(build_from_files(folder, deliveries, selected, as_of=datetime(2026, 11, 21))), read_only=True
    )


def one(focus, columns: str, name: str) -> tuple:
    found = focus.execute(
        f"select {columns} from focus.focus_focus__charges where ChargeDescription = ?", [name]
    ).fetchall()
    assert len(found) == 1
    return found[0]


def test_published_gaps_reject_no_row_and_lose_no_place(focus):
    found = focus.execute("select count(*), sum(BilledCost) from focus.focus_focus__charges").fetchone()
    assert found == (len(ROWS), len(ROWS) * Decimal("0.00000033"))
    assert one(focus, "ContractedUnitPrice, ListUnitPrice, PricingUnit, SkuId, SkuPriceId", "instance") == (None,) * 5


def test_its_own_columns_are_read_and_unknown_ones_kept(focus):
    columns = "x_ServiceCode, x_Operation, SkuMeter, x_CostCategories, x_Discounts, Tags"
    code, operation, meter, categories, discounts, tags = one(focus, columns, "instance")
    assert (code, operation, meter) == ("AmazonEC2", "RunInstances", "USE1-BoxUsage:p5.48xlarge")
    assert [json.loads(text) for text in (categories, discounts, tags)] == [
        {"env": "prod"},
        {"edp": -0.5},
        {"team": "research"},
    ]
    extra = focus.execute("select distinct _extra from raw.focus_charges").fetchall()
    assert [json.loads(text)["x_NewColumn"] for (text,) in extra] == ["kept"]


def test_t26_a_usage_type_says_model_class_tier_and_quantity(focus):
    columns = "x_AiScope, x_MeterScope, x_ModelId, x_BillingTokenClass, x_ServiceTier, x_ProjectId, x_UsageQuantity, x_UsageUnit"
    read = ("model_api", "aws", "global.amazon.nova-2-lite-v1:0", "input", "batch", "profile-1", 1500, "tokens")
    assert one(focus, columns, "bedrock") == read
    assert one(focus, columns + ", SkuMeter", "meter given") == (*read, "given")


def test_an_accelerator_is_known_by_its_usage_type(focus):
    assert one(focus, "x_AiScope, x_InstanceType", "instance") == ("accelerator", "p5.48xlarge")


def test_columns_of_that_name_mean_nothing_at_another_provider(focus):
    assert one(focus, "x_InstanceType, x_ModelId, x_ServiceCode", "another cloud") == (None, None, "AmazonEC2")


def test_b10_export_and_report_name_the_payer_alike(focus):
    """Whoever loads both bills one scope twice; that it is found needs one name."""
    ids = [
        focus.execute(
            f"select distinct BillingAccountId, BillingCurrency, x_ChargeDate from focus.focus_{source}__charges"
        ).fetchall()
        for source in ("focus", "aws_cur")
    ]
    assert ids[0] == ids[1]
    assert ids[0][0][0] == PAYER
