"""One night through Dagster's job, in this process, as the command line and the demo start it.

With nothing to do Dagster is not even imported. What a night does is in pipeline.py; this only starts it and finds its
record.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from datetime import datetime
from pathlib import Path

from orchestration import dbt_project, pipeline, runs
from orchestration.dbt_parse import KeptParse
from orchestration.pipeline import Progress
from orchestration.settings import Settings

_FIRST_YAML = """# Written once by ai-finops; edit it freely.
telemetry:
  enabled: false
# The page's invitation to leave an address.
nux:
  enabled: false
"""
DAGSTER_YAML = f"""{_FIRST_YAML}event_log_storage:
  module: orchestration.dagster_storage
  class: EventLog
"""


class _ToProgress(logging.Handler):
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        self.progress(record.getMessage())


def dagster_home(settings: Settings) -> Path:
    """Dagster's own storage, made on first use: DAGSTER_HOME, else `.dagster` in the repository."""
    home = Path(os.environ.get("DAGSTER_HOME") or settings.project_dir / ".dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    written = home / "dagster.yaml"
    # What nobody has edited since the event log was Dagster's own follows; the log itself is the same.
    if not written.exists() or written.read_text() == _FIRST_YAML:
        written.write_text(DAGSTER_YAML)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def run_through_dagster(
    settings: Settings, as_of: datetime | None, force: bool, progress: Progress, full_tests: bool = False
) -> dict:
    """Run the job `nightly`; returns the record of the night.

    Raises:
        RuntimeError: If Dagster failed before the night began; the message is Dagster's.
    """
    if not force and not pipeline.something_to_do(settings, as_of):
        pipeline.run(settings, as_of, force, progress)
        return runs.read_runs(settings.home)[0]
    os.environ["AI_FINOPS_HOME"] = str(settings.home)
    dagster_home(settings)
    progress("starting Dagster")
    # Importing Dagster keeps one core busy for as long as starting dbt does. Without a kept parse both would read the project.
    dbt = dbt_project.Dbt(settings, None) if KeptParse(settings).holds else None
    try:
        return _run_job(settings, as_of, force, progress, full_tests, dbt)
    finally:
        if dbt is not None:
            dbt.close()


def _run_job(
    settings: Settings,
    as_of: datetime | None,
    force: bool,
    progress: Progress,
    full_tests: bool,
    dbt: dbt_project.Dbt | None,
) -> dict:
    from dagster import DagsterInstance

    from orchestration.definitions import defs
    from orchestration.defs import resources

    resources.waiting_dbt = dbt
    before = {run["run_id"] for run in runs.read_runs(settings.home)}
    handler = _ToProgress(progress)
    log = logging.getLogger("ai_finops.progress")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        config = {"as_of": as_of.isoformat() if as_of else "", "force": force, "full_tests": full_tests}
        # dbt's lines, which dagster-dbt prints, go to a file: the caller sees the steps.
        with (settings.home / "dagster_run.log").open("w") as output, contextlib.redirect_stdout(output):
            result = defs.resolve_job_def("nightly").execute_in_process(
                instance=DagsterInstance.get(),
                raise_on_error=False,
                run_config={
                    "resources": {"night": {"config": config}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
            )
    finally:
        log.removeHandler(handler)
    mine = [run for run in runs.read_runs(settings.home) if run["run_id"] not in before]
    if not mine:
        failures = [event.message or "" for event in result.all_events if event.is_failure]
        raise RuntimeError("Dagster failed before the night began: " + json.dumps(failures[:2]))
    return mine[0]
