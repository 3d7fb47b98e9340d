"""Gate 1 on real Parquet: what passes, what is refused and what the refusal says."""

from datetime import datetime

import duckdb
import pytest

from orchestration.gates.arrivals import Arrival, Column, Gate, request_for
from orchestration.gates.thresholds import Threshold, Thresholds

AS_OF = datetime(2026, 9, 1)
THRESHOLDS = Thresholds(
    {
        ("arrivals_unique_rows", "*"): Threshold(1000, "critical"),
        ("arrivals_future_days", "*"): Threshold(45, "critical"),
    }
)
COLUMNS = (
    Column("job_id", required=True),
    Column("gpus", minimum=0, maximum=100),
    Column("state", accepted_values=("RUNNING", "DONE")),
)


def gate(folder) -> Gate:
    return Gate(run_id="r", as_of=AS_OF, thresholds=THRESHOLDS, folder=folder / "run", docs_dir=folder / "docs")


def arrival(folder, rows: str, load_id: str, **more) -> Arrival:
    path = folder / f"{load_id}.parquet"
    duckdb.sql(
        f"copy (select * from (values {rows}) as t(job_id, gpus, state, _day, _file)) to '{path}' (format parquet)"
    )
    return Arrival(load_id, "slurm", "slurm_jobs", (path,), COLUMNS, key=("job_id",), rows=rows.count("("), **more)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """One process for all candidates; starting Great Expectations is the dear part."""
    folder = tmp_path_factory.mktemp("arrivals")
    day = "date '2026-08-01', 'a.csv'"
    own = (
        {
            "name": "done_has_gpus",
            "severity": "critical",
            "meaning": "a finished job had GPUs",
            "sql": "select job_id from {batch} where state = 'DONE' and gpus = 0",
        },
    )
    hint = (
        {
            "name": "odd",
            "severity": "warning",
            "meaning": "jobs are rarely that large",
            "sql": "select job_id from {batch} where gpus > 90",
        },
    )
    arrivals = [
        arrival(folder, f"('1', 8, 'DONE', {day}), ('2', 4, 'RUNNING', {day})", "good", expectations=own),
        arrival(folder, f"(null, 8, 'DONE', {day}), ('2', -4, 'LOST', {day})", "bad"),
        arrival(folder, f"('1', 8, 'DONE', {day}), ('1', 8, 'DONE', {day})", "twice"),
        arrival(folder, "('1', 8, 'DONE', date '2099-01-01', 'a.csv')", "future"),
        arrival(folder, f"('1', 0, 'DONE', {day})", "own", expectations=own),
        arrival(folder, f"('1', 95, 'DONE', {day})", "hint", expectations=hint),
        Arrival("nofile", "slurm", "slurm_jobs", (), COLUMNS),
    ]
    with gate(folder) as one:
        # Two questions, one process: the price book is judged after the rest.
        found = one.judge(arrivals[:3]) | one.judge(arrivals[3:])
    return {key.split(".")[0]: verdict for key, verdict in found.items()}, folder


def test_a_sound_candidate_passes_and_names_its_suite(verdicts):
    verdict = verdicts[0]["good"]
    assert verdict.accepted
    assert [(r.check_name, r.scope, r.status) for r in verdict.results] == [("arrivals.slurm_jobs", "good", "pass")]


def test_faults_are_named_with_their_rows(verdicts):
    verdict = verdicts[0]["bad"]
    failed = {result.check_name: result.failed_rows for result in verdict.results[1:]}
    assert not verdict.accepted
    assert failed == {
        "arrivals.slurm_jobs.job_id_present": 1,
        "arrivals.slurm_jobs.gpus_in_range": 1,
        "arrivals.slurm_jobs.state_known": 1,
    }
    assert "job_id is never missing" in verdict.reason


@pytest.mark.parametrize(
    ("load", "check", "rows"), [("twice", "key_unique", 2), ("future", "no_future_day", 1), ("own", "done_has_gpus", 1)]
)
def test_each_kind_of_check_can_refuse(verdicts, load, check, rows):
    verdict = verdicts[0][load]
    assert not verdict.accepted
    assert [(r.check_name, r.failed_rows) for r in verdict.results[1:]] == [(f"arrivals.slurm_jobs.{check}", rows)]


def test_a_warning_informs_and_lets_the_load_in(verdicts):
    verdict = verdicts[0]["hint"]
    assert verdict.accepted
    assert [(r.severity, r.status, r.blocks) for r in verdict.results[1:]] == [("warning", "fail", False)]


def test_a_refused_load_blocks_nothing_else(verdicts):
    assert not any(result.blocks for verdict in verdicts[0].values() for result in verdict.results)


def test_a_delivery_without_rows_has_a_result_too(verdicts):
    """An empty page is an answer; whether it may replace anything is the loader's to judge."""
    assert [(r.check_name, r.status) for r in verdicts[0]["nofile"].results] == [("arrivals.slurm_jobs", "pass")]


def test_data_docs_are_built(verdicts):
    assert (verdicts[1] / "docs" / "index.html").exists()


def test_without_candidates_no_process_is_started(tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *a, **k: pytest.fail("a process was started"))
    with gate(tmp_path) as one:
        assert one.judge([]) == {}


def test_a_gate_that_dies_refuses_with_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", "false")
    with gate(tmp_path) as one:
        verdict = one.judge([Arrival("x", "s", "t", (tmp_path / "x.parquet",), ())])["x.t"]
    assert not verdict.accepted
    assert "ended with 1" in verdict.reason


def test_a_large_candidate_is_not_checked_for_duplicates_again(tmp_path):
    large = Arrival("x", "s", "t", (tmp_path / "x",), (), key=("id",), rows=1001)
    request = request_for([large], THRESHOLDS, AS_OF)
    assert "key_unique" not in [check["name"] for check in request["candidates"][0]["checks"]]
