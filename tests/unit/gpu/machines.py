"""Machines of every kind on one morning, 2026-10-01, and the bill for them: small enough to work out by hand.

Each machine shows one thing and costs a round sum an hour; what each exporter writes is in its own format.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

DAY = datetime(2026, 10, 1, tzinfo=UTC)
MIDNIGHT = int(DAY.timestamp())
HOUR = 3600

FOCUS = (
    "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingAccountId,SubAccountId,BillingPeriodStart,BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeDescription,ConsumedQuantity,ConsumedUnit,PricingCategory,"
    "CommitmentDiscountType,CommitmentDiscountStatus,CapacityReservationId,CapacityReservationStatus,InvoiceIssuerName,ProviderName,"
    "ServiceName,ServiceCategory,RegionId,ResourceId,SkuMeter,x_InstanceType,x_Operation"
)


def at(hour: float) -> int:
    """Epoch seconds of an hour of the day."""
    return MIDNIGHT + int(hour * HOUR)


def iso(hour: float) -> str:
    """The same as ISO text."""
    return datetime.fromtimestamp(at(hour), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(resource: str, instance: str, hour: float, cost: str, **more: str) -> dict[str, str]:
    """A bill line for an hour of a machine (or `hours` of it)."""
    end = hour + float(more.pop("hours", "1"))
    return {
        "BilledCost": cost, "EffectiveCost": cost, "ListCost": cost, "ContractedCost": cost, "BillingCurrency": "USD",
        "BillingAccountId": "acme", "BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z",
        "ChargePeriodStart": iso(hour), "ChargePeriodEnd": iso(end), "ChargeCategory": "Usage", "ConsumedQuantity": "1",
        "ConsumedUnit": "Hours", "PricingCategory": "Standard", "InvoiceIssuerName": "Cloud", "ProviderName": "Cloud",
        "ServiceName": "Compute", "ServiceCategory": "Compute", "RegionId": "r1", "ResourceId": resource, "SkuMeter": "node hours",
        "x_InstanceType": instance,
    } | more  # fmt: skip


def bill() -> str:
    """The bill: FOCUS with one line a machine and hour."""
    lines = [line("i-mig", "koku.a100", hour, "3") for hour in range(24)]
    lines += [
        line("i-cut", "koku.a100", 10, "3"),
        line("i-tpu", "ct5lp-hightpu-4t", 10, "8"),
        line("i-trn", "trn1.2xlarge", 10, "1"),
        line("i-inf", "inf2.xlarge", 10, "1"),
        line("i-amd", "mi300x.8", 10, "16"),
        line("i-smi", "smi.2", 10, "4"),
        line("i-oc", "oc.4", 10, "4"),
        line("i-ocp", "ocp.a100", 10, "2"),
        line("i-shared", "shared.2", 10, "2"),
        line("i-bad", "bad.8", 10, "8"),
        line("i-over", "over.2", 10, "2"),
        # half of the hour under a plan, the rest on demand; the first half is listed at 20 and contracted at 18
        line("i-plan", "p5.48xlarge", 10, "8", ConsumedQuantity="0.5", ListCost="20", ContractedCost="18", PricingCategory="Committed",
             CommitmentDiscountType="Savings Plan", CommitmentDiscountStatus="Used"),
        line("i-plan", "p5.48xlarge", 10, "20", ConsumedQuantity="0.5"),
        line("i-spot", "p5.48xlarge", 10, "10", PricingCategory="Dynamic", ListCost=""),
        # as AWS exports a capacity block: the fee is billed once and costs nothing, its hours carry it; an hour of Linux is billed at 0
        line("i-block", "p5.48xlarge", 10, "30", BilledCost="0", CapacityReservationId="cr-2", CapacityReservationStatus="Used",
             SkuMeter="USE2-BoxUsage:p5.48xlarge", x_Operation="RunInstances:CB"),
        line("i-block-text", "p5.48xlarge", 10, "36", BilledCost="0", ChargeDescription="$0.00 per Capacity Block Linux p5.48xlarge Instance Hour"),
        # as in a Cost and Usage Report, where the fee stays on its line
        line("i-block-cur", "p5.48xlarge", 10, "0", RegionId="r2", x_Operation="RunInstances:CB"),
        line("", "p5.48xlarge", 10, "0", BilledCost="1440", ChargeCategory="Purchase", SkuMeter="USE2-CapacityBlockFee:p5.48xlarge"),
        # reserved on demand and used
        line("i-reserved", "p5.48xlarge", 10, "16", CapacityReservationId="cr-3", CapacityReservationStatus="Used",
             x_Operation="RunInstances", ChargeDescription="$55.04 per On Demand Linux p5.48xlarge Instance Hour"),
        # Google's names of one GPU: reserved for a time, and without a reservation
        line("i-calendar", "a2-ultragpu-1g", 10, "4.57", ProviderName="Google",
             ChargeDescription="Reserved Nvidia Tesla A100 80GB GPU in Seoul in Calendar Mode"),
        line("i-flex", "a2-ultragpu-1g", 10, "2.5", ProviderName="Google",
             ChargeDescription="Nvidia Tesla A100 80GB GPU attached to DWS Defined Duration VMs running in Seoul"),
        # an empty box: reserved, paid for, nobody ran on it
        line("cr-1", "p5.48xlarge", 10, "40", SubAccountId="labs", CapacityReservationId="cr-1", CapacityReservationStatus="Unused"),
    ]  # fmt: skip
    names = FOCUS.split(",")
    return "\n".join([FOCUS, *(",".join(row.get(name, "") for name in names) for row in lines)]) + "\n"


def series(metric: str, labels: dict[str, str], samples: list[tuple[float, float]]) -> dict:
    """One series of a query_range answer."""
    return {"metric": {"__name__": metric} | labels, "values": [[at(hour), f"{value}"] for hour, value in samples]}


def page(results: list[dict], *, replicas: int = 1) -> str:
    """A query_range answer; with two replicas each server of the HA pair answers."""
    every = [
        {**one, "metric": one["metric"] | ({"prometheus_replica": f"p-{n}"} if replicas > 1 else {})}
        for one in results
        for n in range(replicas)
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": every}})


def node(
    name: str, resource: str, first: float, last: float, labels: dict[str, str], capacity: dict[str, list]
) -> list[dict]:
    """What kube-state-metrics says of a node; capacity is resource -> [(hour, units)]."""
    times = [(first, 1), (last, 1)]
    created = series("kube_node_created", {"node": name}, [(hour, at(first)) for hour, _ in times])
    found = [
        series("kube_node_info", {"node": name, "provider_id": f"aws:///z/{resource}"}, times),
        series("kube_node_labels", {"node": name} | labels, times),
        created,
    ]
    return found + [
        series("kube_node_status_capacity", {"node": name, "resource": resource_name, "unit": "integer"}, samples)
        for resource_name, samples in capacity.items()
    ]


def pod(
    name: str, on: str, start: float, end: float, requests: dict[str, float], team: str, *, renamed: bool = False
) -> list[dict]:
    """What kube-state-metrics says of a pod; `renamed` as Prometheus writes labels that it does not honour."""
    who = {"namespace": "lab", "pod": name, "uid": f"uid-{name}"}
    if renamed:
        who = {f"exported_{key}": value for key, value in who.items()} | {"namespace": "monitoring", "pod": "ksm-0"}
    times = [(start, 1), (min(end, 23.9), 1)]
    found = [
        series("kube_pod_start_time", who, [(hour, at(start)) for hour, _ in times]),
        series("kube_pod_completion_time", who, [(min(end, 23.9), at(end))]),
        series("kube_pod_labels", who | {"label_team": team}, times),
        series("kube_pod_info", who | {"node": on}, times),
    ]
    return found + [
        series(
            "kube_pod_container_resource_requests",
            who | {"node": on, "container": "main", "resource": resource},
            [(t, n) for t, _ in times],
        )
        for resource, n in requests.items()
    ]


def kubernetes() -> str:
    """All clusters' kube-state-metrics; an HA pair answers twice."""
    mig = {"nvidia_com_mig_4g_40gb": [(0, 1), (23.9, 1)], "nvidia_com_mig_2g_20gb": [(0, 1), (23.9, 1)],
           "nvidia_com_mig_1g_10gb": [(0, 1), (23.9, 1)]}  # fmt: skip
    # three 2g.20gb, cut anew at 10:20 into a 3g.40gb and a 4g.40gb
    cut = {"nvidia_com_mig_2g_20gb": [(10, 3), (10 + 1 / 3, 0)], "nvidia_com_mig_3g_40gb": [(10 + 1 / 3, 1)],
           "nvidia_com_mig_4g_40gb": [(10 + 1 / 3, 1)]}  # fmt: skip
    found = node("a100", "i-mig", 0, 23.9, {}, mig)
    found += pod("four", "a100", 1, 3, {"nvidia_com_mig_4g_40gb": 1}, "red")
    found += pod("one", "a100", 2, 8, {"nvidia_com_mig_1g_10gb": 1}, "green", renamed=True)
    found += pod("two", "a100", 12, 14, {"nvidia_com_mig_2g_20gb": 1}, "blue")
    found += node("cut", "i-cut", 10, 11, {}, cut)
    found += pod("before", "cut", 10, 10 + 1 / 3, {"nvidia_com_mig_2g_20gb": 2}, "red")
    found += pod("after", "cut", 10 + 1 / 3, 11, {"nvidia_com_mig_4g_40gb": 1}, "blue")
    found += node(
        "tpu",
        "i-tpu",
        10,
        11,
        {"label_node_kubernetes_io_instance_type": "ct5lp-hightpu-4t"},
        {"google_com_tpu": [(10, 4)]},
    )
    found += pod("jax", "tpu", 10, 11, {"google_com_tpu": 4}, "red")
    found += node("trn", "i-trn", 10, 11, {"label_node_kubernetes_io_instance_type": "trn1.2xlarge"},
                  {"aws_amazon_com_neuroncore": [(10, 2)], "aws_amazon_com_neuron": [(10, 1)]})  # fmt: skip
    found += pod("nki", "trn", 10, 11, {"aws_amazon_com_neuroncore": 1}, "green")
    found += node("inf", "i-inf", 10, 11, {"label_node_kubernetes_io_instance_type": "inf2.xlarge"},
                  {"aws_amazon_com_neuroncore": [(10, 2)], "aws_amazon_com_neuron": [(10, 1)]})  # fmt: skip
    found += pod("infer", "inf", 10, 11, {"aws_amazon_com_neuroncore": 2}, "blue")
    found += node("amd", "i-amd", 10, 11, {}, {"amd_com_gpu": [(10, 16)]})
    found += pod("rocm", "amd", 10, 11, {"amd_com_gpu": 8}, "blue")
    shared = {"label_nvidia_com_gpu_product": "NVIDIA-L4-SHARED"}
    found += node("shared", "i-shared", 10, 11, shared, {"nvidia_com_gpu": [(10, 8)]})
    found += pod("s1", "shared", 10, 11, {"nvidia_com_gpu": 1}, "red") + pod(
        "s2", "shared", 10, 11, {"nvidia_com_gpu": 1}, "blue"
    )
    # two pods that say they hold two GPUs each, of two; a third says four, which cannot be
    found += node("over", "i-over", 10, 11, {}, {"nvidia_com_gpu": [(10, 2)]})
    found += pod("o1", "over", 10, 11, {"nvidia_com_gpu": 2}, "red") + pod(
        "o2", "over", 10, 11, {"nvidia_com_gpu": 2}, "blue"
    )
    found += pod("o3", "over", 10, 10.25, {"nvidia_com_gpu": 4}, "green")
    found += node("bad", "i-bad", 10, 11, {}, {"nvidia_com_gpu": [(10, 8)]})
    found.append(series("kube_node_spec_unschedulable", {"node": "bad"}, [(10, 0), (10.5, 1)]))
    return page(found, replicas=2)


def dcgm() -> str:
    """dcgm-exporter: the MIG pods (one with renamed labels), two pods on one of two time-sliced GPUs, eight GPUs of which one has failed."""

    def gpu(host: str, index: int, model: str) -> dict[str, str]:
        return {"Hostname": host, "UUID": f"GPU-{host}-{index}", "gpu": str(index), "modelName": model}

    a100 = gpu("a100", 0, "NVIDIA A100-SXM4-80GB")
    engine = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
    found = [
        series(engine, a100 | {"GPU_I_PROFILE": "4g.40gb", "GPU_I_ID": "1", "namespace": "lab", "pod": "four"}, [(1.5, 0.5), (2.5, 0.5)]),
        # no samples of pod one: unknown; utilisation of a slice is none
        series("DCGM_FI_DEV_GPU_UTIL", a100 | {"GPU_I_PROFILE": "1g.10gb", "GPU_I_ID": "7", "namespace": "lab", "pod": "one"}, [(2.5, 0)]),
        series(engine, a100 | {"GPU_I_PROFILE": "2g.20gb", "GPU_I_ID": "3", "exported_namespace": "lab", "exported_pod": "two",
                               "namespace": "monitoring", "pod": "dcgm-0"}, [(12.5, 1), (13.5, 1)]),
        series(engine, gpu("cut", 0, "NVIDIA A100-SXM4-80GB"), [(10.1, 0)]),
    ]  # fmt: skip
    found += [
        series(engine, gpu("shared", 0, "NVIDIA L4") | {"namespace": "lab", "pod": name}, [(10.5, 0.9)])
        for name in ("s1", "s2")
    ]
    found.append(series(engine, gpu("shared", 1, "NVIDIA L4"), [(10.5, 0)]))
    found += [series(engine, gpu("bad", index, "NVIDIA H100 80GB HBM3"), [(10.5, 0)]) for index in range(8)]
    found.append(series("DCGM_FI_DEV_XID_ERRORS", gpu("bad", 3, "NVIDIA H100 80GB HBM3"), [(10.5, 79)]))
    energy = [(0.25, 3_600_000_000), (0.75, 7_200_000_000)]
    found += [series("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", a100 | {"GPU_I_ID": i}, energy) for i in ("1", "3", "7")]
    return page(found, replicas=2)


def amd() -> str:
    """AMD's exporter: two MI300X, each in eight partitions; partition 0 measures, the pod holds eight of the sixteen."""
    found = []
    for device in range(2):
        for part in range(8):
            labels = {"hostname": "amd", "serial_number": f"S{device}", "gpu_id": str(device * 8 + part), "gpu_partition_id": str(part),
                      "gpu_compute_partition_type": "cpx", "card_series": "AMD Instinct MI300X OAM"}  # fmt: skip
            if device == 0:
                labels |= {"namespace": "lab", "pod": "rocm"}
            found.append(series("gpu_gfx_activity", labels, [(10.5, 75 if part == 0 and device == 0 else 0)]))
    return page(found)


def cloud_monitoring() -> str:
    """Four TPU chips of a pod at 60 percent, and a point of a metric that nobody reads."""
    resource = {
        "type": "k8s_container",
        "labels": {"cluster_name": "gke", "namespace_name": "lab", "pod_name": "jax", "container_name": "main"},
    }
    interval = {"startTime": iso(10.5), "endTime": iso(10.5)}
    found = [
        {"metric": {"type": f"kubernetes.io/container/accelerator/{metric}",
                    "labels": {"make": "cloud-tpu", "accelerator_id": str(chip), "model": "tpu-v5-lite-podslice"}},
         "resource": resource, "points": [{"interval": interval, "value": value}]}
        for chip in range(4)
        for metric, value in (("tensorcore_utilization", {"doubleValue": 60.0}), ("memory_used", {"int64Value": "1000"}))
    ]  # fmt: skip
    return json.dumps({"timeSeries": found})


def neuron() -> str:
    """Two hosts: a Trainium of two cores, of which a pod has core 0 at 40 percent, and an Inferentia whose cores are at 90 and 50."""

    def report(instance: str, instance_type: str, pod: str, percents: list[float]) -> str:
        cores = {str(core): {"neuroncore_utilization": percent} for core, percent in enumerate(percents)}
        counters = {"period": 1.0, "neuroncores_in_use": cores, "error": ""}
        holder = {"pod_name": pod, "namespace": "lab", "container_name": ["main"]}
        return json.dumps({
            "timestamp": iso(10.5),
            "instance_info": {"instance_id": instance, "instance_type": instance_type},
            "neuron_hardware_info": {"neuron_device_count": 1, "neuroncore_per_device_count": 2},
            "neuron_runtime_data": [{"pid": 1, "report": {"neuroncore_counters": counters}}],
            "neuron_k8s_info": {"neuroncores_k8s_info": dict.fromkeys(cores, holder)},
        })  # fmt: skip

    reports = [
        report("i-trn", "trn1.2xlarge", "nki", [40.0]),
        report("i-inf", "inf2.xlarge", "infer", [90.0, 50.0]),
    ]
    return "\n".join(reports) + "\n"


def nvidia_smi() -> str:
    """A host in Berlin (two hours ahead) with two GPUs; a Slurm job holds both."""
    rows = [
        "timestamp, index, uuid, name, utilization.gpu [%], memory.used [MiB], memory.total [MiB], power.draw [W], mig.mode.current"
    ]
    for minute in (0, 30):
        for index, percent in ((0, "50 %"), (1, "100 %")):
            rows.append(
                f"2026/10/01 12:{minute:02}:15.123, {index}, GPU-smi-{index}, NVIDIA A30, {percent}, 100 MiB, 24576 MiB, 150.00 W, Disabled"
            )
    return "\n".join(rows) + "\n"


def sacct() -> str:
    """One job on the nvidia-smi host, and one that ended before it began."""
    names = (
        "JobIDRaw|JobName|User|Account|Partition|State|Submit|Start|End|ElapsedRaw|NNodes|AllocTRES|NodeList|Comment"
    )
    return (
        f"{names}\n"
        "11|train|u|red|gpu|COMPLETED|2026-10-01T09:00:00|2026-10-01T10:00:00|2026-10-01T11:00:00|3600|1|cpu=8,gres/gpu=2,mem=10G|i-smi|\n"
        "12|ghost|u|blue|gpu|FAILED|2026-10-01T09:00:00|2026-10-01T10:30:00|2026-10-01T10:00:00|0|1|cpu=8,gres/gpu=2,mem=10G|i-smi|\n"
    )


def opencost() -> str:
    """A node that nothing else knows: a pod held three of its four GPUs, busy 2.4 of them; its dollars must not be landed."""
    window = {"start": iso(0), "end": iso(24)}

    def allocation(name: str, **more: object) -> dict:
        return {
            "name": name,
            "window": window,
            "start": iso(10),
            "end": iso(11),
            "minutes": 60,
            "totalCost": 999.5,
            "gpuCost": 999.0,
        } | more

    properties = {
        "cluster": "c",
        "node": "oc",
        "providerID": "i-oc",
        "namespace": "lab",
        "pod": "batch",
        "container": "main",
        "labels": {"team": "green"},
    }
    return json.dumps({"code": 200, "data": [{
        "c/oc/lab/batch/main": allocation("c/oc/lab/batch/main", properties=properties, gpuHours=3, cpuCoreHours=0, ramByteHours=0,
                                          gpuRequestAverage=3, gpuUsageAverage=2.4),
        "c/__idle__": allocation("c/__idle__", properties={"cluster": "c"}, gpuHours=1, cpuCoreHours=0, ramByteHours=0),
    }]})  # fmt: skip


OPENSHIFT_PODS = (
    "interval_start,interval_end,pod,namespace,node,resource_id,pod_usage_cpu_core_seconds,pod_request_cpu_core_seconds,"
    "pod_usage_memory_byte_seconds,pod_request_memory_byte_seconds,node_capacity_cpu_core_seconds,node_capacity_memory_byte_seconds,pod_labels\n"
    "2026-10-01 10:00:00 +0000 UTC,2026-10-01 10:59:59 +0000 UTC,p,lab,ocp,i-ocp,0,0,0,0,0,0,label_team:red\n"
)
# half an hour of a 3g.40gb (4/8) and a row that says more than its hour has
OPENSHIFT_GPUS = (
    "interval_start,interval_end,node,namespace,pod,gpu_uuid,gpu_model_name,gpu_vendor_name,gpu_memory_capacity_mib,gpu_pod_uptime,"
    "mig_instance_id,mig_profile,mig_strategy\n"
    "2026-10-01 10:00:00 +0000 UTC,2026-10-01 10:59:59 +0000 UTC,ocp,lab,p,GPU-ocp,NVIDIA A100-SXM4-80GB,nvidia,81920,1800,1,3g.40gb,mixed\n"
    "2026-10-01 10:00:00 +0000 UTC,2026-10-01 10:59:59 +0000 UTC,ocp,lab,p,GPU-ocp,NVIDIA A100-SXM4-80GB,nvidia,81920,7200,2,3g.40gb,mixed\n"
)
# 48,000 over 48 months from the 1st: 1,461 days; 2 kW x 24 h x 1.25 x 0.25 a day; 310 a month for hosting, which October divides by 31
ASSETS = (
    "asset_id,resource_id,instance_type,site,owner_account,currency,capex,months,power_w,pue,price_per_kwh,hosting_per_month,valid_from,valid_to\n"
    "box-1,box,ng.h200.8x,berlin,platform,EUR,48000,48,2000,1.25,0.25,310,2026-10-01,\n"
)
TEAMS = "unit_id,parent_unit_id,name,cost_center,valid_from,valid_to\n" + "".join(
    f"{team},,{team},1,2020-01-01,\n" for team in ("red", "green", "blue", "operations")
)
IDENTITIES = (
    "key_type,key_value,scope,unit_id,project,environment,priority,valid_from,valid_to\n"
    "slurm_account,red,,red,,,1,2020-01-01,\n"
    "sub_account,labs,,green,,,1,2020-01-01,\n"
    # operations runs the cloud's machines, and another account's would be blue's
    "platform,acme,,operations,,,1,2020-01-01,\n"
    "platform,elsewhere,,blue,,,1,2020-01-01,\n"
    "platform,*,,red,,,1,2020-01-01,\n"
)


def deliver(folder: Path) -> list[tuple[str, str, Path, dict]]:
    """Write every file; returns (source, feed, file, landing options)."""
    host = {"mapping": {"hostname": "=i-smi", "time_zone": "=Europe/Berlin"}}
    files = [
        ("focus", "cloud", "bill.csv", bill(), {}),
        ("kube_state_metrics", "k8s", "kube.json", kubernetes(), {}),
        ("dcgm", "k8s", "dcgm.json", dcgm(), {}),
        ("amd", "k8s", "amd.json", amd(), {}),
        ("cloud_monitoring", "gke", "points.json", cloud_monitoring(), {}),
        ("neuron", "trn", "neuron.jsonl", neuron(), {}),
        ("nvidia_smi", "smi", "smi.csv", nvidia_smi(), host),
        ("slurm", "lab", "sacct.psv", sacct(), {}),
        ("opencost", "c", "allocation.json", opencost(), {}),
        ("openshift", "ocp", "x-ocp_pod_usage.csv", OPENSHIFT_PODS, {}),
        ("openshift", "ocp", "x-ocp_gpu_usage.csv", OPENSHIFT_GPUS, {}),
        ("reference", "assets", "gpu_assets.csv", ASSETS, {}),
        ("reference", "org", "org_units.csv", TEAMS, {}),
        ("reference", "identities", "identity_map.csv", IDENTITIES, {}),
    ]
    for _, _, name, content, _ in files:
        (folder / name).write_text(content)
    return [(source, feed, folder / name, options) for source, feed, name, _, options in files]
