"""The named profile of real exports, gates on: the totals of the vendors come out exactly."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration import pipeline
from orchestration.landing.deliveries import land
from orchestration.landing.manifest import land_manifest
from orchestration.settings import PROJECT_DIR, Settings

SHARED_DATA = Path(os.environ.get("AI_FINOPS_SHARED_DATA", PROJECT_DIR / ".." / "shared" / "data"))
PROFILE = PROJECT_DIR / "examples" / "real_data" / "deliveries.yml"
AS_OF = datetime(2026, 11, 21)

pytestmark = pytest.mark.skipif(
    not SHARED_DATA.is_dir(), reason=f"no real exports at {SHARED_DATA} (set AI_FINOPS_SHARED_DATA)"
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    built = Settings.from_env(tmp_path_factory.mktemp("real-data"))
    land_manifest(PROFILE, settings=built, root=SHARED_DATA)
    record = pipeline.run(built, AS_OF)
    assert record.version, record.problems
    return built


@pytest.fixture(scope="module")
def build(settings):
    with duckdb.connect(str(settings.build_path), read_only=True) as con:
        yield con


def one(con, sql: str):
    return con.execute(sql).fetchone()


@pytest.mark.parametrize(
    ("feed", "measure", "total"),
    [
        ("converters_sample", "BilledCost", "1.682308697400"),
        ("converters_sample", "ListCost", "3.356172694900"),
        ("nise", "BilledCost", "2828.093941007980"),
        ("focus_sample", "BilledCost", "20.520226728990"),
        ("focus_sample", "EffectiveCost", "14.976514185860"),
    ],
)
def test_the_vendors_totals_come_out_exactly(build, feed, measure, total):
    assert one(build, f"select sum({measure}) from focus.cost_and_usage where x_Feed = '{feed}'") == (Decimal(total),)


@pytest.mark.parametrize(
    ("resource", "total"),
    [
        ("i-55555555", "7.403751976080"),
        ("i-55555556", "7.425809229838"),
        ("i-55555557", "7.374403249249"),
        ("i-55555558", "7.417361098491"),
        ("i-444444442", "6.912"),
    ],
)
def test_each_instance_costs_what_the_bill_says_in_focus_and_in_the_ledger(build, resource, total):
    assert one(build, f"select sum(BilledCost) from focus.cost_and_usage where ResourceId = '{resource}'") == (
        Decimal(total),
    )
    ledger = one(
        build,
        "select sum(a.billed_cost) from core.fct_cost_allocation as a join focus.cost_and_usage as f on f.x_ChargeId = a.charge_id"
        f" where f.ResourceId = '{resource}'",
    )
    assert ledger == (Decimal(total),)


def test_every_node_hour_of_the_cluster_is_with_a_pod_or_idle(build):
    """Compute of the four nodes that run pods: each charge is split by the pods' telemetry, whole."""
    outside = one(
        build,
        """
        select count(*) from focus.cost_and_usage as f
        where f.ResourceId in ('i-55555555', 'i-55555556', 'i-55555557', 'i-55555558') and f.ServiceName = 'Amazon Elastic Compute Cloud'
            and f.SkuMeter like '%BoxUsage%'
            and f.EffectiveCost is distinct from (
                select sum(a.effective_cost) from core.fct_cost_allocation as a
                where a.charge_id = f.x_ChargeId and a.allocation_step in ('gpu_telemetry', 'remainder')
            )
        """,
    )
    assert outside == (0,)


def test_every_m5_large_hour_of_the_cluster_is_in_the_pods_allocation_or_idle(build):
    """Eight m5.large ran for 72 hours; the cluster's report names four of them, and each of their 288 hours is held or free, whole."""
    lines, split, whole = one(
        build,
        """
        with parts as (
            select charge_id, sum(effective_cost) as cost, sum(case when resource_kind = 'cpu' then driver_quantity end) as core_hours
            from intermediate.int_pieces_gpu_telemetry group by charge_id)
        select count(*), count(p.charge_id), count(*) filter (abs(p.cost - f.EffectiveCost) < 1e-9 and p.core_hours = 4)
        from focus.cost_and_usage as f left join parts as p on p.charge_id = f.x_ChargeId
        where f.x_InstanceType = 'm5.large' and f.SkuMeter like '%BoxUsage%'
        """,
    )
    assert (lines, split, whole) == (576, 288, 288)


@pytest.mark.parametrize(
    ("volume", "total", "team", "is_mounted"),
    [
        # namespaces install-test and catalog are the catalogue's; the other three have no owner but the account's
        ("vol-12345671", "0.0193548384", "catalog", True),
        ("vol-12345673", "0.0193548384", "catalog", True),
        ("vol-12345674", "0.0193548384", "platform", True),
        ("vol-12345672", "0.0193548384", "platform", False),
        ("vol-123-claimless", "0.0290322576", "platform", False),
    ],
)
def test_every_volume_of_a_cluster_costs_what_the_bill_says_and_is_its_claims(build, volume, total, team, is_mounted):
    """72 hours of five volumes, one line an hour; the storage report says which claim each has and who mounts it."""
    ledger = one(
        build,
        "select sum(a.billed_cost), min(a.team_id), max(a.team_id) from core.fct_cost_allocation as a"
        f" join focus.cost_and_usage as f on f.x_ChargeId = a.charge_id where f.ResourceId = '{volume}'",
    )
    assert ledger == (Decimal(total), team, team)
    seen = one(
        build,
        f"select count(*), bool_or(is_mounted), bool_and(is_mounted) from intermediate.int_volume_days where resource_id = '{volume}'",
    )
    assert seen == (3, is_mounted, is_mounted)


@pytest.mark.parametrize(
    ("feed", "requests", "tokens_in", "tokens_out"),
    [("azure_llm_conv", 19_366, 22_361_870, 4_088_665), ("azure_llm_code", 8_819, 18_059_974, 245_896)],
)
def test_the_traces_have_every_request_and_token(build, feed, requests, tokens_in, tokens_out):
    found = one(
        build,
        "select count(*), sum(input_total_tokens), sum(output_total_tokens) from core.fct_inference_requests"
        f" where feed = '{feed}'",
    )
    assert found == (requests, tokens_in, tokens_out)


def test_calls_in_langfuse_traces_cost_what_langfuse_recorded(build):
    """Its recorded cost is the list price here, to the digits that it kept; agents and tools are no calls."""
    calls, differing, recorded = one(
        build,
        "select count(*), count(*) filter (abs(list_cost - gateway_cost) > 1e-9 or list_cost is null), sum(gateway_cost)"
        " from core.fct_inference_requests where meter = 'langfuse'",
    )
    assert (calls, differing) == (10, 0)
    assert round(recorded, 9) == Decimal("0.004536650")


def test_a_dump_that_has_every_sample_twice_counts_once(build):
    kops = SHARED_DATA / "dcgm_metrics" / "v1.35_kops.prom"
    distinct = {line for line in kops.read_text().splitlines() if line and not line.startswith("#")}
    assert one(build, "select count(*) from raw.dcgm_samples where _feed = 'kops'") == (len(distinct),)


def test_elided_labels_are_refused_not_guessed(settings, tmp_path):
    other = Settings.from_env(tmp_path)
    land(
        "dcgm",
        [SHARED_DATA / "dcgm_metrics" / "v1.35_viettel-ai-platform_accelerator_metrics.prom"],
        settings=other,
        feed="viettel",
        observed_at="2026-10-01T10:00:00Z",
    )
    with pipeline.night(other, AS_OF) as night:
        night.load()
    [refused] = [load for load in night.record.loads if load["source"] == "dcgm"]
    assert refused["verdict"] == "refused"
    assert "..." in refused["reason"]
