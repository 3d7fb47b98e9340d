"""Bad input of experiment trackers and evaluations: good rows are kept, each other has its field and reason."""

from __future__ import annotations

import json

import pytest

RUN = {
    "entity": "meridian",
    "project": "assist",
    "name": "1a2b3c4d",
    "displayName": "run-1",
    "state": "finished",
    "createdAt": "2026-11-03T08:00:00Z",
    "heartbeatAt": "2026-11-03T10:00:00Z",
    "user": {"username": "ana"},
    "config": {"team": "research", "lr": 0.1},
    "summaryMetrics": {"_step": 400, "eval/accuracy": 0.71},
    "usedArtifacts": [{"name": "corpus:v3", "type": "dataset", "digest": "d3"}],
}
JOB = {
    "TrainingJobName": "sft-1",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:222222222222:training-job/sft-1",
    "TrainingJobStatus": "Completed",
    "ResourceConfig": {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 2},
    "TrainingTimeInSeconds": 14400,
    "BillableTimeInSeconds": 5600,
    "CreationTime": "2026-11-03T08:00:00Z",
    "TrainingStartTime": "2026-11-03 08:06:00+00:00",
    "TrainingEndTime": "1793707560.5",
}
EVALUATION = {
    "results": {"gsm8k": {"alias": "gsm8k", "exact_match,strict-match": 0.612}},
    "versions": {"gsm8k": 3},
    "n-shot": {"gsm8k": 5},
    "higher_is_better": {"gsm8k": {"exact_match": True}},
    "config": {"model": "vllm", "model_args": "pretrained=acme/acme-7b,revision=v4", "limit": None},
    "date": 1793680000.1,
    "start_time": 4211.1,
    "model_name": "acme/acme-7b",
    "total_evaluation_time_seconds": "771.3",
}


def lines(*records: dict) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def rejects(warehouse) -> list[tuple]:
    return warehouse.query("select row_number, field, reason from raw.load_rejects order by row_number")


def test_wandb_runs_with_a_broken_state_date_or_number(own_schemas):
    good = [RUN | {"name": f"good{number:04d}"} for number in range(300)]
    result = own_schemas.deliver(
        "wandb",
        lines(
            RUN | {"name": "odd", "state": "exploded"},
            RUN | {"name": "ahead", "createdAt": "2099-01-01T00:00:00Z", "heartbeatAt": None},
            RUN | {"name": None},
            *good,
        ),
        "runs.jsonl",
    )
    assert (result.outcome, result.loaded, result.rejected) == ("loaded", 300, 3)
    found = rejects(own_schemas)
    assert [row[:2] for row in found] == [(1, "state"), (2, "created_at"), (3, "run_id")]
    assert "pending" in found[0][2]


def test_a_metric_that_is_not_a_number_does_not_cost_the_run(own_schemas):
    """Python writes NaN into JSON, which is none."""
    text = lines(RUN).replace("0.71", "NaN")
    result = own_schemas.deliver("wandb", text, "runs.jsonl")
    assert (result.loaded, result.rejected) == (1, 0)


def test_wandb_fields_under_pythons_names_are_refused(own_schemas):
    """There `id` is the run's id and `name` is what is shown: read as the API's fields, runs would swap their keys."""
    python = {key: value for key, value in RUN.items() if key != "displayName"} | {"id": "1a2b3c4d", "name": "run-1"}
    result = own_schemas.deliver("wandb", lines(python), "runs.jsonl")
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert "run_name (run_name or displayName)" in result.reason


def test_a_later_heartbeat_replaces_a_run_and_an_earlier_one_does_not(own_schemas):
    running = RUN | {"state": "running", "heartbeatAt": "2026-11-03T09:00:00Z"}
    assert own_schemas.deliver("wandb", lines(running), "1.jsonl").loaded == 1
    assert own_schemas.deliver("wandb", lines(RUN), "2.jsonl").loaded == 1
    late = RUN | {"state": "running", "heartbeatAt": "2026-11-03T09:30:00Z"}
    assert own_schemas.deliver("wandb", lines(late), "3.jsonl").superseded == 1
    assert own_schemas.query("select state from raw.wandb_runs") == [("finished",)]


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "pretty-printed"])
def test_sagemaker_jobs_as_the_cli_and_as_boto3_write_them(own_schemas, indent):
    result = own_schemas.deliver("sagemaker", json.dumps(JOB, indent=indent), "job.json")
    assert (result.loaded, result.rejected) == (1, 0)
    assert own_schemas.query(
        "select instance_type, instance_count, billable_seconds, cast(training_end_time as varchar) from raw.sagemaker_training_jobs"
    ) == [("ml.p5.48xlarge", 2, 5600, "2026-11-03 12:06:00.5")]


def test_a_sagemaker_answer_that_is_cut_off(own_schemas):
    result = own_schemas.deliver("sagemaker", json.dumps(JOB)[:-40], "job.json")
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert result.reason.startswith("job.json: it is no complete JSON")


def test_sagemakers_error_instead_of_a_job(own_schemas):
    result = own_schemas.deliver("sagemaker", '{"Error": {"Code": "AccessDeniedException"}}', "job.json")
    assert result.outcome == "refused"
    assert "TrainingJobArn" in result.reason


def test_a_job_of_negative_seconds_is_rejected_and_the_others_are_kept(own_schemas):
    jobs = [JOB | {"TrainingJobArn": f"arn:{number}"} for number in range(150)]
    bad = JOB | {"TrainingJobArn": "arn:bad", "BillableTimeInSeconds": -5}
    result = own_schemas.deliver("sagemaker", json.dumps([bad, *jobs]), "jobs.json")
    assert (result.loaded, result.rejected) == (150, 1)
    assert rejects(own_schemas) == [(1, "billable_seconds", "is below 0")]


def test_an_evaluation_is_dated_by_its_date_and_not_by_its_counters(own_schemas):
    result = own_schemas.deliver("lm_eval", json.dumps(EVALUATION, indent=2), "results_2026-11-03T11-06-40.json")
    assert (result.loaded, result.rejected) == (1, 0)
    assert own_schemas.query("select cast(evaluated_at as varchar), sample_limit from raw.lm_eval_evaluations") == [
        ("2026-11-03 04:26:40.1", None)
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"results": [1]}, "results"), ({"date": 4211.1}, "evaluated_at")],
    ids=["results are a list", "a counter in place of the date"],
)
def test_an_evaluation_without_results_or_time_is_refused(own_schemas, change, field):
    result = own_schemas.deliver("lm_eval", json.dumps(EVALUATION | change), "results_x.json")
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert field in result.reason
