"""MLflow `runs/search` pages: runs with their tags; sweeps as a parent without a job; one crashed run that never
ends.
"""

from __future__ import annotations

import json
from pathlib import Path

from .company import CORPUS
from .experiments import last_checkpoint, metrics
from .fleet import RUNNING, Fleet, Run

PAGE_SIZE = 200


def write_runs(folder: Path, fleet: Fleet, first: int, pulled_at: int) -> list[Path]:
    """Pages with the runs that were alive in [first, pulled_at), as MLflow knew them at `pulled_at`."""
    runs = [
        run
        for run in fleet.runs
        if run.tracker == "mlflow" and run.start < pulled_at and (run.end == RUNNING or run.end >= first or run.crashed)
    ]
    runs.sort(key=lambda r: (r.start, r.run_id))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    chunks = [runs[i : i + PAGE_SIZE] for i in range(0, len(runs), PAGE_SIZE)] or [[]]
    for number, chunk in enumerate(chunks, start=1):
        path = folder / f"runs-{number:02d}.json"
        token = f"page-{number + 1}" if number < len(chunks) else None
        page = {"runs": [_run(run, pulled_at) for run in chunk], "next_page_token": token}
        path.write_text(json.dumps(page, separators=(",", ":")) + "\n")
        paths.append(path)
    return paths


def _run(run: Run, pulled_at: int) -> dict:
    # a run that crashed logged its metrics until then, and nobody closed it
    logged = run.end != RUNNING and run.end <= pulled_at
    ended = logged and not run.crashed
    status = "RUNNING"
    if ended:
        last = run.attempts[-1].state if run.attempts else "COMPLETED"
        status = "FINISHED" if last == "COMPLETED" else "FAILED"
    known = [a for a in run.attempts if a.start < pulled_at]
    tags = {
        "mlflow.user": f"u-{run.team}",
        "mlflow.runName": run.name,
        "team": run.team,
        "cluster": run.cluster,
        "purpose": run.purpose,
        "mlflow.source.git.commit": run.commit,
    }
    if run.model:
        tags |= {"model": run.model, "model_version": run.model_version}
    if run.writes_dataset:
        tags["produces_dataset"] = run.writes_dataset
    if run.parent_run_id:
        tags["mlflow.parentRunId"] = run.parent_run_id
    if known and known[0].scheduler == "slurm":
        tags["slurm_job_id"] = str(known[0].job_id)
    elif known:
        tags["k8s.pod_uid"] = known[0].holds[0].workload_id
    checkpoint = last_checkpoint(run, pulled_at) if ended else None
    if checkpoint:
        tags["last_checkpoint_at"] = checkpoint
    gpus = sum(h.gpus for h in known[0].holds) if known else 0
    data = {
        "name": CORPUS,
        "digest": run.corpus_digest,
        "source_type": "s3",
        "source": json.dumps({"uri": f"s3://{CORPUS}/{run.corpus_digest}"}),
    }
    read = [{"dataset": data, "tags": [{"key": "mlflow.data.context", "value": "training"}]}]
    return {
        "info": {
            "run_id": run.run_id,
            "run_name": run.name,
            "experiment_id": run.experiment_id,
            "user_id": f"u-{run.team}",
            "status": status,
            "start_time": run.start * 1000,
            "end_time": run.end * 1000 if ended else None,
            "artifact_uri": f"s3://meridian-mlflow/{run.experiment_id}/{run.run_id}/artifacts",
            "lifecycle_stage": "active",
        },
        "data": {
            "metrics": [
                {"key": key, "value": value, "timestamp": run.end * 1000, "step": run.steps}
                for key, value in metrics(run)
            ]
            if logged
            else [],
            "params": [{"key": key, "value": value} for key, value in {"gpus": str(int(gpus)), **run.params}.items()],
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        },
        "inputs": {"dataset_inputs": read if run.corpus_digest else []},
    }
