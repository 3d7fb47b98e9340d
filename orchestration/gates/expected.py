"""The list of gates that a run must have passed, by name. Publishing compares it with the results and trusts no
orchestrator.

A check that emits nothing does not stop Dagster; here it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.gates.dbt_results import scope_of, severity_of
from orchestration.gates.results import CRITICAL, PASS, GateResult


@dataclass(frozen=True, order=True)
class ExpectedGate:
    """A check that must be there with a passing result."""

    check_name: str
    scope: str


class GateError(RuntimeError):
    """Publishing is refused. `problems` are sentences that name check, rows and dollars."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("publishing refused: " + " | ".join(problems))
        self.problems = problems
        self.results: tuple[GateResult, ...] = ()


def expected_dbt_tests(manifest: dict) -> set[ExpectedGate]:
    """Every data test of severity error that the project holds."""
    return {
        ExpectedGate(node["name"], scope_of(node))
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and severity_of(node) == CRITICAL and node["config"].get("enabled", True)
    }


def expected_arrivals(committed: Iterable[tuple[str, str]]) -> set[ExpectedGate]:
    """The suite of each (load id, raw table) that this run committed."""
    return {ExpectedGate(f"arrivals.{table}", load_id) for load_id, table in committed}


def problems_of(expected: Iterable[ExpectedGate], results: Iterable[GateResult], run_id: str) -> list[str]:
    """What stands between this run and publishing.

    Args:
        expected: Gates that must have passed.
        results: Results at hand; those of other runs count for nothing.

    Returns:
        One sentence per gate that is absent, skipped, failed or broken; also for blocking results that nobody expected.
    """
    mine = [result for result in results if result.run_id == run_id]
    passed = {(result.check_name, result.scope) for result in mine if result.status == PASS}
    seen = {(result.check_name, result.scope) for result in mine}
    problems = [result.sentence() for result in mine if result.blocks]
    for gate in sorted(set(expected)):
        key = (gate.check_name, gate.scope)
        if key not in seen:
            problems.append(f"{gate.check_name} [{gate.scope}] is absent: no result in this run.")
        elif key not in passed and not any(r.blocks for r in mine if (r.check_name, r.scope) == key):
            problems.append(f"{gate.check_name} [{gate.scope}] did not pass.")
    return problems


def require(expected: Iterable[ExpectedGate], results: Iterable[GateResult], run_id: str) -> None:
    """Raise unless every expected gate has passed in this run.

    Raises:
        GateError: With one sentence per problem.
    """
    problems = problems_of(expected, results, run_id)
    if problems:
        raise GateError(problems)
