"""Prometheus `query_range` pages: kube-state-metrics, dcgm-exporter and vLLM counters.

* kube-state-metrics: instant values on full hours (what does not change, on every second one). A finished pod stays
  listed for two hours (labels, start, completion and requests), as KSM does until the object is deleted: who ends the
  pod by its last sample bills it too long.
  Of nodes that take no work only the samples that say so are pulled, as by the queries `kube_node_spec_unschedulable == 1`
  and `kube_node_status_condition{condition="Ready", status="true"} == 0`.
* dcgm-exporter: `avg_over_time(metric[step])`, evaluated one second before the end of each step, so the sample at
  hh:59:59 holds the hour hh. A series exists while the pod or job holds the GPU, and its average is over that time
  only. Free GPUs report 0. The last XID error is pulled where there is one.
* vLLM: raw counters on the full hour; the increase up to hh:00 belongs to the hour before.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from .company import CHAT_8B, CHAT_70B, CODE_32B, SERVED_MODELS
from .database import add_table
from .fleet import INSTANCES, RUNNING, Fleet, Hold, Node, digest
from .physics import Physics, measured_parts, outages, sample_keys, series_owners, spread
from .timeline import DAY, HOUR, Timeline, epoch
from .traffic import OK

LINGER = 2 * HOUR  # how long kube-state-metrics lists a finished pod
SLOW_STEP = 2 * HOUR  # what does not change is asked for less often; no pod is listed for less than this
DETAIL_DAYS = 2  # the last days also carry tensor activity, utilisation and power
ENGINE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"


def build_samples(
    con: duckdb.DuckDBPyConnection, fleet: Fleet, physics: Physics, timeline: Timeline, *, step: int
) -> None:
    """Tables `series` (id, source, cluster, labels) and `samples` (series, observed, value as text)."""
    writer = _Series()
    build_served_hours(con)
    parts = [
        _kube(writer, fleet, timeline),
        _kube_troubles(writer, fleet, physics),
        _dcgm(writer, fleet, physics, timeline, step),
        _xid_errors(writer, fleet, physics, step),
        _vllm(writer, con, fleet, timeline),
    ]
    add_table(con, "series", writer.table())
    samples = pa.concat_tables(parts)
    con.register("_samples", samples)
    con.execute("create or replace table samples as select series, observed, value from _samples")
    con.unregister("_samples")


class _Series:
    """Numbers the series and keeps their labels as JSON with sorted keys."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, str, str]] = []

    def add(self, source: str, cluster: str, name: str, labels: dict[str, str]) -> int:
        text = json.dumps({"__name__": name, "cluster": cluster, **labels}, sort_keys=True, separators=(",", ":"))
        self.rows.append((len(self.rows), source, cluster, text))
        return len(self.rows) - 1

    def table(self) -> pa.Table:
        return pa.table(dict(zip(("series", "source", "cluster", "labels"), zip(*self.rows, strict=True), strict=True)))


def _samples(series: np.ndarray, at: np.ndarray, text) -> pa.Table:
    return pa.table(
        {
            "series": pa.array(series, pa.int64()),
            "observed": pa.array(at, pa.int64()),
            "value": pa.array(text, pa.string()),
        }
    )


def _constant(entries: list[tuple[int, int, int, str]], step: int) -> pa.Table:
    """Samples on each multiple of `step` in [first, last) with one value: entries of (series, first, last, value)."""
    series = np.array([e[0] for e in entries], dtype=np.int64)
    starts = np.array([-(-e[1] // step) for e in entries], dtype=np.int64)
    stops = np.array([-(-e[2] // step) for e in entries], dtype=np.int64)
    counts = np.maximum(stops - starts, 0)
    index = np.repeat(np.arange(len(entries)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    dictionary = pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), pa.array([e[3] for e in entries]))
    return _samples(series[index], (starts[index] + offset) * step, dictionary.cast(pa.string()))


def _kube(writer: _Series, fleet: Fleet, timeline: Timeline) -> pa.Table:
    """Nodes and pods: that they are there every hour, what they are every two."""
    hourly: list[tuple[int, int, int, str]] = []
    slowly: list[tuple[int, int, int, str]] = []
    for node in fleet.nodes:
        if node.cluster != "northgrid":
            _kube_node(writer, node, timeline.t1 if node.end == RUNNING else min(node.end, timeline.t1), hourly, slowly)
    for hold in fleet.holds:
        if hold.pod:
            _kube_pod(writer, hold, timeline.t1, hourly, slowly)
        if hold.claim:
            _kube_volume(writer, hold, timeline.t1, slowly)
    return pa.concat_tables([_constant(hourly, HOUR), _constant(slowly, SLOW_STEP)])


def _kube_node(writer: _Series, node: Node, last: int, hourly: list, slowly: list) -> None:
    gpus, cores, memory, _ = INSTANCES[node.instance_type]

    def add(to: list, name: str, labels: dict[str, str], value: str = "1") -> None:
        number = writer.add("kube_state_metrics", node.cluster, name, {"node": node.name} | labels)
        to.append((number, node.start, last, value))

    add(hourly, "kube_node_info", {"provider_id": f"aws:///{node.zone}/{node.resource_id}"})
    labels = {
        "label_node_kubernetes_io_instance_type": node.instance_type,
        "label_topology_kubernetes_io_zone": node.zone,
        "label_eks_amazonaws_com_capacitytype": "SPOT" if node.purchase == "spot" else "ON_DEMAND",
    }
    add(slowly, "kube_node_labels", labels)
    capacity = {"cpu": (str(cores), "core"), "memory": (str(memory * 2**30), "byte")}
    if node.mig:
        capacity |= {"nvidia_com_mig_3g_40gb": ("14", "integer"), "nvidia_com_mig_1g_10gb": ("7", "integer")}
    elif gpus:
        capacity["nvidia_com_gpu"] = (str(gpus), "integer")
    for resource, (value, unit) in capacity.items():
        add(slowly, "kube_node_status_capacity", {"resource": resource, "unit": unit}, value)


def _kube_pod(writer: _Series, hold: Hold, t1: int, hourly: list, slowly: list) -> None:
    ended = hold.end != RUNNING and hold.end < t1
    until = hold.end if ended else t1
    listed = min(until + LINGER, t1) if ended else t1
    identity = {"namespace": hold.namespace, "pod": hold.pod, "uid": hold.workload_id}

    def add(to: list, name: str, labels: dict[str, str], value: str, first: int, last: int) -> None:
        number = writer.add("kube_state_metrics", hold.node.cluster, name, identity | labels)
        to.append((number, first, last, value))

    add(hourly, "kube_pod_start_time", {}, str(hold.start), hold.start, listed)
    add(slowly, "kube_pod_labels", {f"label_{k}": v for k, v in hold.labels.items()}, "1", hold.start, listed)
    add(slowly, "kube_pod_status_phase", {"phase": "Running"}, "1", hold.start, until)
    if ended:
        failed = hold.state not in ("", "COMPLETED")
        add(hourly, "kube_pod_completion_time", {}, str(hold.end), hold.end, listed)
        add(slowly, "kube_pod_status_phase", {"phase": "Failed" if failed else "Succeeded"}, "1", hold.end, listed)
        if hold.state == "PREEMPTED":
            add(slowly, "kube_pod_status_reason", {"reason": "Shutdown"}, "1", hold.end, listed)
    requests = {"cpu": (str(hold.cores), "core"), "memory": (str(hold.memory_gib * 2**30), "byte")}
    if hold.mig_profile:
        requests["nvidia_com_mig_" + hold.mig_profile.replace(".", "_")] = (str(len(hold.mig_slots)), "integer")
    elif hold.gpus:
        requests["nvidia_com_gpu"] = (str(int(hold.gpus)), "integer")
    for resource, (value, unit) in requests.items():
        labels = {"container": "main", "node": hold.node.name, "resource": resource, "unit": unit}
        add(slowly, "kube_pod_container_resource_requests", labels, value, hold.start, listed)


def _kube_volume(writer: _Series, hold: Hold, t1: int, slowly: list) -> None:
    """The volume of a pod's claim: both stay when the pod goes, until somebody deletes them."""
    volume = {"persistentvolume": f"pvc-{digest('volume', hold.volume)[:8]}"}
    claim = {"namespace": hold.namespace, "persistentvolumeclaim": hold.claim}
    for name, labels in (
        ("kube_persistentvolume_info", volume | {"csi_driver": "ebs.csi.aws.com", "csi_volume_handle": hold.volume}),
        ("kube_persistentvolume_claim_ref", volume | {"claim_namespace": hold.namespace, "name": hold.claim}),
        ("kube_persistentvolumeclaim_labels", claim | {"label_team": hold.labels["team"]}),
    ):
        slowly.append((writer.add("kube_state_metrics", hold.node.cluster, name, labels), hold.start, t1, "1"))
    mount = claim | {"pod": hold.pod, "uid": hold.workload_id, "volume": "home"}
    number = writer.add(
        "kube_state_metrics", hold.node.cluster, "kube_pod_spec_volumes_persistentvolumeclaims_info", mount
    )
    slowly.append((number, hold.start, t1 if hold.end == RUNNING else min(hold.end + LINGER, t1), "1"))


# what Kubernetes calls a node that takes no work: metric, labels, value
_TAKES_NO_WORK = {
    "cordoned": ("kube_node_spec_unschedulable", {}, "1"),
    "not_ready": ("kube_node_status_condition", {"condition": "Ready", "status": "true"}, "0"),
}


def _kube_troubles(writer: _Series, fleet: Fleet, physics: Physics) -> pa.Table:
    """Nodes that take no work, on each full hour of that."""
    found: dict[tuple[int, str], list[int]] = {}
    for row in physics.trouble_hours.to_pylist():
        if row["kubernetes"]:
            found.setdefault((row["node"], row["kubernetes"]), []).append(row["hour"])
    series, at, text = [], [], []
    for (number, kind), hours in found.items():
        node = fleet.nodes[number]
        name, labels, value = _TAKES_NO_WORK[kind]
        series += [writer.add("kube_state_metrics", node.cluster, name, {"node": node.name} | labels)] * len(hours)
        at += hours
        text += [value] * len(hours)
    return _samples(np.array(series, dtype=np.int64), np.array(at, dtype=np.int64), text)


def _xid_errors(writer: _Series, fleet: Fleet, physics: Physics, step: int) -> pa.Table:
    """The last XID error of a free node's first GPU, one second before the end of each step."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in physics.trouble_hours.to_pylist():
        if row["xid"]:
            found.setdefault(row["node"], []).append((row["hour"], row["xid"]))
    series, at, text = [], [], []
    for number, hours in found.items():
        node = fleet.nodes[number]
        added = writer.add("dcgm", node.cluster, "DCGM_FI_DEV_XID_ERRORS", _gpu_labels(node, 0))
        for hour, xid in hours:
            for slot in range(hour, hour + HOUR, step):
                series.append(added)
                at.append(slot + step - 1)
                text.append(str(xid))
    return _samples(np.array(series, dtype=np.int64), np.array(at, dtype=np.int64), text)


def _gpu_labels(node: Node, gpu: int) -> dict[str, str]:
    return {
        "gpu": str(gpu),
        "UUID": f"GPU-{digest(node.resource_id, gpu)[:12]}",
        "device": f"nvidia{gpu}",
        "modelName": INSTANCES[node.instance_type][3],
        "Hostname": node.name,
    }


def _dcgm(writer: _Series, fleet: Fleet, physics: Physics, timeline: Timeline, step: int) -> pa.Table:
    first_series: dict[str, np.ndarray] = {}
    names = (ENGINE, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_POWER_USAGE")
    detail_from = timeline.t1 - DETAIL_DAYS * DAY
    owners = series_owners(fleet)
    last_end = np.zeros(len(fleet.holds), dtype=np.int64)
    np.maximum.at(last_end, owners, [timeline.t1 if h.end == RUNNING else h.end for h in fleet.holds])
    for name in names:
        starts = np.full(len(fleet.holds), -1, dtype=np.int64)
        for index, hold in enumerate(fleet.holds):
            if (
                not measured_parts(hold)
                or owners[index] != index
                or (name != ENGINE and last_end[index] <= detail_from)
            ):
                continue
            slots = hold.mig_slots or tuple((gpu, 0) for gpu in range(measured_parts(hold)))
            for gpu, instance in slots:
                labels = _gpu_labels(hold.node, gpu)
                if hold.mig_profile:
                    labels |= {"GPU_I_PROFILE": hold.mig_profile, "GPU_I_ID": str(instance)}
                if hold.pod:
                    labels |= {"namespace": hold.namespace, "pod": hold.pod, "container": "main"}
                else:
                    labels["hpc_job"] = hold.workload_id
                number = writer.add("dcgm", hold.node.cluster, name, labels)
                if starts[index] < 0:
                    starts[index] = number
        first_series[name] = starts

    hold, slot, gpu, value = (physics.activity[name].to_numpy() for name in ("hold", "slot", "gpu", "value"))
    hold = series_owners(fleet)[hold]
    _, once = np.unique(sample_keys(hold, slot, gpu), return_index=True)
    once.sort()
    hold, slot, gpu, value = hold[once], slot[once], gpu[once], value[once]
    at = slot + step - 1
    fractions = pa.array([f"{v / 10_000:.4f}" for v in range(10_001)])
    parts = [_samples(first_series[ENGINE][hold] + gpu, at, fractions.take(pa.array(value)))]

    detail = slot >= detail_from
    hold, gpu, value, at = hold[detail], gpu[detail], value[detail], at[detail]
    sliced = np.array([bool(h.mig_profile) for h in fleet.holds])[hold]
    # utilisation is not valid on MIG and reads 0; power is a device metric, the same on each slice of a GPU
    numbers = pa.array([str(v) for v in range(1000)])
    details = {
        names[1]: fractions.take(pa.array(value * 7 // 10)),
        names[2]: numbers.take(pa.array(np.where(sliced, 0, np.minimum(100, value // 100 + 8)))),
        names[3]: numbers.take(pa.array(np.where(sliced, 310, 110 + value * 57 // 1000))),
    }
    for name, text in details.items():
        parts.append(_samples(first_series[name][hold] + gpu, at, text))
    parts.append(_free_gpus(writer, fleet, physics, timeline, step))
    return pa.concat_tables(parts)


def _free_gpus(writer: _Series, fleet: Fleet, physics: Physics, timeline: Timeline, step: int) -> pa.Table:
    """Zero activity of whole nodes that nobody held in a slot: idle is measured, unlike an outage."""
    position = {id(node): i for i, node in enumerate(fleet.nodes)}
    has_gpus = np.array([INSTANCES[n.instance_type][0] > 0 and not n.mig for n in fleet.nodes])
    slots = (timeline.t1 - timeline.t0) // step
    held = np.zeros((len(fleet.nodes), slots), dtype=bool)
    starts = np.array([h.start for h in fleet.holds])
    ends = np.array([timeline.t1 if h.end == RUNNING else min(h.end, timeline.t1) for h in fleet.holds])
    node_of = np.array([position[id(h.node)] for h in fleet.holds])
    index, slot, _ = spread(starts, ends, step)
    held[node_of[index], (slot - timeline.t0) // step] = True
    node = physics.node_hours["node"].to_numpy()
    hour = physics.node_hours["hour"].to_numpy()
    pieces = HOUR // step
    node = np.repeat(node, pieces)
    slot = np.repeat(hour, pieces) + np.tile(np.arange(pieces) * step, len(hour))
    free = has_gpus[node] & ~held[node, (slot - timeline.t0) // step]
    clusters = np.array([n.cluster for n in fleet.nodes])
    for cluster, start, end in outages(timeline):
        free &= ~((clusters[node] == cluster) & (slot >= start) & (slot < end))
    node, slot = node[free], slot[free]
    first = np.full(len(fleet.nodes), -1, dtype=np.int64)
    count = np.array([INSTANCES[n.instance_type][0] for n in fleet.nodes])
    for number in np.unique(node):
        machine = fleet.nodes[number]
        ids = [writer.add("dcgm", machine.cluster, ENGINE, _gpu_labels(machine, gpu)) for gpu in range(count[number])]
        first[number] = ids[0]
    row = np.repeat(np.arange(len(node)), count[node])
    gpu = np.arange(len(row)) - np.repeat(np.cumsum(count[node]) - count[node], count[node])
    return _samples(
        first[node[row]] + gpu,
        slot[row] + step - 1,
        pa.array(["0.0000"]).take(pa.array(np.zeros(len(row), dtype=np.int64))),
    )


# Counters of the newer engine, which measures its time, and of the older one; the first of them had counted for a while.
_NEW_ENGINE = {
    "vllm:prompt_tokens_total": 4_000_000_000,
    "vllm:prompt_tokens_cached_total": 2_600_000_000,
    "vllm:prefix_cache_queries_total": 9_000_000_000,
    "vllm:prefix_cache_hits_total": 6_000_000_000,
    "vllm:generation_tokens_total": 90_000_000,
    "vllm:request_success_total": 60_000,
    "vllm:num_preemptions_total": 300,
    "vllm:prompt_tokens_recomputed_total": 7_000_000,
    "vllm:request_prefill_time_seconds_sum": 40_000_000,
    "vllm:request_decode_time_seconds_sum": 900_000_000,
}
_OLD_ENGINE = {
    "vllm:prompt_tokens_total": 4_000_000_000,
    "vllm:gpu_prefix_cache_hits_total": 2_600_000_000,
    "vllm:generation_tokens_total": 90_000_000,
    "vllm:request_success_total": 60_000,
    "vllm:num_preemptions_total": 300,
}
ENGINES = {CHAT_70B: _NEW_ENGINE, CODE_32B: _OLD_ENGINE, CHAT_8B: _OLD_ENGINE}
RECOMPUTED_PER_PREEMPTION = 20_000  # tokens


def prefill_milliseconds(computed: int, preemptions: int) -> int:
    """Time in prefill of an hour's requests: of computed prompt tokens and of those computed again after a preemption."""
    return (computed + preemptions * RECOMPUTED_PER_PREEMPTION) // 6


def decode_milliseconds(hour: int, generated: int) -> int:
    """Time in decode; a token takes longer where more requests share the batch."""
    return generated * (12 + hour // HOUR % 24)


def preemptions_of(hour: int, requests: int) -> int:
    """Requests thrown out of the batch, in the busy hours."""
    return requests // 8 if 9 <= hour // HOUR % 24 < 16 else 0


def _vllm(writer: _Series, con: duckdb.DuckDBPyConnection, fleet: Fleet, timeline: Timeline) -> pa.Table:
    """Counters of each server pod. They saw every request, logged or not, and count adapters under the base model; the
    load of an hour is spread evenly over the pods. Prefix look-ups are counted twice: requests that wait are looked up
    again.
    """
    reset_at = epoch(timeline.day_of(0, 5), 4)  # the engine of one pod restarts: its counters begin again
    series_out, at_out, text_out = [], [], []
    work = con.execute(
        "select deployment, hour, prompt, cached, generated, answered, preemptions, prefill_ms, decode_ms from served_hours"
    ).fetchall()
    counted: dict[str, dict[int, dict[str, int]]] = {}
    for deployment, hour, prompt, cached, generated, answered, preemptions, prefill, decode in work:
        counted.setdefault(deployment, {})[hour] = {
            "vllm:prompt_tokens_total": prompt,
            "vllm:prompt_tokens_cached_total": cached,
            "vllm:prefix_cache_queries_total": 2 * prompt,
            "vllm:prefix_cache_hits_total": 2 * cached,
            "vllm:gpu_prefix_cache_hits_total": cached,
            "vllm:generation_tokens_total": generated,
            "vllm:request_success_total": answered,
            "vllm:num_preemptions_total": preemptions,
            "vllm:prompt_tokens_recomputed_total": preemptions * RECOMPUTED_PER_PREEMPTION,
            "vllm:request_prefill_time_seconds_sum": prefill,
            "vllm:request_decode_time_seconds_sum": decode,
        }
    for deployment, model in SERVED_MODELS.items():
        pods = sorted(
            (h for h in fleet.holds if h.deployment == deployment), key=lambda h: (h.node.resource_id, h.start)
        )
        names = ENGINES[deployment]
        generations = sorted({h.start for h in pods})
        for generation in generations:
            alive = [h for h in pods if h.start == generation]
            for index, hold in enumerate(alive):
                end = timeline.t1 if hold.end == RUNNING else hold.end
                labels = {
                    "namespace": hold.namespace,
                    "pod": hold.pod,
                    "model_name": model,
                    "engine": "0",
                    "instance": f"10.0.{index}.8:8000",
                }
                numbers = {
                    name: writer.add(
                        "vllm",
                        hold.node.cluster,
                        name,
                        labels | ({"finished_reason": "stop"} if name == "vllm:request_success_total" else {}),
                    )
                    for name in names
                }
                counters = dict(names) if generation == timeline.t0 else dict.fromkeys(names, 0)
                for at in range(generation, end + 1, HOUR):
                    if at > generation:
                        if at - HOUR == reset_at and index == 0 and deployment == next(iter(SERVED_MODELS)):
                            counters = dict.fromkeys(names, 0)
                        counts = counted.get(deployment, {}).get(at - HOUR, {})
                        for name in names:
                            count = counts.get(name, 0)
                            counters[name] += count // len(alive) + (count % len(alive) if index == 0 else 0)
                    for name in names:
                        series_out.append(numbers[name])
                        at_out.append(at)
                        in_seconds = name.endswith("_seconds_sum")
                        text_out.append(f"{counters[name] / 1000:.3f}" if in_seconds else str(counters[name]))
    return _samples(np.array(series_out, dtype=np.int64), np.array(at_out, dtype=np.int64), text_out)


def build_served_hours(con: duckdb.DuckDBPyConnection) -> None:
    """Table `served_hours`: what each deployment did in an hour, by all requests, logged or not. Times are NULL where the
    engine does not measure them.
    """
    rows = con.execute(
        f"""select r.project, u.hour, sum(input_uncached_text_tokens + input_cache_read_tokens)::bigint,
            sum(input_cache_read_tokens)::bigint, sum(output_text_tokens)::bigint,
            sum(case when outcome = {OK} then requests else 0 end)::bigint
        from usage u join routes r on r.meter = u.meter and r.route = u.route
        where u.meter = 'request_log' group by all order by all"""
    ).fetchall()
    con.execute(
        "create or replace table served_hours (deployment varchar, hour bigint, prompt bigint, cached bigint, generated bigint,"
        " answered bigint, preemptions bigint, prefill_ms bigint, decode_ms bigint)"
    )
    full = []
    for deployment, hour, prompt, cached, generated, answered in rows:
        preemptions = preemptions_of(hour, answered)
        times = (prefill_milliseconds(prompt - cached, preemptions), decode_milliseconds(hour, generated))
        measured = "vllm:request_prefill_time_seconds_sum" in ENGINES[deployment]
        full.append(
            (deployment, hour, prompt, cached, generated, answered, preemptions, *(times if measured else (None, None)))
        )
    con.executemany("insert into served_hours values (?, ?, ?, ?, ?, ?, ?, ?, ?)", full)


def write_pages(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    source: str,
    clusters: tuple[str, ...],
    first: int,
    last: int,
    *,
    both_replicas: bool = False,
) -> Path:
    """One `query_range` response with the samples of [first, last); counters also have the one at `last`, which ends
    the window.

    With `both_replicas`, both Prometheus servers of an HA pair answer, told apart by the label `prometheus_replica`.
    """
    until = f"observed <= {last}" if source == "vllm" else f"observed < {last}"
    names = ", ".join(f"'{c}'" for c in clusters)
    rows = con.execute(
        f"""select s.labels, string_agg('[' || observed || ',"' || value || '"]', ',' order by observed)
        from samples join series s using (series)
        where s.source = ? and s.cluster in ({names}) and observed >= {first} and {until}
        group by s.series, s.labels order by s.series""",
        [source],
    ).fetchall()
    results = []
    replicas = ["prometheus-0", "prometheus-1"] if both_replicas else [None]
    for labels, values in rows:
        for replica in replicas:
            metric = labels if replica is None else f'{labels[:-1]},"prometheus_replica":"{replica}"}}'
            results.append(f'{{"metric":{metric},"values":[{values}]}}')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"status":"success","data":{"resultType":"matrix","result":[\n' + ",\n".join(results) + "\n]}}\n")
    return path
