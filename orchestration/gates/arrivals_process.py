"""Gate 1's own process: judge every candidate of a run with Great Expectations on an in-memory DuckDB over its Parquet
files.

    python -m orchestration.gates.arrivals_process DOCS_DIR     requests on stdin, answers on stdout

A process of its own because importing Great Expectations costs seconds and because it leaves DuckDB in a state in which
other code of the same process cannot open files. It opens no database file and so holds no lock. Which checks apply is
decided in arrivals.py; here they are only carried out.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from orchestration.gates.arrivals import ANSWER
from orchestration.gates.duckdb_in_gx import keep_one_connection
from orchestration.gates.lean_gx import RunIdentifier, gx, gxe

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
    """One GX context for all requests of a run; the Data Docs are built once, at the end.

    The context is held in memory: one on disk writes its whole configuration again for every asset, suite and
    definition.
    """

    def __init__(self, docs_dir: Path) -> None:
        keep_one_connection()
        self.docs_dir, self.pages = docs_dir, 0
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = {"globally": False}
        for site in list(self.context.get_site_names()):
            self.context.delete_data_docs_site(site)
        self.context.add_data_docs_site(
            site_name="arrivals",
            site_config={
                "class_name": "SiteBuilder",
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs_dir)},
            },
        )
        self.source = self.context.data_sources.add_sql(
            "arrivals", connection_string="duckdb:///:memory:", create_temp_table=False
        )

    def judge(self, candidates: list[dict]) -> dict[str, list[dict]]:
        """Judge candidates `{id, table, files, checks: [{name, kind, severity, meaning, …}]}`.

        Candidates of one table under the same checks are looked at together, and one by one only where that fails:
        starting a suite costs more than reading the rows of a dozen deliveries.

        Returns:
            Candidate id -> `[{name, severity, status, failed_rows, message}]`.
        """
        groups: dict[tuple, list[dict]] = {}
        for candidate in candidates:
            checks = json.dumps(candidate["checks"], sort_keys=True)
            groups.setdefault((candidate["table"], checks), []).append(candidate)
        outcomes: dict[str, list[dict]] = {}
        alone: list[list[dict]] = []
        for group, outcome in zip(groups.values(), self._run(list(groups.values())), strict=True):
            if len(group) == 1 or all(one["status"] == "pass" for one in outcome):
                outcomes.update({candidate["id"]: outcome for candidate in group})
            else:
                alone.extend([candidate] for candidate in group)
        for (candidate,), outcome in zip(alone, self._run(alone), strict=True):
            outcomes[candidate["id"]] = outcome
        return outcomes

    def _run(self, groups: list[list[dict]]) -> list[list[dict]]:
        """One suite per group over the files of all its candidates; outcomes in the order of the groups."""
        if not groups:
            return []
        outcomes = []
        # What is looked at together is one run of the Data Docs.
        run = RunIdentifier(run_time=datetime.now(UTC))
        for group in groups:
            self.pages += 1
            name = f"{group[0]['table']}.{self.pages:03d}"
            files = ", ".join("'" + path.replace("'", "''") + "'" for one in group for path in one["files"])
            query = f"select * from read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
            batch = self.source.add_query_asset(name, query=query).add_batch_definition_whole_table("candidates")
            checks = {check["name"]: check for check in group[0]["checks"]}
            expectations = [_expectation(check) for check in checks.values()]
            suite = self.context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
            # Without a checkpoint, which would look up and compare every definition five times more.
            definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
            result = definition.run(result_format={"result_format": "SUMMARY"}, run_id=run)
            outcomes.append([_outcome(one, checks[one.expectation_config.meta["check"]]) for one in result.results])
        return outcomes

    def finish(self) -> None:
        """Build the Data Docs of everything that was judged."""
        if self.pages:
            shutil.rmtree(self.docs_dir, ignore_errors=True)
            self.context.build_data_docs()


def main(arguments: list[str]) -> None:
    """Answer requests, one JSON line each, until there are no more."""
    session = Session(Path(arguments[0]))
    for line in sys.stdin:
        answer = {"candidates": session.judge(json.loads(line)["candidates"])}
        # Libraries may print too; only marked lines are answers.
        print(f"{ANSWER}{json.dumps(answer)}", flush=True)
    session.finish()


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    # DuckDB 2.0 under SQLAlchemy prints pages of "leaked instances" while the interpreter shuts down; nothing is left
    # to do.
    os._exit(0)
