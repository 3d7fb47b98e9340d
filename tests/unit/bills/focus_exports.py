"""FOCUS exports that keep what matters in columns of their own: Google's table, Azure's export; and the examples of the 1.5 draft."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing.deliveries import land
from orchestration.settings import PROJECT_DIR, Settings

DATA = Path(os.environ.get("AI_FINOPS_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
DRAFT = DATA / "focus_ai_draft_1_5"
DRAFT_FILES = ("ai_prompt_caching_a", "per_token_ai_model_api")

# Columns and types of Google's table (Preview): standard columns are scalars, labels are arrays in columns of their own, there is no Tags,
# no ServiceCategory, no SkuMeter and no InvoiceIssuerName; months begin at midnight in Los Angeles.
_GOOGLE = {
    "BillingAccountId": "0123AB-FOCUS", "BillingCurrency": "USD", "ProviderName": "Google Cloud", "PublisherName": "Google Cloud",
    "BillingPeriodStart": datetime(2026, 10, 1, 7, tzinfo=UTC), "BillingPeriodEnd": datetime(2026, 11, 1, 7, tzinfo=UTC),
    "ChargePeriodStart": datetime(2026, 10, 3, 10, tzinfo=UTC), "ChargePeriodEnd": datetime(2026, 10, 3, 11, tzinfo=UTC),
    "ChargeCategory": "Usage", "ChargeClass": None, "ServiceName": "Compute Engine", "SubAccountId": "ml-focus", "SubAccountName": "ML",
    "RegionId": "us-central1", "ResourceId": "//compute/node-1", "PricingCategory": "Standard", "x_CostType": "regular",
}  # fmt: skip


def _google(description: str, cost: str, quantity: str, unit: str, **fields: object) -> dict[str, object]:
    money = dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"), Decimal(cost))
    line = _GOOGLE | money | {
        "ChargeDescription": description, "SkuId": description[:4], "ConsumedQuantity": Decimal(quantity), "ConsumedUnit": unit,
        "x_Labels": [{"Key": "team", "Value": "research"}, {"Key": "k8s-namespace", "Value": "train"}],
        "x_ProjectLabels": [{"Key": "team", "Value": "platform"}, {"Key": "env", "Value": "prod"}],
        "x_SystemLabels": [], "x_Tags": [{"Key": None, "Value": "lost"}, {"Key": "zone", "Value": 'a"b'}, {"Key": "zone", "Value": "again"}],
    }  # fmt: skip
    return line | fields


MACHINE = [{"Key": "compute.googleapis.com/machine_spec", "Value": "a3-highgpu-8g"}]
GOOGLE = [
    _google("A3 Instance Core running in Americas", "50.25", "3600", "seconds", x_SystemLabels=MACHINE),
    _google("Nvidia L4 GPU running in Americas", "0.7", "3600", "seconds"),
    _google("Gemini 2.5 Flash Lite Text Input - Predictions", "3", "2000000", "count", ServiceName="Vertex AI"),
    _google("Storage PD Capacity", "1.5", "10", "gibibyte month", x_Labels=[], x_ProjectLabels=[], x_Tags=[]),
]

# Azure's export: machine and meter groups are in columns of their own.
_AZURE = {
    "BillingAccountId": "/providers/Microsoft.Billing/billingAccounts/focus-77", "BillingCurrency": "USD", "ProviderName": "Microsoft",
    "InvoiceIssuerName": "Microsoft", "BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-03T00:00:00Z", "ChargePeriodEnd": "2026-10-04T00:00:00Z", "ChargeCategory": "Usage",
    "SubAccountId": "/subscriptions/focus-77", "Tags": '{"team":"support"}', "SkuPriceDetails": "", "x_SkuDetails": "",
    "x_SkuMeterSubcategory": "", "x_SkuMeterCategory": "", "ServiceSubcategory": "",
}  # fmt: skip


def _azure(meter: str, cost: str, quantity: int, unit: str, **fields: object) -> dict[str, object]:
    money = dict.fromkeys(("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"), cost)
    return _AZURE | money | {"SkuMeter": meter, "ConsumedQuantity": quantity, "ConsumedUnit": unit} | fields


_AI_SERVICES = {
    "ServiceName": "Azure AI services", "ServiceCategory": "AI and Machine Learning", "ServiceSubcategory": "AI Platforms",
    "x_SkuMeterCategory": "Foundry Models", "x_SkuMeterSubcategory": "Azure OpenAI",
}  # fmt: skip
_MACHINES = {"ServiceName": "Virtual Machines", "ServiceCategory": "Compute", "ServiceSubcategory": "Virtual Machines"}
AZURE = [
    _azure("gpt 4o 1120 Inp glbl Tokens", "4.25", 1_700_000, "1K", **_AI_SERVICES),
    _azure("Provisioned Managed Global Unit", "24", 24, "Hours", **_AI_SERVICES),
    _azure("ND96isr H100 v5", "98.32", 1, "Hours", x_SkuDetails='{"ServiceType":"Standard_ND96isr_H100_v5"}', **_MACHINES),
    _azure("D4s v5", "0.19", 1, "Hours", SkuPriceDetails='{"x_ServiceType":"Standard_D4s_v5"}', **_MACHINES),
]  # fmt: skip


def deliver(settings: Settings, folder: Path) -> None:
    """Land all of it; the draft's examples where they are here."""
    pq.write_table(pa.Table.from_pylist(GOOGLE), folder / "google.parquet")
    land("focus", [folder / "google.parquet"], settings=settings, feed="google", version="1")
    with (folder / "azure.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(AZURE[0]))
        writer.writeheader()
        writer.writerows(AZURE)
    land("focus", [folder / "azure.csv"], settings=settings, feed="azure-focus", version="1")
    for name in DRAFT_FILES:
        if (DRAFT / f"{name}.csv").is_file():
            land("focus", [DRAFT / f"{name}.csv"], settings=settings, feed=name, version="1")
