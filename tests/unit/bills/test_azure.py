"""Azure exports as charges; amounts worked out by hand in azure_bills.py, those of real files from the data's README."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.bills.azure_bills import ACTUAL, AMORTIZED, DATA, manifest, published_units

EA = "from focus.cost_and_usage where x_Feed = 'ea'"


def total(lines: list[dict[str, object]], column: str = "CostInBillingCurrency") -> Decimal:
    return sum(Decimal(str(line[column])) for line in lines)


def test_b1_billed_is_actual_and_effective_is_amortized_cost(charges):
    assert charges.execute(f"select sum(BilledCost), sum(EffectiveCost) {EA}").fetchone() == (
        total(ACTUAL),
        total(AMORTIZED),
    )


def test_b1_each_line_counts_once(charges):
    lines = charges.execute(
        "select ChargeCategory, ChargeClass, CommitmentDiscountStatus, day(ChargePeriodStart), BilledCost, EffectiveCost"
        f" {EA} and CommitmentDiscountId is not null order by all"
    ).fetchall()
    assert [(*line[:4], float(line[4]), float(line[5])) for line in lines] == [
        ("Purchase", "Correction", None, 4, -58, 0),
        ("Purchase", None, None, 3, 62, 0),
        ("Usage", None, "Unused", 3, 0, 0.5),
        ("Usage", None, "Unused", 4, 0, 0.75),
        ("Usage", None, "Used", 3, 0, 1.5),
        ("Usage", None, "Used", 4, 0, 1.25),
    ]


def test_b2_unused_reservation_is_a_charge_without_resource(charges):
    assert charges.execute(
        f"select distinct ResourceId, CommitmentDiscountCategory, CommitmentDiscountType {EA} and CommitmentDiscountStatus = 'Unused'"
    ).fetchall() == [(None, "Usage", "Reservation")]


def test_b5_missing_retail_price_is_null(charges):
    assert charges.execute(
        f"select distinct ListUnitPrice, ListCost {EA} and CommitmentDiscountStatus = 'Used'"
    ).fetchall() == [(None, None)]


def test_t21_tokens_are_single_units_and_operations_are_blocks(charges):
    found = charges.execute(
        "select ServiceName, x_AiScope, x_ModelId, x_BillingTokenClass, x_UsageQuantity, ConsumedQuantity, PricingQuantity, ListCost"
        f" {EA} and SkuMeter in ('gpt 4o 1120 Inp glbl Tokens', 'Disk Operations') order by all"
    ).fetchall()
    assert [tuple(float(one) if isinstance(one, Decimal) else one for one in row) for row in found] == [
        ("Azure OpenAI", "model_api", "gpt-4o", "input", 1_000_000, 1_000_000, 1000, 2.5),
        ("Storage", "ai_supporting", None, None, None, 1351, 0.1351, 0.00006755),
    ]


def test_gpu_machines_are_accelerators_and_tags_gain_their_braces(charges):
    assert charges.execute(
        "select distinct x_AiScope, json_extract_string(Tags, '$.team'), json_extract_string(Tags, '$.cost')"
        f" {EA} and SkuMeter like 'ND96%' and ResourceId is not null and ChargeCategory = 'Usage'"
    ).fetchall() == [("accelerator", "research", "1,5")]


def test_billing_period_ends_with_the_first_of_the_next_month(charges):
    assert charges.execute(
        f"select distinct cast(BillingPeriodStart as varchar), cast(BillingPeriodEnd as varchar), BillingAccountId {EA}"
    ).fetchall() == [("2026-10-01 00:00:00", "2026-11-01 00:00:00", "8611537")]


def test_mca_account_is_the_profile_and_actual_alone_is_both(charges):
    """Tags that are no JSON stay in raw; the money is there."""
    row = charges.execute(
        "select BillingAccountId, BillingAccountType, InvoiceId, InvoiceIssuerName, BillingCurrency, BilledCost, EffectiveCost, ListCost,"
        " ListUnitPrice, Tags, x_AiScope from focus.cost_and_usage where x_Feed = 'mca'"
    ).fetchall()
    assert [tuple(float(one) if isinstance(one, Decimal) else one for one in line) for line in row] == [
        (
            "profile-1",
            "Billing Profile",
            "T000123",
            "Contoso Reseller",
            "EUR",
            8.5,
            8.5,
            8.5,
            0.85,
            None,
            "ai_supporting",
        )
    ]
    assert charges.execute("select tags from raw.azure_costs where _feed = 'mca'").fetchone() == ("{not json",)
    # the bill's own rate: 8.5 euros were 10 dollars
    priced = "select PricingCurrency, PricingCurrencyEffectiveCost from focus.cost_and_usage where x_Feed = 'mca'"
    assert charges.execute(priced).fetchone() == ("USD", 10)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"real data is not here: AI_FINOPS_SHARED_DATA ({DATA})")
def test_real_exports_to_the_last_place(charges):
    """The amortised file's reservation and savings plan lines were paid with their purchases, which it does not hold."""
    assert charges.execute(
        "select x_Feed, count(*), sum(EffectiveCost), sum(BilledCost) from focus.cost_and_usage"
        " where x_Feed in ('amortised', 'converters') group by x_Feed order by x_Feed"
    ).fetchall() == [
        ("amortised", 28, Decimal("16.296932136637"), Decimal("16.296932136637") - Decimal("0.493152") - Decimal("0.006000000468")),
        ("converters", 27, Decimal("1.261369265057"), Decimal("1.261369265057")),
    ]  # fmt: skip


@pytest.mark.skipif(not DATA.is_dir(), reason=f"real data is not here: AI_FINOPS_SHARED_DATA ({DATA})")
def test_block_sizes_are_those_of_the_vendor(charges):
    """Microsoft's published table of units, localised ones among them."""
    published = {(line["UnitOfMeasure"], int(line["PricingBlockSize"])) for line in published_units()}
    read = charges.execute(
        "select unit_of_measure, block_size from staging.stg_azure__costs where feed = 'units'"
    ).fetchall()
    assert {(unit, int(size)) for unit, size in read} == published


HEADER = "BillingAccountId,Date,ChargeType,BillingCurrency,Cost,Quantity\n"
LINE = "1,10/03/2026,Usage,USD,1.5,2\n"


def test_kind_of_cost_must_be_told(load):
    result = load("azure", {"export.csv": HEADER + LINE})
    assert result.outcome == "refused"
    assert (
        "export.csv: nothing says whether it holds actual or amortized cost. Land it with its manifest.json"
        in result.reason
    )


def test_focus_export_belongs_elsewhere(load):
    result = load("azure", {"export.csv": HEADER + LINE, "manifest.json": manifest("FocusCost", ["export.csv"])})
    assert "it is a focuscost export, which belongs to source `focus`" in result.reason


def test_localised_header_says_what_is_missing_and_can_be_mapped(load):
    german = {"actual.csv": "Abrechnungskonto;Datum;Gebührentyp;Währung;Kosten\n1;10/03/2026;Usage;EUR;1.5\n"}
    refused = load("azure", german, version="1")
    assert "actual.csv: its header is wrong: 5 required column(s) are not there: billing_account_id" in refused.reason
    assert "It has: Abrechnungskonto, Datum, Gebührentyp, Währung, Kosten" in refused.reason
    mapping = {
        "billing_account_id": "Abrechnungskonto", "usage_date": "Datum", "charge_type": "Gebührentyp",
        "billing_currency": "Währung", "cost": "Kosten",
    }  # fmt: skip
    assert load("azure", german, version="2", mapping=mapping).outcome == "loaded"


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ('1,10/03/2026,Usage,USD,"1,234.50",2\n', "cost", "is no amount of money (first in actual.csv, row 3: 1,234.50"),
        ("1,10/03/2026,Usage,USD,1,2\n1,23/10/2026,Usage,USD,1,2\n", "usage_date", "is no date (first in actual.csv, row 4: 23/10/2026"),
        ('1,10/03/2026,Usage,USD,1,"1.000,5"\n', "quantity", "is no decimal(38,18) (first in actual.csv, row 3: 1.000,5"),
        ("1,10/03/2026,UnusedReservation,USD,1,2\n", "charge_type", "fails the check"),
    ],
    ids=["thousands separators", "day first", "decimal comma", "amortized lines called actual"],
)  # fmt: skip
def test_a_wrong_line_is_named(load, line, field, reason):
    result = load("azure", {"actual.csv": HEADER + LINE + line})
    assert result.outcome == "refused"
    assert f"1 x {field} {reason}" in result.reason


def test_b9_newest_run_of_a_month_is_read_and_an_older_one_is_not(load):
    first = {
        "part.csv": HEADER + LINE,
        "manifest.json": manifest("ActualCost", ["part.csv"], submitted="2026-10-04T04:00:00Z"),
    }
    later = {"part.csv": HEADER + LINE.replace("1.5", "2.5"), "manifest.json": manifest("ActualCost", ["part.csv"])}
    assert load("azure", later).outcome == "loaded"
    old = load("azure", first)
    assert (old.outcome, old.superseded) == ("refused", 1)
    assert "is older than" in old.reason
