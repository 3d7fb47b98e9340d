"""Gate 1: which checks each raw table's arrivals must pass, and the run of them in one subprocess.

The checks of a table follow from its declared schema (sources.yml): required columns hold no NULL, `min`/`max` bound a column,
`accepted_values` list one, `key` is unique, there is at least one row, no day lies far in the future, and the table's own
`expectations:` hold. Great Expectations is imported only by the subprocess; with no candidate there is no subprocess.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.gates.results import CRITICAL, ERROR, FAIL, PASS, REFUSED, GateResult
from orchestration.gates.thresholds import Thresholds

KIND = "arrivals"


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
        rows_in: Rows in the vendor's files.
        rejected: Rows turned away, each on record with file, row and reason.
        max_reject_ratio: Share of rejected rows up to which the load is good.
        future_days: Whether rows may lie after the run's clock (budgets, dated reference data).
        days: Distinct days in the candidate.
        replaced_days: Distinct days that the candidate would replace; 0 where it replaces nothing.
    """

    load_id: str
    source: str
    table: str
    files: tuple[Path, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    expectations: tuple[dict, ...] = ()
    rows: int = 0
    rows_in: int = 0
    rejected: int = 0
    max_reject_ratio: float = 0.01
    future_days: bool = False
    days: int = 0
    replaced_days: int = 0

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
        {"name": "row_count", "kind": "row_count", "min": 1, "severity": CRITICAL, "meaning": "the file holds rows that can be used"}
    ]
    for column in arrival.columns:
        about = {"columns": [column.name], "severity": CRITICAL}
        if column.required:
            checks.append({**about, "name": f"{column.name}_present", "kind": "not_null", "meaning": f"{column.name} is never missing"})
        if column.minimum is not None or column.maximum is not None:
            lower, upper = column.minimum, column.maximum
            bounds = f"{lower if lower is not None else '-inf'} to {upper if upper is not None else 'inf'}"
            checks.append(
                {**about, "name": f"{column.name}_in_range", "kind": "between", "min": lower, "max": upper, "meaning": f"{column.name} lies in {bounds}"}
            )
        if column.accepted_values:
            checks.append(
                {**about, "name": f"{column.name}_known", "kind": "in_set", "values": list(column.accepted_values), "meaning": f"{column.name} is one of the declared values"}
            )
    unique = thresholds.of("arrivals_unique_rows", arrival.table)
    if arrival.key and arrival.rows <= unique.limit:
        checks.append(
            {"name": "key_unique", "kind": "unique", "columns": list(arrival.key), "severity": unique.severity, "meaning": f"one row per {', '.join(arrival.key)}"}
        )
    if not arrival.future_days:
        future = thresholds.of("arrivals_future_days", arrival.table)
        last = (as_of + timedelta(days=int(future.limit))).date().isoformat()
        checks.append(
            {"name": "no_future_day", "kind": "sql", "severity": future.severity, "meaning": f"no row lies after {last}",
             "sql": f"select _file, _day from {{batch}} where _day > date '{last}'"}
        )
    for number, own in enumerate(arrival.expectations, start=1):
        checks.append(
            {"name": own.get("name", f"expectation_{number}"), "kind": "sql", "severity": own.get("severity", CRITICAL), "meaning": own["meaning"], "sql": own["sql"]}
        )
    return checks


def count_faults(arrival: Arrival, thresholds: Thresholds) -> list[dict]:
    """Faults that show in the loader's counts and need no look at the rows: too many rejects, too few of the replaced days."""
    faults = []
    if arrival.rows_in and arrival.rejected > arrival.max_reject_ratio * arrival.rows_in:
        faults.append(
            {"name": "reject_ratio", "severity": CRITICAL, "status": FAIL, "failed_rows": arrival.rejected,
             "message": f"{arrival.rejected:,} of {arrival.rows_in:,} rows rejected, allowed are {arrival.max_reject_ratio:.1%}"}
        )
    loss = thresholds.of("arrivals_day_loss", arrival.table)
    if arrival.replaced_days and arrival.days < (1 - loss.limit) * arrival.replaced_days:
        faults.append(
            {"name": "day_loss", "severity": loss.severity, "status": FAIL, "failed_rows": 0,
             "message": f"{arrival.days} days would replace {arrival.replaced_days}: the export looks cut off"}
        )
    return faults


def request_for(arrivals: Sequence[Arrival], thresholds: Thresholds, as_of: datetime, work_dir: Path, docs_dir: Path) -> dict:
    """The request of one run: every candidate that has a file to look at."""
    candidates = []
    for arrival in arrivals:
        if not arrival.files:
            continue
        files = ", ".join(f"'{str(path).replace(chr(39), chr(39) * 2)}'" for path in arrival.files)
        candidates.append(
            {
                "id": arrival.id,
                "name": f"{arrival.table}.{arrival.load_id}",
                "query": f"select * from read_parquet([{files}], union_by_name = true, hive_partitioning = false)",
                "checks": checks_of(arrival, thresholds, as_of),
            }
        )
    return {"work_dir": str(work_dir), "docs_dir": str(docs_dir), "candidates": candidates}


def _run_process(request: dict, folder: Path) -> dict:
    """Judge in a subprocess; a process that dies is an error of every candidate, with its last words."""
    folder.mkdir(parents=True, exist_ok=True)
    request_path, response_path = folder / "arrivals_request.json", folder / "arrivals_response.json"
    response_path.unlink(missing_ok=True)
    request_path.write_text(json.dumps(request))
    command = [sys.executable, "-m", "orchestration.gates.arrivals_process", str(request_path), str(response_path)]
    # Without byte code, importing Great Expectations takes twice as long.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    package_root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=package_root, check=False)
    if done.returncode == 0 and response_path.exists():
        return json.loads(response_path.read_text())
    words = (done.stderr.strip().splitlines() or ["no message"])[-1]
    failed = {"name": "gate", "severity": CRITICAL, "status": ERROR, "failed_rows": 0, "message": f"the gate's process ended with {done.returncode}: {words}"}
    return {"candidates": {candidate["id"]: [failed] for candidate in request["candidates"]}}


def judge(
    arrivals: Sequence[Arrival],
    *,
    run_id: str,
    as_of: datetime,
    evaluated_at: str,
    thresholds: Thresholds,
    folder: Path,
    docs_dir: Path,
) -> dict[str, Verdict]:
    """Judge the candidates of a run; one process for all of them, none where there is nothing to look at.

    Args:
        arrivals: The candidates.
        run_id: Run that the results belong to.
        as_of: The run's clock, naive UTC.
        evaluated_at: ISO time to record.
        thresholds: The seed.
        folder: The run's own folder for request, response and GX's files.
        docs_dir: Where the Data Docs go; untouched where nothing arrived.

    Returns:
        A verdict per `Arrival.id`. Its results are one row for the suite (`arrivals.<table>`, scope = load id) and one for each
        check that did not pass.
    """
    request = request_for(arrivals, thresholds, as_of, folder / "gx", docs_dir)
    outcomes = _run_process(request, folder)["candidates"] if request["candidates"] else {}
    verdicts = {}
    for arrival in arrivals:
        outcome = [*outcomes.get(arrival.id, []), *count_faults(arrival, thresholds)]
        judged = arrival.id in outcomes
        if arrival.files and not judged:
            outcome.append({"name": "gate", "severity": CRITICAL, "status": ERROR, "failed_rows": 0, "message": "the gate gave no verdict"})
        faults = [one for one in outcome if one["status"] != PASS]
        fatal = [one for one in faults if one["severity"] == CRITICAL]
        reason = "; ".join(f"{one['name']}: {one['message']} ({one['failed_rows']:,} rows)" for one in fatal)

        def row(name: str, severity: str, status: str, rows: int, message: str, scope: str = arrival.load_id) -> GateResult:
            return GateResult(run_id, name, KIND, scope, severity, status, rows, None, message, evaluated_at)

        checks = f"{len(outcome):,} checks on {arrival.rows:,} rows"
        suite = row(
            f"arrivals.{arrival.table}", CRITICAL, REFUSED if fatal else PASS, sum(one["failed_rows"] for one in fatal), reason or checks
        )
        details = [
            row(f"arrivals.{arrival.table}.{one['name']}", one["severity"], REFUSED if one in fatal else FAIL, one["failed_rows"], one["message"])
            for one in faults
        ]
        verdicts[arrival.id] = Verdict(not fatal, reason, (suite, *details))
    return verdicts


