"""One managed training job on spot capacity: interrupted once, billed for less than its training time, by the hour under its ARN."""

from __future__ import annotations

import json
from pathlib import Path

from .company import CORPUS, TRAINING_ACCOUNT
from .fleet import Run, digest
from .timeline import DAY, HOUR, Timeline, utc

TEAM, MODEL, VERSION = "search", "meridian-rerank", "v1"
INSTANCE, GPUS, RATE = "g6e.12xlarge", 4, "13.1158"  # on demand, an instance and hour
BILLED_SHARE = 0.4  # of the training time: the saving of spot capacity
MINUTE = 60


def run_of(timeline: Timeline) -> Run:
    """The job as a run: begun on the second day at 08:06, ended six hours later."""
    start = timeline.t0 + DAY + 8 * HOUR + 6 * MINUTE
    name = f"{MODEL}-{utc(start):%Y%m%d}"
    arn = f"arn:aws:sagemaker:us-east-1:{TRAINING_ACCOUNT}:training-job/{name}"
    return Run(
        arn, name, "rerank-distillation", TEAM, MODEL, VERSION, "training", "sagemaker", start=start, end=start + 6 * HOUR,
        tracker="sagemaker", commit=digest("commit", arn)[:40],
    )  # fmt: skip


def stretches(run: Run) -> list[tuple[int, int]]:
    """Its two attempts: until the interruption on the full hour after 174 minutes, and from twenty minutes later."""
    cut = run.start + 174 * MINUTE
    return [(run.start, cut), (cut + 20 * MINUTE, run.end)]


def billed_hours(run: Run) -> list[tuple[int, float]]:
    """(hour, instance-hours on the bill) of the hours in which it held its instance."""
    found = []
    for hour in range(run.start // HOUR * HOUR, run.end, HOUR):
        held = sum(max(0, min(end, hour + HOUR) - max(start, hour)) for start, end in stretches(run))
        found.append((hour, round(held / HOUR * BILLED_SHARE, 10)))
    return [(hour, amount) for hour, amount in found if amount > 0]


def write_job(path: Path, run: Run) -> Path:
    """`DescribeTrainingJob` of the job, after its end, as boto3 gives it."""
    (_, cut), (again, _) = stretches(run)
    held = sum(end - start for start, end in stretches(run))

    def iso(seconds: int) -> str:
        return f"{utc(seconds):%Y-%m-%d %H:%M:%S}+00:00"

    job = {
        "TrainingJobName": run.name,
        "TrainingJobArn": run.run_id,
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "HyperParameters": {"learning_rate": "3e-5", "sagemaker_job_name": run.name},
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": f"s3://{CORPUS}/rerank"}}},
        ],
        "ResourceConfig": {"InstanceType": f"ml.{INSTANCE}", "InstanceCount": 1, "VolumeSizeInGB": 200},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": f"s3://meridian-weights/{run.name}"},
        "CreationTime": iso(run.start - 6 * MINUTE),
        "TrainingStartTime": iso(run.start),
        "TrainingEndTime": iso(run.end),
        "LastModifiedTime": iso(run.end),
        "TrainingTimeInSeconds": held,
        "BillableTimeInSeconds": round(held * BILLED_SHARE),
        "SecondaryStatusTransitions": [
            {"Status": "Training", "StartTime": iso(run.start), "EndTime": iso(cut)},
            {"Status": "Interrupted", "StartTime": iso(cut), "EndTime": iso(again)},
            {"Status": "Training", "StartTime": iso(again), "EndTime": iso(run.end)},
        ],
        "FinalMetricDataList": [{"MetricName": "validation:accuracy", "Value": 0.81, "Timestamp": iso(run.end)}],
        "Environment": {"TEAM": TEAM, "MODEL": MODEL, "MODEL_VERSION": VERSION, "CODE_COMMIT": run.commit},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(job, indent=2) + "\n")
    return path
