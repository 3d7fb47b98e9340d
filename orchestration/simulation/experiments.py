"""What trackers and evaluations say of the runs: code, settings, data, progress and quality; and what runs leave behind.

All of it follows from the run's id, so that machines and bills of GPUs do not depend on it. One run repeats another; one run's
volume was never deleted; one corpus is read by nobody; the one that is read is prepared by a run of its own each month.
"""

from __future__ import annotations

import json
from pathlib import Path

from .company import ADAPTER_TRAINED, CORPUS, WANDB_TEAM
from .fleet import RUNNING, Fleet, Run, digest
from .timeline import utc

WANDB_ENTITY, WANDB_PROJECT = "meridian", "assist"
STEP_SECONDS, EPOCH_STEPS = 12, 5_000


def describe(fleet: Fleet) -> None:
    """Give each run its tracker, code, settings, data, steps and accuracy."""
    for run in (run for run in fleet.runs if run.tracker != "sagemaker"):
        run.tracker = "wandb" if run.team == WANDB_TEAM else "mlflow"
        run.commit = digest("commit", run.run_id)[:40]
        if run.writes_dataset:
            run.purpose, run.params = "prepare_data", {"near_duplicates_above": "0.85"}
            continue
        run.params = {"learning_rate": f"{1 + int(digest('lr', run.run_id)[:6], 16)}e-9", "schedule": "cosine"}
        run.corpus_digest = digest("corpus", run.model, utc(run.start).month)[:8]
        run.purpose = (
            "finetune" if run.model.endswith(("-sft", "-rl")) else "eval" if run.kind == "experiment" else "train"
        )
        if run.attempts and run.end != RUNNING:
            run.steps = sum(attempt.end - attempt.start for attempt in run.attempts) // STEP_SECONDS
            run.accuracy = round(0.5 + int(digest("accuracy", run.run_id)[:4], 16) / 65_536 * 0.3, 4)
    pair = _pair(fleet)
    if pair:
        first, again = pair
        again.commit, again.params, again.corpus_digest = first.commit, dict(first.params), first.corpus_digest
        again.repeats_run_id = first.run_id
        first.volume = f"vol-0{digest('volume', first.run_id)[:16]}"


def finished(run: Run) -> bool:
    """Whether the tracker says that the run has finished."""
    return bool(run.attempts) and run.end != RUNNING and run.attempts[-1].state == "COMPLETED" and not run.crashed


def _work(run: Run) -> tuple:
    return run.tracker, run.model, run.kind, sum(hold.gpus for hold in run.attempts[0].holds)


def _pair(fleet: Fleet) -> tuple[Run, Run] | None:
    """The first two runs of one tracker, model and size on AWS that read data, of which the second began when the first had finished."""
    runs = sorted(
        (run for run in fleet.runs if run.corpus_digest and run.attempts and run.cluster.startswith("atlas")),
        key=lambda r: (r.start, r.run_id),
    )
    pairs = (
        (first, again)
        for again in runs
        for first in runs
        if finished(first) and first.end <= again.start and _work(first) == _work(again)
    )
    return next(pairs, None)


def metrics(run: Run) -> list[tuple[str, float]]:
    """Last value of each metric of a run that has ended."""
    if run.steps is None:
        return []
    loss = round(1.4 + int(digest("loss", run.run_id)[:4], 16) / 65_536, 4)
    return [("eval/loss", loss), ("eval/accuracy", run.accuracy), ("epoch", run.steps / EPOCH_STEPS)]


def last_checkpoint(run: Run, pulled_at: int) -> str | None:
    """What the tracker says of the last checkpoint of a run that has ended; schedulers but Kubernetes' know it themselves."""
    known = [attempt for attempt in run.attempts if attempt.start < pulled_at]
    written = [attempt.checkpoint for attempt in known if attempt.checkpoint and attempt.checkpoint <= pulled_at]
    if not written or known[0].scheduler != "kubernetes":
        return None
    return f"{utc(written[-1]):%Y-%m-%dT%H:%M:%S}"


def write_wandb(path: Path, fleet: Fleet, first: int, pulled_at: int) -> Path:
    """Runs of the Weights & Biases project that were alive in [first, pulled_at), one JSON object a line."""
    lines = []
    for run in sorted(fleet.runs, key=lambda r: (r.start, r.run_id)):
        if run.tracker != "wandb" or run.start >= pulled_at or run.end not in (RUNNING,) and run.end < first:
            continue
        ended = run.end != RUNNING and run.end <= pulled_at
        last = run.attempts[-1].state if run.attempts else ""
        checkpoint = last_checkpoint(run, pulled_at) if ended else None
        summary = {"_step": run.steps, **dict(metrics(run))} if ended else {}
        lines.append(
            {
                "entity": WANDB_ENTITY,
                "project": WANDB_PROJECT,
                "id": digest("wandb", run.run_id)[:24],
                "name": run.run_id,
                "displayName": run.name,
                "state": ("finished" if last == "COMPLETED" else "failed") if ended else "running",
                "createdAt": f"{utc(run.start):%Y-%m-%dT%H:%M:%SZ}",
                "heartbeatAt": f"{utc(run.end if ended else pulled_at):%Y-%m-%dT%H:%M:%SZ}",
                "user": {"name": run.team, "username": f"u-{run.team}"},
                "jobType": run.purpose,
                "commit": run.commit,
                "config": {**run.params, "team": run.team, "model": run.model, "model_version": run.model_version},
                "summaryMetrics": summary | ({"last_checkpoint_at": checkpoint} if checkpoint else {}),
                "usedArtifacts": [
                    {"name": f"{CORPUS}:{run.corpus_digest}", "type": "dataset", "digest": run.corpus_digest}
                ],
            }
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return path


def write_evaluations(folder: Path, fleet: Fleet, first: int, pulled_at: int) -> list[Path]:
    """lm-eval results of each fine-tuned model, an hour after its run has finished within [first, pulled_at)."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for run in fleet.runs:
        at = run.end + 3600
        if run.model != ADAPTER_TRAINED or not finished(run) or not first <= at < pulled_at:
            continue
        task = {"alias": "gsm8k", "exact_match,strict-match": run.accuracy, "exact_match_stderr,strict-match": 0.0134}
        results = {
            "results": {"gsm8k": task},
            "versions": {"gsm8k": 3},
            "n-shot": {"gsm8k": 5},
            "higher_is_better": {"gsm8k": {"exact_match": True}},
            "n-samples": {"gsm8k": {"original": 1319, "effective": 1319}},
            "config": {
                "model": "vllm",
                "model_args": f"pretrained=meridian/{run.model},revision={run.model_version}",
                "limit": None,
                "metadata": {"run_id": run.run_id},
            },
            "date": at + 0.25,
            "start_time": 4211.1,
            "end_time": 4982.4,
            "model_name": f"meridian/{run.model}",
            "total_evaluation_time_seconds": "771.3",
        }
        path = folder / f"results_{utc(at):%Y-%m-%dT%H-%M-%S}.json"
        path.write_text(json.dumps(results, indent=2) + "\n")
        paths.append(path)
    return paths
