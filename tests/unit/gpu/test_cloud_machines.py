"""From the node to its bill on Azure and Google, whose bills name machines otherwise than Kubernetes does. One day, 2026-10-01.

Every machine costs a round sum; node and pod hold all that the machine has, so that the pod costs what the line does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

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
        scale_set("aks-red-11-vmss", 0, "Standard_NC24ads_A100_v4", "24", "5"),
        scale_set("aks-blue-22-vmss", 0, "Standard_NC24ads_A100_v4", "24", "7"),
    ])  # fmt: skip


def azure_focus() -> str:
    """Azure's FOCUS export, in which a line of a scale set names its machine among the details of the SKU."""
    details = {"ServiceType": "Standard_NC24ads_A100_v4", "VMName": "aks-green-33-vmss_12"}
    lines = [
        line(f"{COMPUTE}/virtualMachineScaleSets/aks-green-33-vmss", "", 0, "9", hours="24", ConsumedQuantity="24", ProviderName="Microsoft",
             InvoiceIssuerName="Microsoft", BillingAccountId="focus", x_SkuDetails=json.dumps(details)),
    ]  # fmt: skip
    return written([*FOCUS.split(","), "x_SkuDetails"], lines)


def written(names: list[str], lines: list[dict[str, str]]) -> str:
    return csv_of([{name: one.get(name, "") for name in names} for one in lines], byte_order_mark=False)


def instance(sku: str, cost: float, amount: float, unit: str = "seconds") -> dict[str, object]:
    """What a component of a GKE node cost in an hour in Google's detailed export, which has the numbers of project and machine."""
    return row(
        cost, sku={"id": sku, "description": sku}, usage_start_time=iso(10), usage_end_time=iso(11), labels=[], tags=[], cost_at_list=cost,
        project={"id": "ml-prod", "name": "ML", "labels": []},
        resource={"name": "gke-train-1", "global_name": "//compute.googleapis.com/projects/4411/zones/us-central1-a/instances/573144768"},
        usage={"amount": amount, "unit": unit, "amount_in_pricing_units": amount / 3600, "pricing_unit": "hour"},
    )  # fmt: skip


GOOGLE = [
    instance("Nvidia H100 80GB GPU running in Americas", 64.0, 8 * 3600.0),
    instance("A3 Instance Core running in Americas", 12.0, 208 * 3600.0),
    instance("A3 Instance Ram running in Americas", 4.0, 1872 * GIB * 3600.0, "byte-seconds"),
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
        "org_units.csv": ("reference", "org", TEAMS),
    }
    for name, (source, feed, content) in files.items():
        (folder / name).write_text(content)
        land(source, [folder / name], settings=settings, feed=feed, version="1")
    pq.write_table(pa.Table.from_pylist(GOOGLE), folder / "google.parquet")
    land("gcp", [folder / "google.parquet"], settings=settings, feed="google", version="1")
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
