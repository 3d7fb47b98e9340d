"""dbt's own test results of one invocation, as gate results.

A failed test names its money where its query has a column `dollars`: the query is run once more, only then.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestration.gates.results import CRITICAL, ERROR, FAIL, PASS, SKIPPED, WARNING, GateResult

KIND = "dbt_test"
_STATUS = {"pass": PASS, "success": PASS, "fail": FAIL, "warn": FAIL, "skipped": SKIPPED}


def read_artifact(target_dir: Path, name: str) -> dict:
    """Read one of dbt's JSON artifacts."""
    return json.loads((target_dir / name).read_text())


def scope_of(test: dict) -> str:
    """Model that a test judges: the one it is attached to, else those that it reads."""
    attached = test.get("attached_node")
    names = [attached] if attached else sorted(test.get("depends_on", {}).get("nodes", []))
    return ", ".join(name.rsplit(".", 1)[-1] for name in names)


def severity_of(test: dict) -> str:
    """`critical` where dbt calls it an error."""
    return CRITICAL if str(test["config"].get("severity", "error")).lower() == "error" else WARNING


def _dollars(build: duckdb.DuckDBPyConnection, compiled: str) -> Decimal | None:
    """Sum of the absolute `dollars` of a test's failing rows; None where it has no such column."""
    query = compiled.strip().rstrip(";")
    columns = [row[0] for row in build.execute(f"describe ({query})").fetchall()]
    if "dollars" not in columns:
        return None
    return build.execute(f"select sum(abs(cast(dollars as decimal(38, 12)))) from ({query}) as failing").fetchone()[0]


def dbt_results(
    run_results: dict, manifest: dict, *, run_id: str, evaluated_at: str, build_path: Path
) -> list[GateResult]:
    """One result per dbt test that the invocation reports, and one per model that it could not build."""
    results = []
    build = None
    for one in run_results["results"]:
        node = manifest["nodes"].get(one["unique_id"])
        is_test = node is not None and node["resource_type"] == "test"
        if not is_test:
            if one["status"] == "error":
                name = one["unique_id"].rsplit(".", 1)[-1]
                message = " ".join(str(one.get("message") or "").split())[:500]
                results.append(
                    GateResult(run_id, f"build.{name}", KIND, name, CRITICAL, ERROR, 0, None, message, evaluated_at)
                )
            continue
        status = _STATUS.get(one["status"], ERROR)
        dollars = None
        if status == FAIL and build_path.exists():
            build = build or duckdb.connect(str(build_path), read_only=True)
            compiled = one.get("compiled_code") or node.get("compiled_code") or ""
            try:
                dollars = _dollars(build, compiled)
            except duckdb.Error as error:
                one["message"] = f"{one.get('message') or ''} (money not known: {str(error).splitlines()[0]})"
        message = (
            "" if status == PASS else " ".join(str(node.get("description") or one.get("message") or "").split())[:500]
        )
        results.append(
            GateResult(
                run_id,
                node["name"],
                KIND,
                scope_of(node),
                severity_of(node),
                status,
                int(one.get("failures") or 0),
                dollars,
                message,
                evaluated_at,
            )
        )
    if build is not None:
        build.close()
    return results
