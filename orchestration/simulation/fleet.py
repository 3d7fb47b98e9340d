"""Machines and what ran on them: nodes, training attempts, serving and experiment pods, by the second.

Training jobs hold whole nodes (all GPUs, cores and memory), serving pods likewise; only the node in MIG mode and the
CPU nodes are shared. So the cost of a run or of a deployment does not depend on how a node-hour is split into GPU,
CPU and memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from .company import (
    ADAPTER_TRAINED,
    CHAT_8B,
    CHAT_70B,
    CODE_32B,
    CORPUS,
    PRODUCT_ACCOUNT,
    TRAINING_ACCOUNT,
    WANDB_TEAM,
)
from .timeline import DAY, HOUR, Timeline, epoch, rng

# instance type -> GPUs, cores, memory GiB, GPU model
INSTANCES = {
    "p5.48xlarge": (8, 192, 2048, "NVIDIA H100 80GB HBM3"),
    "p4d.24xlarge": (8, 96, 1152, "NVIDIA A100-SXM4-40GB"),
    "g6e.12xlarge": (4, 48, 384, "NVIDIA L40S"),
    "g5.xlarge": (1, 4, 16, "NVIDIA A10G"),
    "m7i.8xlarge": (0, 32, 128, ""),
    "ng.h200.8x": (8, 192, 2048, "NVIDIA H200"),
}
RUNNING = -1  # end of what is still alive when the data ends
# part of an H100 that a slice is: the larger of its parts of the compute (of 7) and of the memory (of 8)
SLICES = {"3g.40gb": 4 / 8, "1g.10gb": 1 / 7}


def digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


@dataclass
class Node:
    """A machine that was paid for from `start` to `end` (epoch seconds; RUNNING = still there)."""

    resource_id: str
    name: str
    cluster: str
    instance_type: str
    purchase: str  # on_demand | savings_plan | spot | reserved
    start: int
    end: int
    account: str = ""
    zone: str = ""
    mig: bool = False


@dataclass
class Hold:
    """One pod, or one job on one node: what it held there and how busy the GPUs were (mean engine activity)."""

    node: Node
    workload_id: str  # pod uid, or Slurm job id
    start: int
    end: int
    gpus: float
    cores: int
    memory_gib: int
    activity: float
    namespace: str = ""
    pod: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    mig_profile: str = ""
    mig_slots: tuple[tuple[int, int], ...] = ()  # (GPU, instance id) of a slice
    run_id: str = ""
    deployment: str = ""
    state: str = ""  # how the pod of an attempt ended
    quiet_from: int = RUNNING  # full hour from which on nobody works with what it holds; RUNNING = never
    claim: str = ""  # persistent volume claim that the pod mounts; the volume stays when the pod is gone

    @property
    def volume(self) -> str:
        """Id of the claim's volume on the bill; empty without a claim."""
        return f"vol-0{digest('claim', self.namespace, self.claim)[:16]}" if self.claim else ""


@dataclass
class Attempt:
    """One try of a run: a Slurm record, or the pods of a Kubernetes job."""

    run_id: str
    attempt_no: int
    scheduler: str  # slurm | kubernetes
    start: int
    end: int
    state: str  # COMPLETED | PREEMPTED | NODE_FAIL | FAILED | RUNNING
    checkpoint: int | None
    nodes: list[Node]
    holds: list[Hold]
    job_id: int = 0
    submit: int = 0


@dataclass
class Run:
    """A training run or an experiment as MLflow knows it."""

    run_id: str
    name: str
    experiment_id: str
    team: str
    model: str
    model_version: str
    kind: str  # training | experiment
    cluster: str
    attempts: list[Attempt] = field(default_factory=list)
    parent_run_id: str = ""
    crashed: bool = False  # the process died without telling MLflow
    start: int = 0
    end: int = RUNNING
    # what trackers say of it (experiments.describe)
    tracker: str = "mlflow"  # mlflow | wandb
    commit: str = ""
    params: dict[str, str] = field(default_factory=dict)
    corpus_digest: str = ""
    purpose: str = "train"
    steps: int | None = None  # None until it has ended
    accuracy: float | None = None
    repeats_run_id: str = ""
    volume: str = ""  # storage that it left behind
    writes_dataset: str = ""  # what a run of preparation makes


@dataclass(frozen=True)
class Trouble:
    """What was wrong with a machine in whole hours in which nobody held it; it is paid for all the same."""

    node: Node
    start: int
    end: int
    xid: int = 0  # error that its first GPU reports
    kubernetes: str = ""  # cordoned | not_ready

    @property
    def has_failed(self) -> bool:
        """Whether the GPU is out of order, and not just the application that ran on it."""
        return self.xid in FATAL_XIDS


@dataclass
class Fleet:
    nodes: list[Node]
    holds: list[Hold]
    runs: list[Run]
    drained: list[tuple[Node, int, int]]  # reserved nodes that the vendor took out of service: from, to (whole hours)
    undelivered: int  # reserved nodes that the vendor bills and that never came
    troubles: list[Trouble] = field(default_factory=list)


@dataclass(frozen=True)
class _Lane:
    """A row of jobs, one after the other, on a group of nodes of its own."""

    name: str
    cluster: str
    teams: tuple[str, ...]
    models: tuple[str, ...]
    size: int
    hours: tuple[float, float]
    gap_hours: tuple[float, float]
    activity: float
    interrupts: float
    kind: str = "training"
    sweep: int = 0
    node_fails: bool = False


# fmt: off
NORTHGRID_LANES = (
    _Lane("pretrain", "northgrid", ("foundation",), ("meridian-70b",), 14, (120, 260), (0.5, 3), 0.88, 0.75,
          node_fails=True),
    _Lane("midtrain", "northgrid", ("foundation", "posttraining"), ("meridian-13b", "meridian-70b"), 8, (40, 110),
          (0.3, 4), 0.82, 0.35),
    _Lane("rl", "northgrid", ("posttraining",), ("meridian-70b-rl",), 4, (20, 70), (0.3, 5), 0.58, 0.3),
    _Lane("evals", "northgrid", ("evaluation",), ("meridian-13b-eval",), 2, (6, 16), (0.2, 3), 0.45, 0.12,
          kind="experiment", sweep=6),
    _Lane("tune", "northgrid", ("search", "automation", "posttraining"), ("meridian-embed", "meridian-agent"), 2,
          (10, 40), (0.5, 6), 0.66, 0.2),
)
# The plan covers its region's p5 nodes, whoever launched them.
SAVINGS_PLAN_CLUSTER = "atlas-east"
SAVINGS_PLAN_LANES = (
    _Lane("sp-foundation", "atlas-east", ("foundation",), ("meridian-vision",), 8, (60, 150), (0.4, 5), 0.80, 0.3),
    _Lane("sp-posttraining", "atlas-east", ("posttraining",), (ADAPTER_TRAINED,), 6, (18, 60), (0.3, 5), 0.70, 0.25),
)
# nodes of these lanes live as long as their job: launched and stopped within the hour
ON_DEMAND_LANES = (
    _Lane("od-flex", "atlas-east", ("assistant",), ("meridian-assist",), 1, (14, 50), (3, 18), 0.62, 0.2),
    _Lane("od-burst", "atlas-west", ("foundation", "posttraining"), ("meridian-audio",), 9, (20, 80), (1, 12), 0.78,
        0.3),
    _Lane("od-search", "atlas-west", ("search", "assistant"), ("meridian-embed",), 6, (12, 48), (2, 14), 0.60, 0.25),
    _Lane("od-spot", "atlas-west", ("evaluation",), ("meridian-eval-small",), 3, (8, 30), (2, 12), 0.55, 0.6,
          kind="experiment"),
)
# fmt: on
PREPARATION = _Lane("preparation", "atlas-east", ("dataplatform",), (), 1, (9, 14), (0, 0), 0.6, 0)


def build_fleet(timeline: Timeline, *, seed: int, gpu_scale: float) -> Fleet:
    """Lay out all machines and workloads of the window, scaled by `gpu_scale` (each group keeps one node at least)."""
    fleet = Fleet([], [], [], [], undelivered=max(1, round(gpu_scale)))
    _reserved(fleet, timeline, seed, gpu_scale)
    _savings_plan(fleet, timeline, seed, gpu_scale)
    for lane in ON_DEMAND_LANES:
        _lane_jobs(fleet, lane, None, timeline, seed, _scaled(lane.size, gpu_scale))
    _mig(fleet, timeline, seed, gpu_scale)
    _serving(fleet, timeline, seed, gpu_scale)
    _cpu(fleet, timeline, seed, gpu_scale)
    _preparation(fleet, timeline, seed)
    _left_alone(fleet, timeline)
    _number_slurm_jobs(fleet)
    _break_down(fleet, timeline)
    return fleet


def _scaled(count: int, scale: float) -> int:
    return max(1, round(count * scale))


def planned_nodes(scale: float) -> int:
    """Nodes under the savings plan when every lane that it covers has all of its nodes."""
    covered = [lane for lane in (*SAVINGS_PLAN_LANES, *ON_DEMAND_LANES) if lane.cluster == SAVINGS_PLAN_CLUSTER]
    return sum(_scaled(lane.size, scale) for lane in covered)


def _ip(text: str, zone: str) -> str:
    value = int(digest("ip", text)[:6], 16)
    domain = "ec2.internal" if zone.startswith("us-east-1") else f"{zone[:-1]}.compute.internal"
    return f"ip-10-{value % 200 + 16}-{value // 200 % 250}-{value // 50_000 % 250}.{domain}"


def _aws_node(
    key: str, cluster: str, itype: str, purchase: str, start: int, end: int, account: str, zone: str, mig: bool = False
) -> Node:
    return Node(
        f"i-0{digest('node', key)[:16]}", _ip(key, zone), cluster, itype, purchase, start, end, account, zone, mig
    )


def _reserved(fleet: Fleet, timeline: Timeline, seed: int, scale: float) -> None:
    number = 0
    for lane in NORTHGRID_LANES:
        nodes = []
        for _ in range(_scaled(lane.size, scale)):
            number += 1
            name = f"ng-h200-{number:03d}"
            nodes.append(Node(name, name, "northgrid", "ng.h200.8x", "reserved", timeline.t0, RUNNING))
        fleet.nodes += nodes
        _lane_jobs(fleet, lane, nodes, timeline, seed, len(nodes))


def _savings_plan(fleet: Fleet, timeline: Timeline, seed: int, scale: float) -> None:
    for lane in SAVINGS_PLAN_LANES:
        nodes = [
            _aws_node(
                f"{lane.name}-{i}",
                lane.cluster,
                "p5.48xlarge",
                "savings_plan",
                timeline.t0,
                RUNNING,
                TRAINING_ACCOUNT,
                "us-east-1a",
            )
            for i in range(_scaled(lane.size, scale))
        ]
        fleet.nodes += nodes
        _lane_jobs(fleet, lane, nodes, timeline, seed, len(nodes))


def _lane_jobs(fleet: Fleet, lane: _Lane, fixed: list[Node] | None, timeline: Timeline, seed: int, size: int) -> None:
    """Fill a lane with runs until the data ends. Without `fixed` nodes each attempt launches machines of its own."""
    random = rng(seed, "lane", lane.name)
    at = timeline.t0 + int(random.uniform(0.2, 6) * HOUR)
    number, parent, failed_nodes = 0, None, 0
    while at < timeline.t1:
        number += 1
        if lane.sweep and (number - 1) % lane.sweep == 0:
            parent = _run(lane, random, f"sweep-{number // lane.sweep + 1}", number)
            parent.start = at
            fleet.runs.append(parent)
        run = _run(lane, random, f"run-{number}", number)
        run.start = at
        if parent:
            run.parent_run_id = parent.run_id
            run.team, run.model = parent.team, parent.model
        fleet.runs.append(run)
        remaining = int(random.uniform(*lane.hours) * HOUR)
        attempt_no = 0
        while remaining > 0 and at < timeline.t1:
            attempt_no += 1
            cut = attempt_no <= 3 and random.random() < lane.interrupts
            length = int(remaining * random.uniform(0.2, 0.8)) if cut else remaining
            length = max(length, 2 * HOUR + int(random.integers(0, HOUR)))
            every = int(random.uniform(1.2, 3.5) * HOUR)
            # on Kubernetes checkpoints are on the nodes' own disks and go with them: an interrupted run starts over
            kept = 0 if cut and lane.cluster != "northgrid" else length // every * every
            draw = random.random()
            state = "COMPLETED"
            if cut:
                can_fail = lane.node_fails and failed_nodes < 2 and (at + length) > timeline.t0 + 20 * DAY
                state = "NODE_FAIL" if can_fail else "PREEMPTED" if draw < 0.75 else "FAILED"
            elif draw < 0.04:
                state = "FAILED"
            end = at + length
            if end >= timeline.t1:
                end, state = RUNNING, "RUNNING"
            attempt = _attempt(
                fleet, run, lane, fixed, attempt_no, at, end, state, at + kept if kept else None, timeline, random, size
            )
            run.attempts.append(attempt)
            if end == RUNNING:
                at = timeline.t1
                break
            at = end
            if state == "NODE_FAIL":
                failed_nodes += 1
                at = _drain(fleet, fixed or [], end, random)
            elif state == "COMPLETED" or not cut:
                remaining = 0
            else:
                at += int(random.uniform(0.05, 0.8) * HOUR)
            remaining -= kept if cut else remaining
        last = run.attempts[-1]
        run.end = last.end
        run.crashed = last.state == "FAILED" and lane.name in ("tune", "rl") and not any(r.crashed for r in fleet.runs)
        if parent:
            parent.end = run.end
        at += int(random.uniform(*lane.gap_hours) * HOUR)


def _run(lane: _Lane, random: np.random.Generator, label: str, number: int) -> Run:
    team = lane.teams[int(random.integers(len(lane.teams)))]
    model = lane.models[int(random.integers(len(lane.models)))]
    experiment = str(100 + int(digest("experiment", team, model)[:4], 16) % 900)
    return Run(
        digest("run", lane.name, label)[:32],
        f"{model}-{label}",
        experiment,
        team,
        model,
        f"v{1 + number // 4}",
        lane.kind,
        lane.cluster,
    )


def _attempt(fleet, run, lane, fixed, number, start, end, state, checkpoint, timeline, random, size) -> Attempt:
    slurm = lane.cluster == "northgrid"
    nodes = fixed
    if nodes is None:
        spot = lane.name == "od-spot"
        itype = "p4d.24xlarge" if spot else "p5.48xlarge"
        purchase = "spot" if spot else "savings_plan" if lane.cluster == SAVINGS_PLAN_CLUSTER else "on_demand"
        zone = "us-east-1a" if lane.cluster == "atlas-east" else "us-west-2b"
        nodes = [
            _aws_node(f"{run.run_id}-{number}-{i}", lane.cluster, itype, purchase, start, end, TRAINING_ACCOUNT, zone)
            for i in range(size)
        ]
        fleet.nodes += nodes
    holds = []
    for index, node in enumerate(nodes):
        gpus, cores, memory, _ = INSTANCES[node.instance_type]
        activity = float(np.clip(random.normal(lane.activity, 0.04), 0.05, 0.97))
        hold = Hold(node, "", start, end, gpus, cores, memory, activity, run_id=run.run_id, state=state)
        if not slurm:
            hold.namespace = run.team
            hold.pod = f"{run.name}-{number}-worker-{index}"
            hold.workload_id = _uid("pod", run.run_id, number, index)
            hold.labels = {
                "team": run.team,
                **({"model": run.model} if run.model else {}),
                f"{'wandb' if run.team == WANDB_TEAM else 'mlflow'}_run_id": run.run_id,
                "environment": "dev",
                "workload_type": run.kind,
            }
        holds.append(hold)
    fleet.holds += holds
    return Attempt(
        run.run_id,
        number,
        "slurm" if slurm else "kubernetes",
        start,
        end,
        state,
        checkpoint,
        nodes,
        holds,
        # Slurm resets the submission of a job that it requeues
        submit=run.attempts[-1].end if run.attempts else run.start - 300,
    )


def _uid(*parts: object) -> str:
    text = digest(*parts)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def _drain(fleet: Fleet, nodes: list[Node], at: int, random: np.random.Generator) -> int:
    """Take one node out of service from the next full hour; the job waits for it."""
    first = -(-at // HOUR) * HOUR
    last = first + int(random.integers(12, 40)) * HOUR
    if nodes:
        fleet.drained.append((nodes[int(random.integers(len(nodes)))], first, last))
    return last + int(random.uniform(0.1, 0.5) * HOUR)


# NVIDIA's driver: 79 the GPU has fallen off the bus, 95 an uncontained memory error, 119 its system processor hangs; 43 is an
# application's own fault
FATAL_XIDS = (79, 95, 119)
APPLICATION_XID = 43
TROUBLES = (
    {"xid": 95},
    {"kubernetes": "cordoned"},
    {"kubernetes": "not_ready"},
    {"xid": APPLICATION_XID},
    {"xid": 79, "kubernetes": "cordoned"},
    {"xid": 119, "kubernetes": "not_ready"},
)
TROUBLE_EVERY = 12  # of so many pauses of a machine; the other pauses are sound


def _break_down(fleet: Fleet, timeline: Timeline) -> None:
    """Some pauses between the jobs of the machines that are always there have a reason. The pauses are counted from the start of the
    window, so that a longer window changes none of them. Slurm's machines have no Kubernetes that could say so.
    """
    held: dict[int, list[Hold]] = {}
    for hold in fleet.holds:
        held.setdefault(id(hold.node), []).append(hold)
    lasting = [
        node
        for node in fleet.nodes
        if node.cluster in ("northgrid", SAVINGS_PLAN_CLUSTER) and node.start == timeline.t0 and node.end == RUNNING
    ]
    for position, node in enumerate(lasting):
        holds = sorted(held[id(node)], key=lambda hold: hold.start)
        followed = [*(hold.start for hold in holds[1:]), timeline.t1]
        pauses = [
            (-(-hold.end // HOUR) * HOUR, min(follows, timeline.t1) // HOUR * HOUR)
            for hold, follows in zip(holds, followed, strict=True)
            if hold.end != RUNNING
        ]
        for number, (start, end) in enumerate(pause for pause in pauses if pause[0] < pause[1]):
            kind = (position + number) % TROUBLE_EVERY
            if kind >= len(TROUBLES):
                continue
            trouble = TROUBLES[kind]
            if node.cluster == "northgrid":
                trouble = {"xid": trouble["xid"]} if "xid" in trouble else None
            if trouble:
                fleet.troubles.append(Trouble(node, start, end, **trouble))


def _number_slurm_jobs(fleet: Fleet) -> None:
    """Job ids in order of submission; the attempts of a requeued job share one."""
    runs = [run for run in fleet.runs if run.attempts and run.attempts[0].scheduler == "slurm"]
    for number, run in enumerate(sorted(runs, key=lambda r: (r.start, r.run_id)), start=91_001):
        for attempt in run.attempts:
            attempt.job_id = number
            for hold in attempt.holds:
                hold.workload_id = str(number)


def _mig(fleet: Fleet, timeline: Timeline, seed: int, scale: float) -> None:
    """H100 nodes cut into slices: GPUs 0-6 as two 3g.40gb, GPU 7 as seven 1g.10gb; experiments and a small guard
    model.
    """
    for number in range(_scaled(1, scale)):
        node = _aws_node(
            f"mig-{number}",
            "atlas-west",
            "p5.48xlarge",
            "on_demand",
            timeline.t0,
            RUNNING,
            TRAINING_ACCOUNT,
            "us-west-2b",
            True,
        )
        fleet.nodes.append(node)
        slots = [("3g.40gb", gpu, instance) for gpu in range(7) for instance in (1, 2)]
        slots += [("1g.10gb", 7, instance) for instance in range(7, 14)]
        for index, (profile, gpu, instance) in enumerate(slots):
            random = rng(seed, "mig", number, index)
            if index == 0:
                pod = f"guard-3b-{number}"
                labels = {
                    "team": "mlplatform",
                    "app": "guard-3b",
                    "model": "guard-3b",
                    "environment": "prod",
                    "workload_type": "serving",
                }
                fleet.holds.append(
                    Hold(
                        node,
                        _uid(pod),
                        timeline.t0 + 3 * HOUR,
                        RUNNING,
                        0,
                        4,
                        32,
                        0.3,
                        "serving",
                        pod,
                        labels,
                        profile,
                        ((gpu, instance),),
                        deployment="guard-3b",
                    )
                )
                continue
            at, pod_no = timeline.t0 + int(random.uniform(0, 60) * HOUR), 0
            while at < timeline.t1:
                pod_no += 1
                team = ("evaluation", "posttraining", "foundation")[int(random.integers(3))]
                end = at + int(random.uniform(30, 190) * HOUR)
                end = RUNNING if end >= timeline.t1 else end
                pod = f"notebook-{number}-{index}-{pod_no}"
                labels = {"team": team, "environment": "dev", "workload_type": "experiment"}
                fleet.holds.append(
                    Hold(
                        node,
                        _uid(pod),
                        at,
                        end,
                        0,
                        4,
                        40,
                        float(random.uniform(0.15, 0.5)),
                        team,
                        pod,
                        labels,
                        profile,
                        ((gpu, instance),),
                    )
                )
                at = timeline.t1 if end == RUNNING else end + int(random.uniform(4, 70) * HOUR)


def _serving(fleet: Fleet, timeline: Timeline, seed: int, scale: float) -> None:
    """vLLM servers, one pod on each whole node. Each deployment restarts its pods once (a new version)."""
    restart = epoch(timeline.day_of(1, 8), 9)
    for deployment, count, team, activity in ((CHAT_70B, 3, "assistant", 0.46), (CODE_32B, 2, "search", 0.30)):
        for index in range(_scaled(count, scale)):
            node = _aws_node(
                f"{deployment}-{index}",
                "beacon",
                "g6e.12xlarge",
                "on_demand",
                timeline.t0,
                RUNNING,
                PRODUCT_ACCOUNT,
                "us-east-1b",
            )
            fleet.nodes.append(node)
            gpus, cores, memory, _ = INSTANCES[node.instance_type]
            labels = {
                "team": team,
                # the pods of one deployment only say which engine they are: the declared map tells by their names what they serve
                "app": deployment if deployment == CHAT_70B else "vllm",
                "model": deployment,
                "environment": "prod",
                "workload_type": "serving",
            }
            parts = [(timeline.t0, RUNNING, 1)]
            if timeline.t0 < restart < timeline.t1:
                parts = [(timeline.t0, restart, 1), (restart, RUNNING, 2)]
            for start, end, version in parts:
                pod = f"{deployment}-{digest(deployment, index, version)[:9]}-{digest(index, version)[:5]}"
                fleet.holds.append(
                    Hold(
                        node,
                        _uid(pod),
                        start,
                        end,
                        gpus,
                        cores,
                        memory,
                        activity,
                        "serving",
                        pod,
                        labels,
                        deployment=deployment,
                    )
                )


def _cpu(fleet: Fleet, timeline: Timeline, seed: int, scale: float) -> None:
    for index in range(_scaled(2, scale)):
        node = _aws_node(
            f"cpu-{index}", "beacon", "m7i.8xlarge", "on_demand", timeline.t0, RUNNING, PRODUCT_ACCOUNT, "us-east-1b"
        )
        fleet.nodes.append(node)
        pod = f"litellm-gateway-{index}"
        labels = {"team": "mlplatform", "app": "litellm-gateway", "environment": "prod", "workload_type": "other"}
        fleet.holds.append(Hold(node, _uid(pod), timeline.t0, RUNNING, 0, 20, 64, 0.0, "gateway", pod, labels))


def _preparation(fleet: Fleet, timeline: Timeline, seed: int) -> None:
    """On the second day of each month near-duplicates are taken out of the corpus, on a machine launched for it: no model's run."""
    [team] = PREPARATION.teams
    for month in timeline.months:
        random = rng(seed, "preparation", month.label)
        start = int(month.start.timestamp()) + DAY + 5 * HOUR + int(random.integers(0, HOUR))
        end = start + int(random.uniform(*PREPARATION.hours) * HOUR)
        node = _aws_node(
            f"preparation-{month.label}",
            PREPARATION.cluster,
            "g6e.12xlarge",
            "on_demand",
            start,
            end,
            TRAINING_ACCOUNT,
            "us-east-1a",
        )
        fleet.nodes.append(node)
        run_id = digest("run", PREPARATION.name, month.label)[:32]
        run = Run(run_id, f"corpus-dedup-{month.label}", "99", team, "", "", PREPARATION.kind, PREPARATION.cluster)
        run.start, run.end, run.writes_dataset = start, end, CORPUS
        attempt = _attempt(
            fleet, run, PREPARATION, [node], 1, start, end, "COMPLETED", None, timeline, random, PREPARATION.size
        )
        run.attempts.append(attempt)
        fleet.runs.append(run)


def _left_alone(fleet: Fleet, timeline: Timeline) -> None:
    """What nobody needs any more: the server of a model that was replaced, and a notebook that its owner does not come back to after
    two days of work.
    """
    _small_machine(
        fleet,
        f"{CHAT_8B}-{digest(CHAT_8B)[:9]}-{digest(CHAT_8B, 0)[:5]}",
        "beacon",
        "serving",
        {"team": "assistant", "app": CHAT_8B, "model": CHAT_8B, "environment": "prod", "workload_type": "serving"},
        timeline.t0,
        RUNNING,
        quiet_from=timeline.t0,
        deployment=CHAT_8B,
    )
    opened = timeline.t0 + 2 * DAY + 9 * HOUR + 1260
    deleted = opened + 13 * DAY
    if opened < timeline.t1:
        _small_machine(
            fleet,
            "notebook-rubric-study",
            "atlas-west",
            "evaluation",
            {"team": "evaluation", "environment": "dev", "workload_type": "experiment"},
            opened,
            deleted if deleted < timeline.t1 else RUNNING,
            quiet_from=timeline.t0 + 4 * DAY + 18 * HOUR,
            claim="rubric-study-home",
        )


def _small_machine(
    fleet: Fleet,
    pod: str,
    cluster: str,
    namespace: str,
    labels: dict[str, str],
    start: int,
    end: int,
    *,
    quiet_from: int,
    deployment: str = "",
    claim: str = "",
) -> None:
    """A machine with one GPU, there for the one pod that holds all of it."""
    account, zone = (PRODUCT_ACCOUNT, "us-east-1b") if cluster == "beacon" else (TRAINING_ACCOUNT, "us-west-2b")
    node = _aws_node(pod, cluster, "g5.xlarge", "on_demand", start, end, account, zone)
    fleet.nodes.append(node)
    gpus, cores, memory, _ = INSTANCES[node.instance_type]
    fleet.holds.append(
        Hold(
            node,
            _uid(pod),
            start,
            end,
            gpus,
            cores,
            memory,
            0.35,
            namespace,
            pod,
            labels,
            deployment=deployment,
            quiet_from=quiet_from,
            claim=claim,
        )
    )
