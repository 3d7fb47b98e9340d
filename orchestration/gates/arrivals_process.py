"""Gate 1's own process: judge every candidate of a run with Great Expectations on an in-memory DuckDB over its Parquet files.

    python -m orchestration.gates.arrivals_process WORK_DIR DOCS_DIR     requests on stdin, answers on stdout

A process of its own because importing Great Expectations costs seconds and because it leaves DuckDB in a state in which other
code of the same process cannot open files. It opens no database file and so holds no lock. Which checks apply is decided in
arrivals.py; here they are only carried out.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import great_expectations as gx
import great_expectations.expectations as gxe

from orchestration.gates.arrivals import ANSWER
from orchestration.gates.duckdb_in_gx import keep_one_connection

EXAMPLES_SHOWN = 3


def _expectation(check: dict) -> gxe.Expectation:
    """Translate one check of the request."""
    common = {"severity": check["severity"], "description": check["meaning"], "meta": {"check": check["name"]}}
    kind, columns = check["kind"], check.get("columns", [])
    if kind == "not_null":
        return gxe.ExpectColumnValuesToNotBeNull(column=columns[0], **common)
    if kind == "between":
        return gxe.ExpectColumnValuesToBeBetween(
            column=columns[0], min_value=check.get("min"), max_value=check.get("max"), **common
        )
    if kind == "in_set":
        return gxe.ExpectColumnValuesToBeInSet(column=columns[0], value_set=check["values"], **common)
    if kind == "unique":
        if len(columns) == 1:
            return gxe.ExpectColumnValuesToBeUnique(column=columns[0], **common)
        return gxe.ExpectCompoundColumnsToBeUnique(column_list=columns, **common)
    if kind == "row_count":
        return gxe.ExpectTableRowCountToBeBetween(min_value=check["min"], **common)
    if kind == "sql":
        return gxe.UnexpectedRowsExpectation(unexpected_rows_query=check["sql"], **common)
    raise ValueError(f"unknown kind of check: {kind}")


def _outcome(result: gx.ExpectationValidationResult, check: dict) -> dict:
    """One check's result in plain types; a check that raised is an error, never a pass."""
    details = result.result or {}
    raised = str((result.exception_info or {}).get("exception_message") or "")
    if not raised:
        for value in (result.exception_info or {}).values():
            if isinstance(value, dict) and value.get("raised_exception"):
                raised = str(value.get("exception_message"))
    passed = bool(result.success) and not raised
    failed_rows = 0
    if not passed:
        observed = details.get("observed_value")
        failed_rows = int(
            details.get("unexpected_count") or (observed if check["kind"] == "sql" and observed else 0) or 0
        )
    examples = [str(value) for value in details.get("partial_unexpected_list", [])[:EXAMPLES_SHOWN]]
    return {
        "name": check["name"],
        "severity": check["severity"],
        "status": "pass" if passed else ("error" if raised else "fail"),
        "failed_rows": failed_rows,
        "message": raised[:500]
        if raised
        else check["meaning"] + (f"; for example {', '.join(examples)}" if examples else ""),
    }


class Session:
    """One GX context for all requests of a run; the Data Docs are built once, at the end."""

    def __init__(self, work_dir: Path, docs_dir: Path) -> None:
        keep_one_connection()
        shutil.rmtree(work_dir, ignore_errors=True)
        work_dir.mkdir(parents=True)
        self.work_dir, self.docs_dir, self.requests = work_dir, docs_dir, 0
        self.context = gx.get_context(mode="file", project_root_dir=str(work_dir))
        self.context.variables.progress_bars = {"globally": False}
        self.source = self.context.data_sources.add_sql(
            "arrivals", connection_string="duckdb:///:memory:", create_temp_table=False
        )

    def judge(self, candidates: list[dict]) -> dict[str, list[dict]]:
        """Judge candidates `{id, name, query, checks: [{name, kind, severity, meaning, …}]}`, where `query` reads Parquet files.

        Returns:
            Candidate id -> `[{name, severity, status, failed_rows, message}]`.
        """
        self.requests += 1
        definitions, by_name = [], {candidate["name"]: candidate for candidate in candidates}
        for name, candidate in by_name.items():
            asset = self.source.add_query_asset(name, query=candidate["query"])
            expectations = [_expectation(check) for check in candidate["checks"]]
            suite = self.context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
            batch = asset.add_batch_definition_whole_table("candidate")
            definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
            definitions.append(self.context.validation_definitions.add(definition))
        checkpoint = self.context.checkpoints.add(
            gx.Checkpoint(
                name=f"arrivals_{self.requests}",
                validation_definitions=definitions,
                result_format={"result_format": "SUMMARY"},
            )
        )
        outcomes = {}
        for result in checkpoint.run().run_results.values():
            candidate = by_name[result.suite_name]
            checks = {check["name"]: check for check in candidate["checks"]}
            outcomes[candidate["id"]] = [
                _outcome(one, checks[one.expectation_config.meta["check"]]) for one in result.results
            ]
        return outcomes

    def finish(self) -> None:
        """Build the Data Docs and remove GX's own files."""
        self.context.build_data_docs()
        built = self.work_dir / "gx" / "uncommitted" / "data_docs" / "local_site"
        shutil.rmtree(self.docs_dir, ignore_errors=True)
        self.docs_dir.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(built, self.docs_dir)
        shutil.rmtree(self.work_dir, ignore_errors=True)


def main(arguments: list[str]) -> None:
    """Answer requests, one JSON line each, until there are no more."""
    work_dir, docs_dir = (Path(argument) for argument in arguments)
    session = Session(work_dir, docs_dir)
    for line in sys.stdin:
        answer = {"candidates": session.judge(json.loads(line)["candidates"])}
        # Libraries may print too; only marked lines are answers.
        print(f"{ANSWER}{json.dumps(answer)}", flush=True)
    if session.requests:
        session.finish()


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    # DuckDB 2.0 under SQLAlchemy prints pages of "leaked instances" while the interpreter shuts down; nothing is left to do.
    os._exit(0)
