"""Azure cost exports: an EA account with actual and amortized cost of one month, an MCA account with actual cost only, and the real files
where they are. The EA figures are worked out by hand: one reservation of 31 days bought for 62.00, so 2.00 a day.
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

from orchestration.landing.deliveries import land
from orchestration.settings import PROJECT_DIR, Settings

DATA = Path(os.environ.get("AI_FINOPS_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
REAL = {
    "amortised": ("azure_amortised/EA_AmortizedCost_Small.csv", {}),
    "converters": (
        "focus_converters_samples/azure_sample-anonymous-ea-export-dataset.csv",
        {"cost_dataset": "=actual"},
    ),
}
RESERVATION = "/providers/Microsoft.Capacity/reservationOrders/o1/reservations/r1"


def ea(day: int, cost: str, **fields: object) -> dict[str, object]:
    """A line of an EA export."""
    line = {
        "BillingAccountId": "8611537", "BillingAccountName": "Trey", "BillingPeriodStartDate": "10/01/2026",
        "BillingPeriodEndDate": "10/31/2026", "BillingProfileId": "8611537", "SubscriptionId": "sub-1", "SubscriptionName": "Research",
        "Date": f"10/{day:02d}/2026", "ProductName": "VM", "MeterCategory": "Virtual Machines", "MeterSubCategory": "NDv5 Series",
        "MeterName": "ND96isr H100 v5", "UnitOfMeasure": "1 Hour", "Quantity": "1", "EffectivePrice": cost, "UnitPrice": "", "PayGPrice": "",
        "CostInBillingCurrency": cost, "BillingCurrencyCode": "USD", "ResourceLocation": "EastUS", "ConsumedService": "Microsoft.Compute",
        "ResourceId": "/subscriptions/sub-1/vm1", "AdditionalInfo": '{"ServiceType":"Standard_ND96isr_H100_v5"}',
        "Tags": '"team": "research","cost": "1,5"', "ChargeType": "Usage", "Frequency": "UsageBased", "PricingModel": "OnDemand", "benefitId": "",
    }  # fmt: skip
    return line | fields


def covered(day: int, cost: str) -> dict[str, object]:
    return ea(day, cost, PricingModel="Reservation", benefitId=RESERVATION, UnitPrice="3", PayGPrice="0")


def bought(day: int, cost: str, charge_type: str) -> dict[str, object]:
    return ea(
        day, cost, ChargeType=charge_type, Frequency="OneTime", PricingModel="Reservation", benefitId=RESERVATION,
        ResourceId="", AdditionalInfo="", Tags="",
    )  # fmt: skip


def unused(day: int, cost: str) -> dict[str, object]:
    return bought(day, cost, "UnusedReservation") | {"Frequency": "UsageBased"}


def tokens(day: int, cost: str, quantity: str) -> dict[str, object]:
    """Azure OpenAI counts single tokens, its price is of a thousand."""
    return ea(
        day, cost, MeterCategory="Foundry Models", MeterSubCategory="Azure OpenAI", MeterName="gpt 4o 1120 Inp glbl Tokens",
        UnitOfMeasure="1K", Quantity=quantity, UnitPrice="0.0025", PayGPrice="0.0025", ConsumedService="Microsoft.CognitiveServices",
        AdditionalInfo="",
    )  # fmt: skip


def operations(day: int, cost: str, quantity: str) -> dict[str, object]:
    """Storage counts blocks: 0.1351 of `10K` are 1,351 operations."""
    return ea(
        day, cost, MeterCategory="Storage", MeterSubCategory="Standard HDD Managed Disks", MeterName="Disk Operations",
        UnitOfMeasure="10K", Quantity=quantity, UnitPrice="0.0005", PayGPrice="0.0005", ConsumedService="Microsoft.Storage",
        AdditionalInfo="", Tags='{"team": "research"}',
    )  # fmt: skip


SHARED = [
    ea(3, "6.5", UnitPrice="6.5", PayGPrice="7"),
    tokens(3, "2.5", "1000000"),
    operations(4, "0.00006755", "0.1351"),
    ea(4, "-1.25", ChargeType="Adjustment", PricingModel=""),
]
ACTUAL = [
    *SHARED,
    covered(3, "0"),
    covered(4, "0"),
    bought(3, "62", "Purchase"),
    bought(4, "-58", "Refund"),
]
AMORTIZED = [*SHARED, covered(3, "1.5"), unused(3, "0.5"), covered(4, "1.25"), unused(4, "0.75")]
MCA = [
    {
        "invoiceId": "T000123",
        "billingAccountId": "acc:1_2019-05-31",
        "billingProfileId": "profile-1",
        "billingProfileName": "EMEA",
        "billingPeriodStartDate": "10/01/2026",
        "billingPeriodEndDate": "10/31/2026",
        "SubscriptionId": "sub-2",
        "date": "10/05/2026",
        "product": "Azure ML",
        "productId": "DZH318Z0",
        "meterCategory": "Azure Machine Learning",
        "meterName": "Compute",
        "unitOfMeasure": "1 Hour",
        "quantity": "10",
        "effectivePrice": "0.85",
        "unitPrice": "0.9",
        "payGPrice": "1",
        "costInBillingCurrency": "8.5",
        "billingCurrency": "EUR",
        "pricingCurrency": "USD",
        "costInPricingCurrency": "10",
        "paygCostInBillingCurrency": "8.5",
        "exchangeRatePricingToBilling": "0.85",
        "resourceLocation": "swedencentral",
        "consumedService": "microsoft.machinelearningservices",
        "chargeType": "Usage",
        "frequency": "UsageBased",
        "pricingModel": "OnDemand",
        "tags": "{not json",
        "PartnerName": "Contoso Reseller",
    }  # fmt: skip
]


def csv_of(lines: list[dict[str, object]], byte_order_mark: bool = True) -> str:
    """A file as the vendor writes it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return ("\ufeff" if byte_order_mark else "") + out.getvalue()


def manifest(
    kind: str, blobs: list[str], *, submitted: str = "2026-11-02T04:00:00Z", start: str = "2026-10-01T00:00:00Z"
) -> str:
    """The manifest of an export's run."""
    return json.dumps(
        {
            "manifestVersion": "2024-04-01",
            "exportConfig": {"exportName": f"daily-{kind}", "type": kind, "dataVersion": "2024-08-01", "apiVersion": "2025-03-01"},
            "runInfo": {"submittedTime": submitted, "runId": submitted, "startDate": start, "endDate": "2026-10-31T00:00:00Z"},
            "blobs": [{"blobName": f"exports/daily/20261001-20261031/run/{name}", "byteCount": 1, "dataRowCount": 1} for name in blobs],
        }
    )  # fmt: skip


def published_units() -> list[dict[str, str]]:
    """Microsoft's table of units of measure."""
    with (DATA / "focus_mappings" / "ms_PricingUnits.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def deliver(settings: Settings, folder: Path) -> None:
    """Land all of it."""
    for kind, lines in (("ActualCost", ACTUAL), ("AmortizedCost", AMORTIZED)):
        run = folder / kind
        run.mkdir()
        (run / "part_0_0001.csv").write_text(csv_of(lines))
        (run / "manifest.json").write_text(manifest(kind, ["part_0_0001.csv"]))
        land("azure", sorted(run.iterdir()), settings=settings, feed="ea")
    (folder / "actual_mca.csv").write_text(csv_of(MCA, byte_order_mark=False))
    land("azure", [folder / "actual_mca.csv"], settings=settings, feed="mca", version="1")
    if DATA.is_dir():
        for feed, (file, mapping) in REAL.items():
            land("azure", [DATA / file], settings=settings, feed=feed, version="1", mapping=mapping)
        units = [
            ea(6, "1", UnitOfMeasure=line["UnitOfMeasure"], BillingProfileId="units") for line in published_units()
        ]
        (folder / "actual_units.csv").write_text(csv_of(units))
        land("azure", [folder / "actual_units.csv"], settings=settings, feed="units", version="1")
