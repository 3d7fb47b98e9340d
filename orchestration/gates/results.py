"""The result of one check, wherever it ran, as `quality.gate_results` keeps it.

What does not belong here: deciding what is checked (arrivals.py, publish_checks.py) or what has to be (expected.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from pathlib import Path

PASS = "pass"
FAIL = "fail"
ERROR = "error"
SKIPPED = "skipped"
REFUSED = "refused"

CRITICAL = "critical"
WARNING = "warning"


@dataclass(frozen=True)
class GateResult:
    """One check of one run.

    Attributes:
        run_id: Run that the check belongs to.
        check_name: Name that is stable between runs, for example `arrivals.slurm_jobs` or a dbt test's name.
        kind: `arrivals` (Great Expectations), `dbt_test` or `publish_check`.
        scope: What was judged: a load id, a model, or `published`.
        severity: `critical` blocks publishing, `warning` informs.
        status: `pass`, `fail`, `error` (the check itself broke), `skipped`, or `refused` (the load was turned away, the
            rest goes on).
        failed_rows: Rows that break the claim.
        dollars: Money at stake in the unit of the checked column, where the check knows it.
        message: What a person has to read.
        evaluated_at: ISO time, UTC.
    """

    run_id: str
    check_name: str
    kind: str
    scope: str
    severity: str
    status: str
    failed_rows: int
    dollars: Decimal | None
    message: str
    evaluated_at: str

    @property
    def blocks(self) -> bool:
        """Whether this result forbids publishing."""
        return self.severity == CRITICAL and self.status not in (PASS, REFUSED)

    def sentence(self) -> str:
        """The check, its rows and its dollars in one line, as alerts print it."""
        dollars = f", {self.dollars:,.2f} in money" if self.dollars is not None else ""
        return f"{self.check_name} [{self.scope}] {self.status}: {self.failed_rows:,} rows{dollars}. {self.message}".rstrip()


def write_results(path: Path, results: Iterable[GateResult]) -> None:
    """Write results as JSON lines, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({**asdict(result), "dollars": None if result.dollars is None else str(result.dollars)})
        for result in results
    ]
    temporary.write_text("".join(f"{line}\n" for line in lines))
    temporary.replace(path)


def read_results(path: Path) -> list[GateResult]:
    """Read what `write_results` wrote; a missing file holds nothing."""
    if not path.exists():
        return []
    names = {field.name for field in fields(GateResult)}
    results = []
    for line in path.read_text().splitlines():
        values = {name: value for name, value in json.loads(line).items() if name in names}
        dollars = values["dollars"]
        results.append(GateResult(**{**values, "dollars": None if dollars is None else Decimal(dollars)}))
    return results
