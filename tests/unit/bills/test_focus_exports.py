"""What FOCUS exports keep in columns of their own is read; the draft's examples of token billing come out as they are meant."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest

from tests.unit.bills.focus_exports import DRAFT, GOOGLE

FROM_GOOGLE = "from focus.cost_and_usage where x_Feed = 'google'"
FROM_AZURE = "from focus.cost_and_usage where x_Feed = 'azure-focus'"


def test_google_labels_are_tags_and_the_resources_own_win(charges):
    tags = charges.execute(f"select Tags {FROM_GOOGLE} and BilledCost = 50.25").fetchone()[0]
    assert json.loads(tags) == {
        "team": "research", "k8s-namespace": "train", "env": "prod", "zone": 'a"b',
        "compute.googleapis.com/machine_spec": "a3-highgpu-8g",
    }  # fmt: skip
    assert charges.execute(f"select Tags {FROM_GOOGLE} and BilledCost = 1.5").fetchone() == (None,)


def test_google_machines_and_models_are_known_as_in_the_detailed_export(charges):
    assert charges.execute(
        f"select SkuMeter, ServiceCategory, x_AiScope, x_InstanceType, x_MeterScope, x_ModelId, x_BillingTokenClass, x_UsageQuantity {FROM_GOOGLE}"
        " order by BilledCost desc"
    ).fetchall() == [
        ("A3 Instance Core running in Americas", "Compute", "accelerator", "a3-highgpu-8g", None, None, None, None),
        ("Gemini 2.5 Flash Lite Text Input - Predictions", "AI and Machine Learning", "model_api", None, "google", "gemini-2.5-flash-lite", "input", 2_000_000),
        ("Storage PD Capacity", "Compute", "ai_supporting", None, None, None, None, None),
        ("Nvidia L4 GPU running in Americas", "Compute", "accelerator", None, None, None, None, None),
    ]  # fmt: skip


def test_google_months_begin_at_midnight_utc(charges):
    """The issuer's month is a month, whatever zone its midnight is in; charge periods keep their hours."""
    assert charges.execute(
        f"select distinct BillingPeriodStart, BillingPeriodEnd, ChargePeriodStart, InvoiceIssuerName {FROM_GOOGLE}"
    ).fetchall() == [(datetime(2026, 10, 1), datetime(2026, 11, 1), datetime(2026, 10, 3, 10), "Google Cloud")]
    assert charges.execute(f"select sum(BilledCost) {FROM_GOOGLE}").fetchone() == (
        sum(Decimal(str(line["BilledCost"])) for line in GOOGLE),
    )


def test_azure_capacity_tokens_and_gpu_machines_are_known(charges):
    assert charges.execute(
        f"select SkuMeter, x_AiScope, x_InstanceType, x_ModelId, x_BillingTokenClass, x_UsageQuantity {FROM_AZURE} order by BilledCost"
    ).fetchall() == [
        ("D4s v5", "ai_supporting", "Standard_D4s_v5", None, None, None),
        ("gpt 4o 1120 Inp glbl Tokens", "model_api", None, "gpt-4o", "input", 1_700_000),
        ("Provisioned Managed Global Unit", "model_api", None, None, "provisioned_hours", 24),
        ("ND96isr H100 v5", "accelerator", "Standard_ND96isr_H100_v5", None, None, None),
    ]


@pytest.mark.skipif(not DRAFT.is_dir(), reason=f"the draft's examples are not here: AI_FINOPS_SHARED_DATA ({DRAFT})")
def test_the_drafts_caching_example_counts_each_token_once(charges):
    """10.5 million input tokens: half a million fresh, two written to the cache, eight read from it; 1.5 million answered."""
    assert charges.execute(
        "select x_TokenDirection, x_TokenCacheAction, x_BillingTokenClass, x_UsageQuantity, ConsumedUnit, PricingQuantity, PricingUnit, EffectiveCost"
        " from focus.cost_and_usage where x_Feed = 'ai_prompt_caching_a' order by x_UsageQuantity"
    ).fetchall() == [
        ("Input", "Uncached", "input", 500_000, "Tokens", Decimal("0.5"), "1000000 Tokens", Decimal("1.5")),
        ("Output", None, "output", 1_500_000, "Tokens", Decimal("1.5"), "1000000 Tokens", Decimal("22.5")),
        ("Input", "Write", "cache_write", 2_000_000, "Tokens", 2, "1000000 Tokens", Decimal("7.5")),
        ("Input", "Read", "cache_read", 8_000_000, "Tokens", 8, "1000000 Tokens", Decimal("2.4")),
    ]
    assert charges.execute(
        "select distinct x_AiScope, x_ModelId, x_ModelDeveloper, json_extract_string(SkuPriceDetails, '$.ModelVersion')"
        " from focus.cost_and_usage where x_Feed = 'ai_prompt_caching_a'"
    ).fetchall() == [("model_api", "solora-reasoning-pro", "Solora AI", "3.0")]


@pytest.mark.skipif(not DRAFT.is_dir(), reason=f"the draft's examples are not here: AI_FINOPS_SHARED_DATA ({DRAFT})")
def test_the_drafts_callers_are_known_by_credential_and_principal(charges):
    assert charges.execute(
        "select x_CredentialId, x_PrincipalId, x_ModelId, x_BillingTokenClass, x_UsageQuantity, BilledCost"
        " from focus.cost_and_usage where x_Feed = 'per_token_ai_model_api' order by BilledCost"
    ).fetchall() == [
        ("key_01SOLORAPERSON1", "person1@example.com", "solora-saturn-4.8", "input", 8_400_000, 42),
        ("key_01SOLORAPERSON1", "person1@example.com", "solora-saturn-4.8", "output", 2_100_000, Decimal("52.5")),
    ]
