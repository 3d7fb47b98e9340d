"""Bills of everybody else in FOCUS words: a neocloud's quantities with a rate card, an invoice keyed in, Fireworks' metrics by mapping; and
OpenAI's costs with everything that is odd about them.
"""

from __future__ import annotations

import json
from pathlib import Path

from orchestration.landing.deliveries import land
from orchestration.settings import Settings

# As CoreWeave's billing export API writes it: FOCUS without a single cost.
QUANTITIES = """BillingAccountId,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ConsumedQuantity,ConsumedUnit,ProviderName,RegionId,ServiceName,SkuId,ResourceName
org-1,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,2026-11-03T10:00:00Z,2026-11-03T11:00:00Z,Usage,64,GPU-hours,CoreWeave,US-EAST-04,Compute,gd-8xh200ib-i128,cluster-a
org-1,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,2026-11-05T10:00:00Z,2026-11-05T11:00:00Z,Usage,64,GPU-hours,CoreWeave,US-EAST-04,Compute,gd-8xh200ib-i128,cluster-a
org-1,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,2026-11-05T10:00:00Z,2026-11-05T11:00:00Z,Usage,8,GPU-hours,CoreWeave,EU-SOUTH-01,Compute,gd-8xh200ib-i128,cluster-b
org-1,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,2026-11-05T10:00:00Z,2026-11-05T11:00:00Z,Usage,10,GB-hours,CoreWeave,US-EAST-04,Storage,,cluster-a
org-1,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,2026-11-05T10:00:00Z,2026-11-05T11:00:00Z,Usage,3,IPs,CoreWeave,US-EAST-04,Networking,public-ip,cluster-a
"""
# The price falls on the 5th; Europe has one of its own; storage is priced by its service; a preview is free until the end of the year.
RATE_CARDS = """card_id,provider,billing_account_id,sku,region_id,unit,unit_price,currency,valid_from,valid_to
h200-early,CoreWeave,,gd-8xh200ib-i128,,GPU-hours,3.15,USD,2026-01-01,2026-11-05
h200-late,coreweave,org-1,gd-8xh200ib-i128,*,gpu-hours,2.85,USD,2026-11-05,
h200-any,CoreWeave,,gd-8xh200ib-i128,,GPU-hours,9.99,USD,2025-01-01,
h200-eu,CoreWeave,org-1,gd-8xh200ib-i128,EU-SOUTH-01,GPU-hours,3.333333333333,EUR,2026-01-01,
storage,CoreWeave,,Storage,,GB-hours,0.000095,USD,2026-01-01,
any,CoreWeave,,*,,GB-hours,5,USD,2026-01-01,
"""
# The smallest invoice: one line a service, from a PDF.
INVOICE = """BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,BilledCost,BillingCurrency,ServiceName,SkuId,ConsumedQuantity,ConsumedUnit,ResourceId,Tags,InvoiceId
2026-10-01,2026-11-01,2026-10-01,2026-11-01,12345.678901234567,EUR,GPU Cloud,8xH100,720,Hours,pod-7,"{""team"": ""research""}",INV-77
2026-10-01,2026-11-01,2026-10-31,2026-11-01,-45.68,EUR,GPU Cloud,credit,,,,,INV-77
"""
# A warehouse's day: the cloud services of a day cost only what they are above a tenth of its compute, by a line of their own.
WAREHOUSE = """BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,BillingCurrency,ProviderName,ServiceName,SkuMeter
2026-11-01,2026-11-03T10:00:00Z,2026-11-03T11:00:00Z,Usage,60,USD,Snowflake,Snowflake,compute
2026-11-01,2026-11-03T15:00:00Z,2026-11-03T16:00:00Z,Usage,40,USD,Snowflake,Snowflake,compute
2026-11-01,2026-11-03T10:00:00Z,2026-11-03T11:00:00Z,Usage,15,USD,Snowflake,Snowflake,cloud services
2026-11-01,2026-11-03,2026-11-04,Credit,-10,USD,Snowflake,Snowflake,cloud services adjustment
"""
FIREWORKS = """email,start_time,end_time,usage_type,accelerator_type,accelerator_seconds,base_model_name
a@example.com,2026-11-03T00:00:00Z,2026-11-04T00:00:00Z,DEDICATED_DEPLOYMENT,NVIDIA_H100_80GB,7200,llama
"""
FIREWORKS_MAPPING = {
    "charge_period_start": "start_time", "charge_period_end": "end_time", "billing_period_start": "=2026-11-01",
    "consumed_quantity": "accelerator_seconds", "consumed_unit": "=seconds", "sku_id": "accelerator_type",
    "service_name": "usage_type", "provider_name": "=Fireworks AI",
}  # fmt: skip


def openai(
    line_item: str | None, value: float | str, quantity: float | None = None, **fields: object
) -> dict[str, object]:
    return {
        "object": "organization.costs.result", "amount": {"value": value, "currency": "usd"}, "line_item": line_item,
        "project_id": "proj_abc", "api_key_id": "key_1", "quantity": quantity,
    } | fields  # fmt: skip


OPENAI = [
    openai("gpt-5.4, input", 12.345678, 3086420),
    openai("gpt-5.4, input", 12.345678, 3086420),
    openai("gpt-5.4, cached input", 1.2, 3000000),
    openai("ft:gpt-4o-2024-08-06:acme, inc::abc, output", 0.1, 100),
    openai("whisper", 0.006),
    openai("something new, per widget", 4e-07, 2),
    openai(None, 0.06, project_id=None, api_key_id=None),
]


# Lines that cost so little that rounding shows, all alike.
TAIL_LINES, TAIL_COST = 50_000, "0.0000041234567890123"
TAIL = "BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,BilledCost,BillingCurrency,ProviderName\n" + TAIL_LINES * (
    f"2026-11-01,2026-11-03T10:00:00Z,2026-11-03T11:00:00Z,{TAIL_COST},USD,Tail\n"
)


def deliver(settings: Settings, folder: Path) -> None:
    """Land all of it."""
    for name, source, feed, content, mapping in (
        ("coreweave.csv", "focus", "coreweave", QUANTITIES, None),
        ("rate_cards.csv", "reference", "contracts", RATE_CARDS, None),
        ("invoice.csv", "focus", "lambda", INVOICE, None),
        ("tail.csv", "focus", "tail", TAIL, None),
        ("warehouse.csv", "focus", "warehouse", WAREHOUSE, None),
        ("billing_metrics.csv", "focus", "fireworks", FIREWORKS, FIREWORKS_MAPPING),
    ):
        (folder / name).write_text(content)
        land(source, [folder / name], settings=settings, feed=feed, version="1", mapping=mapping)
    bucket = {"object": "bucket", "start_time": 1793664000, "end_time": 1793750400, "results": OPENAI}
    (folder / "costs.json").write_text(json.dumps({"object": "page", "data": [bucket], "has_more": False}))
    land("openai", [folder / "costs.json"], settings=settings, feed="org", version="1")
