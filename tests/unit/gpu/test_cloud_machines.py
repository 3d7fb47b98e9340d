"""From the node or host to its bill where the bill names or counts machines in its own way: Azure, Google, Slurm. One day, 2026-10-01.

Every machine costs a round sum; node and pod hold all that the machine has, so that the pod costs what the line does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from machines import FOCUS, iso, line, node, page, pod

from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, build_models, raw_tables, run_dbt
from tests.unit.bills.azure_bills import csv_of, ea
from tests.unit.bills.gcp_bills import row

AS_OF = datetime(2026, 10, 3)
LAWS = [
    "assert_ledger_conserves_every_charge",
    "assert_node_parts_sum_to_capacity",
    "assert_paid_gpu_hours_sum_to_their_parts",
    "assert_gpu_hours_cost_what_the_ledger_says",
    "assert_billed_machine_time_is_paid_time",
    "assert_held_and_stranded_fit_capacity",
    "assert_a_host_is_one_machine_at_a_time",
    "unique_combination_int_node_capacity_hours*",
    "unique_combination_fct_gpu_hours*",
]
GIB = 2**30
ND = {"cpu": 96, "memory": 1900 * GIB, "nvidia_com_gpu": 8}
NC = {"cpu": 24, "memory": 220 * GIB, "nvidia_com_gpu": 1}
A3 = {"cpu": 208, "memory": 1872 * GIB, "nvidia_com_gpu": 8}
COMPUTE = "/subscriptions/sub-1/resourceGroups/MC_lab/providers/Microsoft.Compute"


def virtual_machine(name: str, machine_type: str, hours: str, cost: str, **fields: object) -> dict[str, object]:
    """A day of a virtual machine in Azure's cost export."""
    return ea(
        1, cost, Quantity=hours, ResourceId=f"{COMPUTE}/virtualMachines/{name}", Tags="",
        AdditionalInfo=json.dumps({"UsageType": "ComputeHR", "ServiceType": machine_type, "VMName": name}), **fields,
    )  # fmt: skip


def scale_set(name: str, number: int, machine_type: str, hours: str, cost: str) -> dict[str, object]:
    """A day of a machine of a scale set: the export names the set, and the machine in AdditionalInfo alone; path in small letters."""
    return virtual_machine(f"{name}_{number}", machine_type, hours, cost) | {
        "ResourceId": f"{COMPUTE}/virtualMachineScaleSets/{name}".lower()
    }


def azure() -> str:
    """Azure's cost export: a line a machine and day."""
    return csv_of([
        virtual_machine("alone", "Standard_ND96isr_H100_v5", "24", "96"),
        virtual_machine("brief", "Standard_ND96isr_H100_v5", "3", "12"),
        virtual_machine("slurm", "Standard_ND96isr_H100_v5", "3", "96"),
        scale_set("aks-red-11-vmss", 0, "Standard_NC24ads_A100_v4", "24", "5"),
        scale_set("aks-blue-22-vmss", 0, "Standard_NC24ads_A100_v4", "24", "7"),
    ])  # fmt: skip


def azure_focus() -> str:
    """Azure's FOCUS export, in which a line of a scale set names its machine among the details of the SKU."""
    details = {"ServiceType": "Standard_NC24ads_A100_v4", "VMName": "aks-green-33-vmss_12"}
    lines = [
        line(f"{COMPUTE}/virtualMachineScaleSets/aks-green-33-vmss", "", 0, "9", hours="24", ConsumedQuantity="24", ProviderName="Microsoft",
             InvoiceIssuerName="Microsoft", BillingAccountId="focus", x_SkuDetails=json.dumps(details)),
        # three machines that the line does not tell apart
        line(f"{COMPUTE}/virtualMachineScaleSets/pool", "Standard_NC24ads_A100_v4", 0, "18", hours="24", ConsumedQuantity="72",
             ProviderName="Microsoft", InvoiceIssuerName="Microsoft", BillingAccountId="focus"),
    ]  # fmt: skip
    return written([*FOCUS.split(","), "x_SkuDetails"], lines)


def written(names: list[str], lines: list[dict[str, str]]) -> str:
    return csv_of([{name: one.get(name, "") for name in names} for one in lines], byte_order_mark=False)


def cloud() -> str:
    """A FOCUS bill of machines that Slurm knows by their hosts, and one that counts minutes."""
    lines = [
        line("i-0slurm", "p5.48xlarge", 10, "40"),
        line("i-old", "p5.48xlarge", 10, "16"),
        line("box7", "p5.48xlarge", 10, "24"),
        line("i-min", "p5.48xlarge", 10, "6", ConsumedQuantity="45", ConsumedUnit="Minutes"),
    ]
    return written(FOCUS.split(","), lines)


def instance(
    name: str, machine_type: str, sku: str, cost: float, amount: float, unit: str = "seconds"
) -> dict[str, object]:
    """What a component of a machine cost in an hour in Google's detailed export, which has the numbers of project and machine."""
    return row(
        cost, sku={"id": sku, "description": sku}, usage_start_time=iso(10), usage_end_time=iso(11), labels=[], tags=[], cost_at_list=cost,
        project={"id": "ml-prod", "name": "ML", "labels": []},
        system_labels=[{"key": "compute.googleapis.com/machine_spec", "value": machine_type}],
        resource={"name": name, "global_name": f"//compute.googleapis.com/projects/4411/zones/us-central1-a/instances/{NUMBERS[name]}"},
        usage={"amount": amount, "unit": unit, "amount_in_pricing_units": amount / 3600, "pricing_unit": "hour"},
    )  # fmt: skip


NUMBERS = {"gke-train-1": 573144768, "spot-1": 99}
GOOGLE = [
    instance("gke-train-1", "a3-highgpu-8g", "Nvidia H100 80GB GPU running in Americas", 64.0, 8 * 3600.0),
    instance("gke-train-1", "a3-highgpu-8g", "A3 Instance Core running in Americas", 12.0, 208 * 3600.0),
    instance(
        "gke-train-1", "a3-highgpu-8g", "A3 Instance Ram running in Americas", 4.0, 1872 * GIB * 3600.0, "byte-seconds"
    ),
    # half an hour of a GPU and four cores
    instance("spot-1", "g2-standard-4", "Nvidia L4 GPU running in Americas", 0.25, 1800.0),
    instance("spot-1", "g2-standard-4", "G2 Instance Core running in Americas", 0.125, 4 * 1800.0),
]


def holder(
    name: str, on: str, provider_id: str, machine_type: str, start: float, end: float, size: dict, team: str
) -> list[dict]:
    """A node and the pod that has all of it for as long as the node is there."""
    labels = {"label_node_kubernetes_io_instance_type": machine_type}
    found = node(on, provider_id, start, end, labels, {resource: [(start, units)] for resource, units in size.items()})
    for series in found:
        if "provider_id" in series["metric"]:
            series["metric"]["provider_id"] = provider_id
    return found + pod(name, on, start, end, size, team)


def kubernetes() -> str:
    """Nodes with provider ids as the clouds' controllers write them."""
    sets = f"azure://{COMPUTE}/virtualMachineScaleSets"
    found = holder(
        "r",
        "aks-red-11-vmss000000",
        f"{sets}/aks-red-11-vmss/virtualMachines/0",
        "Standard_NC24ads_A100_v4",
        0,
        24,
        NC,
        "red",
    )
    found += holder(
        "b",
        "aks-blue-22-vmss000000",
        f"{sets}/aks-blue-22-vmss/virtualMachines/0",
        "Standard_NC24ads_A100_v4",
        0,
        24,
        NC,
        "blue",
    )
    found += holder(
        "g",
        "aks-green-33-vmss00000c",
        f"{sets}/aks-green-33-vmss/virtualMachines/12",
        "Standard_NC24ads_A100_v4",
        0,
        24,
        NC,
        "green",
    )
    found += holder("t", "gke-train-1", "gce://ml-prod/us-central1-a/gke-train-1", "a3-highgpu-8g", 10, 11, A3, "red")
    return page(found)


SACCT = (
    "JobIDRaw|JobName|User|Account|Partition|State|Submit|Start|End|ElapsedRaw|NNodes|AllocTRES|NodeList|Comment\n"
    "1|a|u|red|gpu|COMPLETED|2026-10-01T09:00:00|2026-10-01T10:00:00|2026-10-01T11:00:00|3600|1|cpu=192,gres/gpu=8,mem=2048G|gpu01|\n"
    "2|b|u|blue|gpu|COMPLETED|2026-10-01T09:00:00|2026-10-01T10:30:00|2026-10-01T13:15:00|9900|1|cpu=96,gres/gpu=8,mem=1900G|nd01|\n"
    "3|c|u|green|gpu|COMPLETED|2026-10-01T09:00:00|2026-10-01T10:00:00|2026-10-01T11:00:00|3600|1|cpu=192,gres/gpu=8,mem=2048G|box7|\n"
)
# gpu01 was another instance until this day
MACHINES = (
    "host,resource_id,valid_from,valid_to\n"
    "gpu01,i-old,2026-01-01,2026-10-01\n"
    "gpu01.lab.internal,i-0slurm,2026-10-01,\n"
    f"nd01,azure://{COMPUTE}/virtualMachines/slurm,2026-09-01,\n"
)
NVIDIA_SMI = (
    "timestamp, index, uuid, name, utilization.gpu [%], memory.used [MiB], memory.total [MiB], power.draw [W], mig.mode.current\n"
    + "".join(
        f"2026/10/01 10:30:00.000, {index}, GPU-{index}, NVIDIA H100 80GB HBM3, 75 %, 1 MiB, 81559 MiB, 500.00 W, Disabled\n"
        for index in range(8)
    )
)
IDENTITIES = "key_type,key_value,scope,unit_id,project,environment,priority,valid_from,valid_to\n" + "".join(
    f"slurm_account,{team},,{team},,,1,2020-01-01,\n" for team in ("red", "green", "blue")
)
TEAMS = "unit_id,parent_unit_id,name,cost_center,valid_from,valid_to\n" + "".join(
    f"{team},,{team},1,2020-01-01,\n" for team in ("red", "green", "blue")
)


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to what dbt made of the day."""
    folder = tmp_path_factory.mktemp("clouds")
    home = folder / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    files = {
        "actual.csv": ("azure", "ea", azure()),
        "azure_focus.csv": ("focus", "azure-focus", azure_focus()),
        "kube.json": ("kube_state_metrics", "k8s", kubernetes()),
        "cloud.csv": ("focus", "cloud", cloud()),
        "sacct.psv": ("slurm", "lab", SACCT),
        "machines.csv": ("reference", "machines", MACHINES),
        "org_units.csv": ("reference", "org", TEAMS),
        "identity_map.csv": ("reference", "identities", IDENTITIES),
    }
    for name, (source, feed, content) in files.items():
        (folder / name).write_text(content)
        land(source, [folder / name], settings=settings, feed=feed, version="1")
    pq.write_table(pa.Table.from_pylist(GOOGLE), folder / "google.parquet")
    land("gcp", [folder / "google.parquet"], settings=settings, feed="google", version="1")
    (folder / "smi.csv").write_text(NVIDIA_SMI)
    host = {"hostname": "=gpu01", "time_zone": "=UTC"}
    land("nvidia_smi", [folder / "smi.csv"], settings=settings, feed="smi", version="1", mapping=host)
    for result in load_pending(settings, as_of=AS_OF):
        assert (result.outcome, result.rejected, result.reason) == ("loaded", 0, ""), result
    database = build_file(folder)
    raw_tables(settings, database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AI_FINOPS_AS_OF", AS_OF.isoformat())
        build_models(database, ["+fct_gpu_hours", "+cost_per_gpu_hour_daily", "+fct_cost_allocation"])
        run_dbt(database, "test", LAWS)
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        yield con


def owners(marts, lines: str) -> list[tuple]:
    """(team, what it cost) of the bill lines that the condition names, to 6 places: a day's line is rounded hour by hour."""
    return marts.execute(
        "select coalesce(l.team_id, l.remainder_reason), round(sum(l.effective_cost), 6) as cost from core.fct_cost_allocation as l"
        " join focus.cost_and_usage as f on f.x_ChargeId = l.charge_id"
        f" where {lines} group by all having round(sum(l.effective_cost), 6) <> 0 order by all"
    ).fetchall()


def test_an_azure_bill_line_says_which_accelerator_it_is(marts):
    """ND96isr H100 v5 has eight H100: 24 hours for 96 USD are 192 GPU-hours."""
    assert marts.execute(
        "select vendor, accelerator_type, sum(gpu_hours), round(sum(node_cost), 6) from core.fct_gpu_hours"
        " where resource_id like '%/virtualmachines/alone' group by all"
    ).fetchall() == [("Microsoft", "H100-80GB", 192, 96)]
    assert marts.execute(
        "select distinct l.accelerator_type from core.fct_cost_allocation as l join focus.cost_and_usage as f on f.x_ChargeId = l.charge_id"
        " where f.ResourceId like '%/virtualMachines/alone' and l.usage_state <> 'rounding'"
    ).fetchall() == [("H100-80GB",)]


def test_machine_0_of_each_scale_set_is_a_machine_of_its_own(marts):
    """Both are `…/virtualMachines/0`: the red one costs 5 USD and the blue one 7."""
    assert owners(marts, "f.ResourceId like '%/aks-red-11-vmss'") == [("red", 5)]
    assert owners(marts, "f.ResourceId like '%/aks-blue-22-vmss'") == [("blue", 7)]
    assert marts.execute(
        "select count(distinct resource_id) from core.fct_gpu_hours where resource_id like '%vmss/virtualmachines/0'"
    ).fetchall() == [(2,)]


def test_an_aks_node_meets_its_line_in_azures_focus_export(marts):
    assert owners(marts, "f.ResourceId like '%/aks-green-33-vmss'") == [("green", 9)]


def test_a_gke_node_costs_what_its_lines_sum_to(marts):
    """64 for the GPUs, 12 for the cores, 4 for the memory."""
    assert owners(marts, "f.ResourceName = 'gke-train-1'") == [("red", 80)]


def test_focus_keeps_what_the_vendor_wrote(marts):
    assert marts.execute(
        "select ResourceId, x_MachineId from focus.cost_and_usage where ResourceId like '%red%' or SkuMeter like 'A3 Instance Ram%' order by 1"
    ).fetchall() == [
        (
            "//compute.googleapis.com/projects/4411/zones/us-central1-a/instances/573144768",
            "gce://ml-prod/us-central1-a/gke-train-1",
        ),
        (
            f"{COMPUTE}/virtualMachineScaleSets/aks-red-11-vmss".lower(),
            f"{COMPUTE}/virtualMachineScaleSets/aks-red-11-vmss/virtualMachines/0".lower(),
        ),
    ]


def test_a_slurm_job_costs_what_the_hour_of_its_hosts_instance_does(marts):
    """gpu01 is i-0slurm from this day on, and nvidia-smi on it is what its GPUs did: 75 % of eight. box7 is billed under its own name."""
    assert owners(marts, "f.ResourceId = 'i-0slurm'") == [("red", 40)]
    assert owners(marts, "f.ResourceId = 'box7'") == [("green", 24)]
    assert owners(marts, "f.ResourceId = 'i-old'") == [("free_capacity_without_owner", 16)]
    assert marts.execute(
        "select hours_state, activity_signal, sum(gpu_hours) from core.fct_gpu_hours where resource_id = 'i-0slurm' group by all order by all"
    ).fetchall() == [
        ("allocated_unused", "nvidia_smi_utilization_gpu", 2),
        ("productive", "nvidia_smi_utilization_gpu", 6),
    ]


@pytest.mark.parametrize(
    ("machine", "gpu_hours"),
    [
        # three of the day's hours, eight GPUs
        ("%/virtualmachines/brief", 24),
        # the line names the set: 72 hours of three machines with a GPU each
        ("%/virtualmachinescalesets/pool", 72),
        ("gce://ml-prod/us-central1-a/spot-1", Decimal("0.5")),
        ("i-min", 6),
    ],
)
def test_g2_paid_hours_are_what_the_bill_counts(marts, machine, gpu_hours):
    assert marts.execute(
        "select round(sum(gpu_hours), 6) from core.fct_gpu_hours where resource_id like ?", [machine]
    ).fetchall() == [(gpu_hours,)]


def test_the_hours_of_a_days_line_are_where_a_job_held_the_machine(marts):
    """2:45 of the three billed hours, from 10:30: 22 of 24 GPU-hours, 88 of 96 USD. The quarter that is left is even over the day."""
    held = marts.execute(
        "select usage_hour::varchar, round(sum(gpu_hours), 6) from core.fct_gpu_hours"
        " where resource_id like '%/virtualmachines/slurm' and team_id = 'blue' group by all order by all"
    ).fetchall()
    assert held == [
        ("2026-10-01 10:00:00", 4),
        ("2026-10-01 11:00:00", 8),
        ("2026-10-01 12:00:00", 8),
        ("2026-10-01 13:00:00", 2),
    ]
    assert owners(marts, "f.ResourceId like '%/virtualMachines/slurm'") == [
        ("blue", 88),
        ("free_capacity_without_owner", 8),
    ]
    assert marts.execute(
        "select round(sum(gpu_hours), 6) from core.fct_gpu_hours where resource_id like '%/virtualmachines/slurm'"
    ).fetchall() == [(24,)]
