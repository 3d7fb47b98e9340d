"""The fleet by the hour: paid seconds of nodes, held seconds of workloads, measured activity. Arrow tables, one row
per hour.

These are facts of the world, not of any vendor: bills, telemetry and truth all start from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .fleet import INSTANCES, RUNNING, Fleet, Hold
from .timeline import DAY, HOUR, Timeline, epoch, rng

HOURS_SPAN = 10_000_000  # more hours since 1970 than any world reaches
QUIET_SHARE = 0.05  # of its activity is left of what nobody works with


@dataclass(frozen=True)
class Physics:
    """Hourly facts; `hold` and `node` are indexes into the fleet's lists.

    Attributes:
        node_hours: node, hour, seconds (paid, drained hours left out).
        hold_hours: hold, hour, seconds.
        activity: hold, slot (epoch second of its start), gpu (position in the hold), value (engine activity in
            1/10,000); what was measured and exported.
        activity_hours: hold, hour, value (mean of the exported samples in 1/10,000, double): absent = unknown.
        trouble_hours: node, hour, xid (0 = none), has_failed, kubernetes (cordoned, not_ready or empty): hours that are paid
            for, that nobody held and in which something was wrong.
    """

    node_hours: pa.Table
    hold_hours: pa.Table
    activity: pa.Table
    activity_hours: pa.Table
    trouble_hours: pa.Table


def outages(timeline: Timeline) -> list[tuple[str, int, int]]:
    """Clusters whose GPU metrics are missing, from, to: unknown, not idle."""
    whole_day = epoch(timeline.day_of(1, 22))
    return [
        ("northgrid", whole_day, whole_day + DAY),
        ("beacon", epoch(timeline.day_of(1, 12), 10), epoch(timeline.day_of(1, 12), 13)),
        ("atlas-east", epoch(timeline.day_of(2, 19), 2), epoch(timeline.day_of(2, 19), 4)),
    ]


def spread(starts: np.ndarray, ends: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut intervals at multiples of `step`: (index of the interval, start of the slot, seconds inside it)."""
    first, last = starts // step, -(-ends // step)
    counts = np.maximum(last - first, 0)
    index = np.repeat(np.arange(len(starts)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    slot = (first[index] + offset) * step
    seconds = np.minimum(ends[index], slot + step) - np.maximum(starts[index], slot)
    return index, slot, seconds


def measure(fleet: Fleet, timeline: Timeline, *, seed: int, step: int) -> Physics:
    """Expand the fleet over the window and draw the activity of each held GPU or slice, `step` seconds a sample."""
    t1 = timeline.t1

    def ends(items) -> np.ndarray:
        return np.array([t1 if item.end == RUNNING else min(item.end, t1) for item in items], dtype=np.int64)

    node_starts = np.array([n.start for n in fleet.nodes], dtype=np.int64)
    node, hour, seconds = spread(node_starts, ends(fleet.nodes), HOUR)
    paid = np.ones(len(node), dtype=bool)
    position = {id(n): i for i, n in enumerate(fleet.nodes)}
    for drained, start, end in fleet.drained:
        paid &= ~((node == position[id(drained)]) & (hour >= start) & (hour < end))
    node_hours = pa.table({"node": node[paid], "hour": hour[paid], "seconds": seconds[paid]})

    hold_starts = np.array([h.start for h in fleet.holds], dtype=np.int64)
    hold_ends = ends(fleet.holds)
    hold, hour, seconds = spread(hold_starts, hold_ends, HOUR)
    hold_hours = pa.table({"hold": hold, "hour": hour, "seconds": seconds})

    activity = _activity(fleet, hold_starts, hold_ends, timeline, seed, step)
    slot_hour = activity["slot"].to_numpy() // HOUR * HOUR
    owner = activity["hold"].to_numpy()
    keys, inverse = np.unique(owner * HOURS_SPAN + slot_hour // HOUR, return_inverse=True)
    total = np.bincount(inverse, weights=activity["value"].to_numpy())
    activity_hours = pa.table(
        {
            "hold": keys // HOURS_SPAN,
            "hour": keys % HOURS_SPAN * HOUR,
            "value": total / np.bincount(inverse),
        }
    )
    return Physics(node_hours, hold_hours, activity, activity_hours, _trouble_hours(fleet, timeline, node_hours))


def _trouble_hours(fleet: Fleet, timeline: Timeline, node_hours: pa.Table) -> pa.Table:
    """Nothing is known to be wrong while metrics are missing."""
    position = {id(node): i for i, node in enumerate(fleet.nodes)}
    paid = set(zip(node_hours["node"].to_pylist(), node_hours["hour"].to_pylist(), strict=True))
    rows = [
        {
            "node": position[id(trouble.node)],
            "hour": hour,
            "xid": trouble.xid,
            "has_failed": trouble.has_failed,
            "kubernetes": trouble.kubernetes,
        }
        for trouble in fleet.troubles
        for hour in range(trouble.start, trouble.end, HOUR)
        if (position[id(trouble.node)], hour) in paid
        and not any(
            cluster == trouble.node.cluster and start <= hour < end for cluster, start, end in outages(timeline)
        )
    ]
    columns = {
        "node": pa.int64(),
        "hour": pa.int64(),
        "xid": pa.int64(),
        "has_failed": pa.bool_(),
        "kubernetes": pa.string(),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def _activity(fleet: Fleet, starts: np.ndarray, ends: np.ndarray, timeline: Timeline, seed: int, step: int) -> pa.Table:
    widths = np.array([measured_parts(hold) for hold in fleet.holds], dtype=np.int64)
    hold, slot, seconds = spread(starts, ends, step)
    missing = np.zeros(len(hold), dtype=bool)
    clusters = np.array([h.node.cluster for h in fleet.holds])
    for cluster, start, end in outages(timeline):
        missing |= (clusters[hold] == cluster) & (slot >= start) & (slot < end)
    keep = (widths[hold] > 0) & ~missing & (seconds > 0)
    hold, slot = hold[keep], slot[keep]
    count = widths[hold]
    row = np.repeat(np.arange(len(hold)), count)
    gpu = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    hold, slot = hold[row], slot[row]
    base = np.array([h.activity for h in fleet.holds])[hold]
    serving = np.array([bool(h.deployment) for h in fleet.holds])[hold]
    daily = np.where(serving, 0.45 * np.sin((slot % DAY / DAY - 0.33) * 2 * np.pi) * base, 0.0)
    # Drawn in order of time: later samples must not change what was drawn for earlier ones.
    noise = np.empty(len(hold))
    noise[np.argsort(slot, kind="stable")] = rng(seed, "activity").normal(0, 0.04, size=len(hold))
    value = np.clip(base + daily + noise, 0.005, 0.995)
    quiet_from = np.array([timeline.t1 if h.quiet_from == RUNNING else h.quiet_from for h in fleet.holds])[hold]
    value = np.where(slot >= quiet_from, value * QUIET_SHARE, value)
    value = np.rint(value * 10_000).astype(np.int64)
    # a job that comes back to a node within one step has one series there, so both attempts have its average
    keys = sample_keys(series_owners(fleet)[hold], slot, gpu)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    value = value[first][inverse.reshape(-1)]
    return pa.table({"hold": hold, "slot": slot, "gpu": gpu, "value": value})


def sample_keys(owner: np.ndarray, slot: np.ndarray, gpu: np.ndarray) -> np.ndarray:
    """One number for each (series owner, slot, GPU); slots are multiples of a second, GPUs fewer than 16."""
    first = slot.min() if len(slot) else 0
    width = (slot.max() - first + 1) if len(slot) else 1
    return (owner * width + (slot - first)) * 16 + gpu


def series_owners(fleet: Fleet) -> np.ndarray:
    """The first hold with the same labels (node and workload), by hold: exporters cannot tell the two apart."""
    seen: dict[tuple, int] = {}
    names = ((h.node.resource_id, h.workload_id, h.pod, h.mig_slots) for h in fleet.holds)
    return np.array([seen.setdefault(name, index) for index, name in enumerate(names)], dtype=np.int64)


def measured_parts(hold: Hold) -> int:
    """Series that the GPU exporter has for a hold: its GPUs, or its slices."""
    if hold.mig_profile:
        return len(hold.mig_slots)
    return INSTANCES[hold.node.instance_type][0] if hold.gpus else 0
