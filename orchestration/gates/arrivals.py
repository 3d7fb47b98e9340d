"""Gate 1: which checks each raw table's arrivals must pass, and the one subprocess that carries them out.

The checks of a table follow from its declared schema (sources.yml): required columns hold no NULL, `min`/`max` bound a
column, `accepted_values` list one, `key` is unique, there is at least one row, no day lies far in the future, and the
table's own `expectations:` hold. What needs the lake or the vendor's files (rejected share, days that would be lost,
keys already loaded) is the loader's to judge. Great Expectations is imported only by the subprocess; with no candidate
there is no subprocess.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.gates.results import CRITICAL, ERROR, FAIL, PASS, REFUSED, GateResult
from orchestration.gates.thresholds import Thresholds

KIND = "arrivals"
# Marks the process's answers among whatever libraries print.
ANSWER = "ARRIVALS-ANSWER "


@dataclass(frozen=True)
class Column:
    """What the declared schema promises of one column."""

    name: str
    required: bool = False
    minimum: str | None = None
    maximum: str | None = None
    accepted_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """One candidate: what a delivery would put into one raw table.

    Attributes:
        load_id: Delivery that it came with.
        source: Source of the raw table.
        table: Raw table.
        files: Parquet files of the candidate.
        columns: Declared columns.
        key: Natural key that must be unique, or empty.
        expectations: The table's own checks: `{sql, severity, meaning}`; `{batch}` stands for the candidate.
        rows: Rows in the candidate.
        future_days: Whether rows may lie after the run's clock (budgets, dated reference data).
    """

    load_id: str
    source: str
    table: str
    files: tuple[Path, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    expectations: tuple[dict, ...] = ()
    rows: int = 0
    future_days: bool = False

    @property
    def id(self) -> str:
        """One load may feed several tables."""
        return f"{self.load_id}.{self.table}"


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate may be committed, and why not."""

    accepted: bool
    reason: str
    results: tuple[GateResult, ...]


def checks_of(arrival: Arrival, thresholds: Thresholds, as_of: datetime) -> list[dict]:
    """The checks of one candidate, in the words of arrivals_process.py."""
    checks: list[dict] = [
        {
            "name": "row_count",
            "kind": "row_count",
            "min": 1,
            "severity": CRITICAL,
            "meaning": "the file holds rows that can be used",
        }
    ]
    for column in arrival.columns:
        about = {"columns": [column.name], "severity": CRITICAL}
        if column.required:
            checks.append(
                {
                    **about,
                    "name": f"{column.name}_present",
                    "kind": "not_null",
                    "meaning": f"{column.name} is never missing",
                }
            )
        if column.minimum is not None or column.maximum is not None:
            lower, upper = column.minimum, column.maximum
            bounds = f"{lower if lower is not None else '-inf'} to {upper if upper is not None else 'inf'}"
            checks.append(
                {
                    **about,
                    "name": f"{column.name}_in_range",
                    "kind": "between",
                    "min": lower,
                    "max": upper,
                    "meaning": f"{column.name} lies in {bounds}",
                }
            )
        if column.accepted_values:
            checks.append(
                {
                    **about,
                    "name": f"{column.name}_known",
                    "kind": "in_set",
                    "values": list(column.accepted_values),
                    "meaning": f"{column.name} is one of the declared values",
                }
            )
    unique = thresholds.of("arrivals_unique_rows", arrival.table)
    if arrival.key and arrival.rows <= unique.limit:
        checks.append(
            {
                "name": "key_unique",
                "kind": "unique",
                "columns": list(arrival.key),
                "severity": unique.severity,
                "meaning": f"one row per {', '.join(arrival.key)}",
            }
        )
    if not arrival.future_days:
        future = thresholds.of("arrivals_future_days", arrival.table)
        last = (as_of + timedelta(days=int(future.limit))).date().isoformat()
        checks.append(
            {
                "name": "no_future_day",
                "kind": "sql",
                "severity": future.severity,
                "meaning": f"no row lies after {last}",
                "sql": f"select _file, _day from {{batch}} where _day > date '{last}'",
            }
        )
    for number, own in enumerate(arrival.expectations, start=1):
        checks.append(
            {
                "name": own.get("name", f"expectation_{number}"),
                "kind": "sql",
                "severity": own.get("severity", CRITICAL),
                "meaning": own["meaning"],
                "sql": own["sql"],
            }
        )
    return checks


def request_for(arrivals: Sequence[Arrival], thresholds: Thresholds, as_of: datetime) -> dict:
    """What the process is asked: every candidate that has a file to look at."""
    candidates = []
    for arrival in arrivals:
        if not arrival.files:
            continue
        candidates.append(
            {
                "id": arrival.id,
                "table": arrival.table,
                "files": [str(path) for path in arrival.files],
                "checks": checks_of(arrival, thresholds, as_of),
            }
        )
    return {"candidates": candidates}


class Gate:
    """Gate 1 of one run: one process for everything that is judged in it, started early or with the first question.

    A gate that is never asked costs nothing unless `start` was called.
    """

    def __init__(self, *, run_id: str, as_of: datetime, thresholds: Thresholds, folder: Path, docs_dir: Path) -> None:
        """Prepare a gate.

        Args:
            run_id: Run that the results belong to.
            as_of: The run's clock, naive UTC.
            thresholds: The seed.
            folder: The run's own folder, for GX's files and the process's log.
            docs_dir: Where the Data Docs go; untouched where nothing was judged.
        """
        self.run_id, self.as_of, self.thresholds, self.folder, self.docs_dir = (
            run_id,
            as_of,
            thresholds,
            folder,
            docs_dir,
        )
        self._process: subprocess.Popen | None = None

    @property
    def log(self) -> Path:
        """What the process says besides answers."""
        return self.folder / "arrivals.log"

    def start(self) -> None:
        """Start the process, which takes seconds to import; it is ready by the time the candidates are."""
        if self._process is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        # Without byte code, importing Great Expectations takes twice as long.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.gates.arrivals_process", str(self.docs_dir)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
                cwd=Path(__file__).resolve().parents[2],
            )  # fmt: skip

    def end(self) -> None:
        """Let the process build the Data Docs and end, without waiting for it; nothing more can be judged."""
        if self._process is not None and self._process.stdin is not None:
            # Where it has died, the verdicts have said so.
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.stdin = None

    def close(self) -> None:
        """Wait until the Data Docs are built and the process has ended."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _ask(self, request: dict) -> dict[str, list[dict]]:
        """Outcomes per candidate; a process that dies is an error of every candidate, with its last words."""
        self.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            for line in self._process.stdout:
                if line.startswith(ANSWER):
                    return json.loads(line.removeprefix(ANSWER))["candidates"]
        except BrokenPipeError:
            pass
        code = self._process.wait()
        self._process = None
        words = (self.log.read_text().strip().splitlines() or ["no message"])[-1]
        return {
            candidate["id"]: [_error(f"the gate's process ended with {code}: {words}")]
            for candidate in request["candidates"]
        }

    def judge(self, arrivals: Sequence[Arrival]) -> dict[str, Verdict]:
        """Judge candidates; returns a verdict per `Arrival.id`.

        A verdict's results are one row for the suite (`arrivals.<table>`, scope = load id) and one for each check that
        did not pass.
        """
        request = request_for(arrivals, self.thresholds, self.as_of)
        outcomes = self._ask(request) if request["candidates"] else {}
        return {arrival.id: self._verdict(arrival, outcomes.get(arrival.id)) for arrival in arrivals}

    def _verdict(self, arrival: Arrival, outcome: list[dict] | None) -> Verdict:
        if outcome is None:
            outcome = [_error("the gate gave no verdict")] if arrival.files else []
        faults = [one for one in outcome if one["status"] != PASS]
        fatal = [one for one in faults if one["severity"] == CRITICAL]
        reason = "; ".join(f"{one['name']}: {one['message']} ({one['failed_rows']:,} rows)" for one in fatal)
        evaluated_at = datetime.now(UTC).replace(tzinfo=None, microsecond=0).isoformat()

        def row(name: str, severity: str, status: str, rows: int, message: str) -> GateResult:
            return GateResult(
                self.run_id, name, KIND, arrival.load_id, severity, status, rows, None, message, evaluated_at
            )

        suite = f"arrivals.{arrival.table}"
        passed = f"{len(outcome):,} checks on {arrival.rows:,} rows"
        results = [
            row(suite, CRITICAL, REFUSED if fatal else PASS, sum(one["failed_rows"] for one in fatal), reason or passed)
        ]
        for one in faults:
            status = REFUSED if one in fatal else FAIL
            results.append(row(f"{suite}.{one['name']}", one["severity"], status, one["failed_rows"], one["message"]))
        return Verdict(not fatal, reason, tuple(results))


def _error(message: str) -> dict:
    return {"name": "gate", "severity": CRITICAL, "status": ERROR, "failed_rows": 0, "message": message}
