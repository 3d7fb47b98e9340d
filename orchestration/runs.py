"""What each run did, under `home/runs/<run_id>/`: run.json, gate_results.jsonl, dbt.log.

Clock times and run ids live here and in the schema `quality`, nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestration.gates.results import GateResult, read_results, write_results

RUNNING = "running"
NOTHING_NEW = "nothing_new"
PUBLISHED = "published"
REFUSED = "refused"
FAILED = "failed"
KILLED = "killed"
# Ended without an error before it published: a part of the assets was run by hand.
UNFINISHED = "unfinished"

KEEP_RUNS = 100


def utc_now() -> datetime:
    """Wall clock, naive UTC, whole seconds."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


@dataclass
class RunRecord:
    """One run, saved after each stage so that a killed run still says how far it came.

    Attributes:
        stages: Seconds per stage, in order.
        loads: One entry per (load, raw table) of this run: load_id, source, feed, table, rows, rejected, verdict,
            reason.
        dirty_days: ISO days that were rebuilt; None where everything was.
        full_tests: Whether tests judged all days, not only the rebuilt ones.
        problems: Why nothing was published, one sentence each.
    """

    run_id: str
    as_of: str
    folder: Path
    started_at: str
    ended_at: str | None = None
    status: str = RUNNING
    stages: dict[str, float] = field(default_factory=dict)
    loads: list[dict] = field(default_factory=list)
    dirty_days: list[str] | None = field(default_factory=list)
    models_built: int = 0
    tests_run: int = 0
    full_tests: bool = False
    version: str | None = None
    problems: list[str] = field(default_factory=list)
    results: list[GateResult] = field(default_factory=list, repr=False)

    @classmethod
    def start(cls, home: Path, as_of: datetime) -> RunRecord:
        """Begin a record."""
        started = utc_now()
        run_id = f"{started:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        record = cls(run_id, as_of.isoformat(), home / "runs" / run_id, started.isoformat())
        record.save()
        return record

    @property
    def results_path(self) -> Path:
        """Gate results of the run."""
        return self.folder / "gate_results.jsonl"

    def save(self) -> None:
        """Write run.json and the results, each whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {name: value for name, value in asdict(self).items() if name not in ("folder", "results")}
        temporary = self.folder / "run.json.tmp"
        temporary.write_text(json.dumps(content, indent=1))
        temporary.replace(self.folder / "run.json")
        write_results(self.results_path, self.results)

    def end(self, status: str) -> None:
        """Close the record."""
        self.status, self.ended_at = status, utc_now().isoformat()
        self.save()

    @contextlib.contextmanager
    def stage(self, name: str, progress: Callable[[str], None]) -> Iterator[None]:
        """Time a stage and announce it."""
        progress(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = round(self.stages.get(name, 0.0) + time.perf_counter() - began, 3)
            self.save()


def read_runs(home: Path) -> list[dict]:
    """All run records, newest first; one that says `running` may have been killed (see `mark_killed`)."""
    records = []
    for path in sorted((home / "runs").glob("*/run.json"), reverse=True):
        records.append(json.loads(path.read_text()) | {"folder": str(path.parent)})
    return records


def mark_killed(home: Path) -> list[str]:
    """Call runs `killed` that never ended. Only the holder of the run lock may do so. Returns their ids."""
    killed = []
    for record in read_runs(home):
        if record["status"] == RUNNING:
            path = Path(record.pop("folder")) / "run.json"
            path.write_text(json.dumps({**record, "status": KILLED}, indent=1))
            killed.append(record["run_id"])
    return killed


def unpublished_results(home: Path, run_id: str) -> list[GateResult]:
    """Results of earlier runs that ended without publishing, oldest first, to be appended by the next one that does."""
    earlier = []
    for record in reversed(read_runs(home)):
        if record["run_id"] != run_id and record["status"] != PUBLISHED:
            earlier.extend(read_results(Path(record["folder"]) / "gate_results.jsonl"))
    return earlier


def forget_old_runs(home: Path, keep: int = KEEP_RUNS) -> None:
    """Remove the folders of all but the newest runs."""
    for path in sorted((home / "runs").glob("*"), reverse=True)[keep:]:
        shutil.rmtree(path, ignore_errors=True)


def epoch(moment: str) -> float:
    """Seconds since 1970 of an ISO time as records hold it."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
