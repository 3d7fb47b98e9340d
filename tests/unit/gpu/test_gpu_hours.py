"""GPU-hours and what they cost, worked out by hand from the machines of `machines.py`."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from tests.unit.gpu import machines

CENT = Decimal("0.01")


def hours(marts, resource: str, measure: str = "gpu_hours") -> dict[tuple, float]:
    """(state, team, signal) -> measure of a node, to 6 places."""
    rows = marts.execute(
        f"select hours_state, team_id, activity_signal, round(sum({measure}), 6) from core.fct_gpu_hours where resource_id = ?"
        " group by all having round(sum(gpu_hours), 6) <> 0",
        [resource],
    ).fetchall()
    return {(state, team, signal): float(value) for state, team, signal, value in rows}


def test_g3_kokus_mig_day_is_72_dollars_in_the_ledger_exactly(marts):
    """koku: an A100 at 72 USD a day; 2 h of 4g, 6 h of 1g, 2 h of 2g are 3.43 + 2.57 + 1.71, and 64.29 is nobody's."""
    ledger = dict(
        marts.execute(
            "select coalesce(l.team_id, l.remainder_reason, l.usage_state), sum(l.effective_cost) from core.fct_cost_allocation as l"
            " join focus.cost_and_usage as f on f.x_ChargeId = l.charge_id where f.ResourceId = 'i-mig' group by all"
        ).fetchall()
    )
    assert sum(ledger.values()) == Decimal("72.000000000000")
    found = {name: cost.quantize(CENT) for name, cost in ledger.items() if abs(cost) > CENT}
    assert found == {
        "red": Decimal("3.43"),
        "green": Decimal("2.57"),
        "blue": Decimal("1.71"),
        "free_capacity_without_owner": Decimal("64.29"),
    }


def test_g7_a_slice_without_a_sample_is_unknown_and_renamed_labels_are_read(marts):
    """Pod one has utilisation alone, which is no signal on MIG; pod two's labels are `exported_…`."""
    states = marts.execute(
        "select workload_name, hours_state, activity_signal from core.fct_gpu_hours where resource_id = 'i-mig' and workload_id is not null"
        " group by all order by all"
    ).fetchall()
    engine = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
    assert states == [
        ("lab/four", "allocated_unused", engine),
        ("lab/four", "productive", engine),
        ("lab/one", "activity_unknown", None),
        ("lab/two", "productive", engine),
    ]


def test_g4_a_gpu_cut_anew_at_20_past_counts_each_cut_for_its_minutes(marts):
    """2 x 2/7 for 20 minutes, 4/7 for 40, a seventh stranded for 20: 0.190476 + 0.380952 + 0.047619, and the rest is free."""
    found = hours(marts, "i-cut")
    assert {state: value for (state, _, _), value in found.items() if state != "activity_unknown"} == {
        "stranded": pytest.approx(1 / 21, abs=2e-6),
        "free_healthy": pytest.approx(8 / 21, abs=2e-6),
    }
    assert found["activity_unknown", "red", None] == pytest.approx(4 / 21, abs=2e-6)
    assert found["activity_unknown", "blue", None] == pytest.approx(8 / 21, abs=2e-6)


def test_g5_pods_on_one_time_sliced_gpu_hold_it_together_and_the_other_is_free(marts):
    assert hours(marts, "i-shared") == {
        ("productive", "red", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"): 0.45,
        ("allocated_unused", "red", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"): 0.05,
        ("productive", "blue", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"): 0.45,
        ("allocated_unused", "blue", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"): 0.05,
        ("free_healthy", None, None): 1,
    }


def test_g8_more_gpus_held_than_the_node_has_are_scaled_down_together(marts):
    """A third pod says that it held four of the two for a quarter of the hour: no more than one GPU-hour, and it gets none of it."""
    assert hours(marts, "i-over") == {("activity_unknown", "red", None): 1, ("activity_unknown", "blue", None): 1}


def test_g9_free_hours_are_healthy_drained_or_failed(marts):
    """Eight GPUs that nobody holds: one has XID 79, the node was cordoned for half the hour."""
    assert hours(marts, "i-bad") == {
        ("free_failed", "operations", None): 1,
        ("free_drained", "operations", None): 3.5,
        ("free_healthy", None, None): 3.5,
    }


def test_law_4_what_is_out_of_order_costs_the_platform_and_what_is_free_its_pool(marts):
    """8 USD for eight GPUs: 4.5 of them are out of order, and nobody owns the pool that the others are free in."""
    owners = marts.execute(
        "select l.team_id, l.remainder_reason, cast(round(sum(l.effective_cost), 9) as double) from core.fct_cost_allocation as l"
        " join focus.cost_and_usage as f on f.x_ChargeId = l.charge_id where f.ResourceId = 'i-bad' and l.usage_state <> 'rounding'"
        " group by all order by all"
    ).fetchall()
    assert owners == [("operations", None, 4.5), (None, "free_capacity_without_owner", 3.5)]


@pytest.mark.parametrize(
    ("resource", "accelerator", "expected"),
    [
        # 4 chips at 60 %
        ("i-tpu", "TPU-v5e", {("productive", "red", "kubernetes.io/container/accelerator/tensorcore_utilization"): 2.4,
                              ("allocated_unused", "red", "kubernetes.io/container/accelerator/tensorcore_utilization"): 1.6}),
        # one of two NeuronCores at 40 %
        ("i-trn", "Trainium1-32GB", {("productive", "green", "neuroncore_utilization"): 0.2,
                                     ("allocated_unused", "green", "neuroncore_utilization"): 0.3, ("free_healthy", None, None): 0.5}),
        # both cores of an Inferentia, at 90 and 50 %
        ("i-inf", "Inferentia2-32GB", {("productive", "blue", "neuroncore_utilization"): 0.7,
                                       ("allocated_unused", "blue", "neuroncore_utilization"): 0.3}),
        # eight of sixteen partitions are a device, and partition 0 speaks for it: 75 %
        ("i-amd", "MI300X-192GB", {("productive", "blue", "gpu_gfx_activity"): 0.75, ("allocated_unused", "blue", "gpu_gfx_activity"): 0.25,
                                   ("free_healthy", None, None): 1}),
        # two GPUs at 50 and 100 %, held by one Slurm job; nvidia-smi does not say by whom
        ("i-smi", "A30-24GB", {("productive", "red", "nvidia_smi_utilization_gpu"): 1.5,
                               ("allocated_unused", "red", "nvidia_smi_utilization_gpu"): 0.5}),
        # OpenCost: three GPUs, 2.4 of them busy
        ("i-oc", "unknown", {("productive", "green", "opencost_gpu_usage"): 2.4, ("allocated_unused", "green", "opencost_gpu_usage"): 0.6}),
        # OpenShift: half an hour of 4/8 of a GPU; nothing measures it
        ("i-ocp", "A100-80GB", {("activity_unknown", "red", None): 0.25, ("free_healthy", None, None): 0.75}),
    ],
    ids=["TPU", "Trainium", "Inferentia", "AMD", "nvidia-smi", "OpenCost", "OpenShift"],
)  # fmt: skip
def test_every_kind_of_accelerator_ends_in_the_same_states(marts, resource, accelerator, expected):
    assert hours(marts, resource) == expected
    assert marts.execute(
        "select distinct accelerator_type from core.fct_gpu_hours where resource_id = ?", [resource]
    ).fetchall() == [(accelerator,)]
    # whether the bill's instance type or the device itself says what it is
    assert marts.execute(
        "select distinct coalesce(l.accelerator_type, 'unknown') from core.fct_cost_allocation as l"
        " join focus.cost_and_usage as f on f.x_ChargeId = l.charge_id where f.ResourceId = ?",
        [resource],
    ).fetchall() == [(accelerator,)]


def test_the_price_of_an_hour_by_purchase_option(marts):
    """p5.48xlarge, 8 GPUs: half an hour under a plan at 8 (list 20, contract 18), half at 20 on demand; an empty box at 40; spot without list."""
    rows = marts.execute(
        "select purchase_option, paid_gpu_hours, free_not_seen_gpu_hours, not_delivered_gpu_hours, round(node_cost, 9), cost_per_paid_gpu_hour,"
        " list_cost_per_paid_gpu_hour, contracted_cost_per_paid_gpu_hour, cost_per_productive_gpu_hour"
        " from unit_economics.cost_per_gpu_hour_daily where accelerator_type = 'H100-80GB' and vendor = 'Cloud' and region_id = 'r1' order by 1"
    ).fetchall()
    assert [
        tuple(None if value is None else float(value) if isinstance(value, Decimal) else value for value in row)
        for row in rows
    ] == [
        ("capacity_block", 16, 16, 0, 66, 4.125, 4.125, 4.125, None),
        # i-bad (8 at 8), the second half of i-plan (4 at 20), the empty box (8 at 40), reserved and used (8 at 16)
        ("on_demand", 28, 12, 8, 84, 3, 3, 3, None),
        ("savings_plan", 4, 4, 0, 8, 2, 5, 4.5, None),
        ("spot", 8, 8, 0, 10, 1.25, None, 1.25, None),
    ]


def test_a_capacity_block_is_told_by_what_the_vendors_call_it(marts):
    """AWS: the operation or the text of its price list. Google: calendar mode, but not flex start, which reserves nothing."""
    assert marts.execute(
        "select distinct resource_id, purchase_option from core.fct_gpu_hours"
        " where resource_id in ('i-block', 'i-block-text', 'i-reserved', 'i-calendar', 'i-flex') order by 1"
    ).fetchall() == [
        ("i-block", "capacity_block"),
        ("i-block-text", "capacity_block"),
        ("i-calendar", "capacity_block"),
        ("i-flex", "on_demand"),
        ("i-reserved", "on_demand"),
    ]
    # where the fee is on a line of its own, what an hour costs is not known, and not nothing
    assert marts.execute(
        "select paid_gpu_hours, node_cost, cost_per_paid_gpu_hour, cost_per_productive_gpu_hour from unit_economics.cost_per_gpu_hour_daily"
        " where region_id = 'r2'"
    ).fetchall() == [(8, 0, None, None)]
    # its fee is cash of its buyer and no second cost of the hours
    assert marts.execute(
        "select sum(billed_cost), sum(effective_cost) from core.fct_cost_allocation where charge_category = 'Purchase'"
    ).fetchall() == [(1440, 0)]


def test_owned_machines_cost_their_part_of_the_purchase_power_and_hosting(marts):
    """48,000 over 1,461 days; 2 kW x 24 h x 1.25 x 0.25 = 15; 310 / 31 = 10. Days end with the newest that was delivered."""
    first = marts.execute(
        "select SkuMeter, BilledCost, EffectiveCost, BillingCurrency, InvoiceIssuerName from focus.cost_and_usage"
        " where x_Source = 'gpu_assets' and x_ChargeDate = date '2026-10-01' order by 1"
    ).fetchall()
    own = ("EUR", "Own hardware")
    assert first == [
        ("depreciation", Decimal("32.854209445585"), Decimal("32.854209445585"), *own),
        ("hosting", Decimal("10"), Decimal("10"), *own),
        ("power", Decimal("15"), Decimal("15"), *own),
    ]
    [(days,)] = marts.execute(
        "select count(distinct x_ChargeDate) from focus.cost_and_usage where x_Source = 'gpu_assets'"
    ).fetchall()
    assert days in (1, 2)
    [row] = marts.execute(
        "select purchase_option, paid_gpu_hours, round(cost_per_paid_gpu_hour, 6), list_cost_per_paid_gpu_hour, billing_currency, region_id"
        " from unit_economics.cost_per_gpu_hour_daily where vendor = 'Own hardware' and usage_date = date '2026-10-01'"
    ).fetchall()
    # 57.854209 / (8 x 24)
    assert row == ("owned", Decimal("192"), Decimal("0.301324"), None, "EUR", "berlin")


def test_impossible_rows_hold_nothing_and_are_counted(marts):
    assert marts.execute(
        "select source, check_name, is_left_out, failed_rows from quality.telemetry_checks_daily order by all"
    ).fetchall() == [
        ("openshift_gpu_usage", "uptime_longer_than_interval", True, 1),
        ("pods", "gpu_claimed_above_node", True, 1),
        ("pods", "gpu_held_above_node", False, 2),
        ("slurm", "ends_before_start", True, 1),
    ]
    assert marts.execute("select count(*) from core.fct_gpu_hours where workload_id like '12|%'").fetchall() == [(0,)]


def test_g6_energy_is_the_devices_whatever_its_slices(marts):
    """3.6e9 mJ in half an hour is 1 kWh, although three slices repeat the counter and two servers answer. Two slices have an activity."""
    [row] = marts.execute(
        "select accelerator_type, energy_source, energy_kwh, energy_seconds, slices from unit_economics.gpu_devices_daily where gpu_uuid = 'GPU-a100-0'"
    ).fetchall()
    assert row == ("A100-80GB", "counter", Decimal("1"), 1800, 2)
    # nvidia-smi has no counter: 150 W in both readings of an hour
    assert marts.execute(
        "select energy_source, energy_kwh, energy_seconds from unit_economics.gpu_devices_daily where gpu_uuid = 'GPU-smi-0'"
    ).fetchall() == [("power", Decimal("0.15"), 3600)]
    [(failed,)] = marts.execute(
        "select failed_hours from unit_economics.gpu_devices_daily where gpu_uuid = 'GPU-bad-3'"
    ).fetchall()
    assert failed == 1


def test_opencosts_dollars_are_nowhere(marts):
    assert "999" not in str(marts.execute("select * from raw.opencost_allocations").fetchall())


def test_g17_a_cluster_loaded_beside_its_bill_adds_nothing_to_it(marts):
    """Pods, jobs, slices and OpenCost's and OpenShift's reports only say whose the bill's dollars are: they sum to its lines, node by node."""
    billed: dict[str, Decimal] = {}
    for row in csv.DictReader(io.StringIO(machines.bill())):
        billed[row["ResourceId"]] = billed.get(row["ResourceId"], Decimal(0)) + Decimal(row["EffectiveCost"])
    ledger = marts.execute(
        "select coalesce(f.ResourceId, ''), sum(l.effective_cost) from core.fct_cost_allocation as l"
        " join focus.cost_and_usage as f on f.x_ChargeId = l.charge_id where l.billing_currency = 'USD' group by all"
    ).fetchall()
    assert dict(ledger) == billed
    assert marts.execute(
        "select count(*) from core.fct_cost_allocation where charge_id not in (select x_ChargeId from focus.cost_and_usage)"
    ).fetchall() == [(0,)]


def test_three_parts_of_each_pod_and_node_sum_to_its_hours_and_cost(marts):
    assert marts.execute(
        "select count(*) from unit_economics.gpu_utilization_daily where"
        " gpu_hours <> productive_gpu_hours + allocated_unused_gpu_hours + activity_unknown_gpu_hours + unallocated_gpu_hours"
        " or node_cost <> productive_cost + allocated_unused_cost + activity_unknown_cost + unallocated_cost"
    ).fetchall() == [(0,)]


def test_b2_what_was_reserved_and_not_delivered_is_its_owners_as_in_the_ledger(marts):
    """The account of the empty box is green's, whoever runs the cloud's machines."""
    owners = (
        "select team_id, sum(node_cost) from unit_economics.gpu_utilization_daily where resource_id = 'cr-1' group by all",
        "select l.team_id, sum(l.effective_cost) from core.fct_cost_allocation as l"
        " join focus.cost_and_usage as f on f.x_ChargeId = l.charge_id where f.ResourceId = 'cr-1' group by all",
    )
    assert [marts.execute(one).fetchall() for one in owners] == [[("green", 40)]] * 2


def test_g18_the_pools_rate_does_not_depend_on_which_node_a_plan_covered(marts):
    """H100 of region r1: 66 + 84 + 8 + 10 USD over 16 + 28 + 4 + 8 hours is 3, under the plan and beside it; lines stay as billed."""
    rows = marts.execute(
        "select purchase_option, round(node_cost / gpu_hours, 6), round(pool_cost_per_gpu_hour, 6) from unit_economics.gpu_utilization_daily"
        " where resource_id = 'i-plan' order by 1"
    ).fetchall()
    assert rows == [("on_demand", 5.0, Decimal("3")), ("savings_plan", 2.0, Decimal("3"))]
