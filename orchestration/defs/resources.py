"""The one resource: a night of the pipeline, shared by the steps of a Dagster run.

Does not belong here: what a night does. It holds the warehouse's lock for as long as the Dagster run lasts, which works
because the executor is in-process (more processes would import Dagster and dbt again and could not share DuckDB's one
writer anyway).
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from orchestration.dbt_project import Dbt
from orchestration.pipeline import Night, night
from orchestration.settings import Settings

# A dbt that was started before Dagster was imported (dagster_run.py), for the night of this process.
waiting_dbt: Dbt | None = None
# The command line listens here.
progress_log = logging.getLogger("ai_finops.progress")


def shown_days(days: Iterable[date] | None) -> str:
    """Dirty days as metadata shows them, `2026-09-29 to 2026-10-02, 2026-10-05 (5 days)`; None is all days."""
    if days is None:
        return "all"
    stretches: list[list[date]] = []
    for day in sorted(days):
        if stretches and day - stretches[-1][-1] == timedelta(days=1):
            stretches[-1].append(day)
        else:
            stretches.append([day])
    shown = (f"{one[0]} to {one[-1]}" if len(one) > 1 else f"{one[0]}" for one in stretches)
    return f"{', '.join(shown)} ({sum(map(len, stretches))} days)"


class NightResource(dg.ConfigurableResource):
    """A night: `load`, `plan`, `built`, `publish`, each done once a run.

    Attributes:
        as_of: The run's clock as ISO time, UTC; empty means now.
        force: Rebuild everything.
        full_tests: Tests judge all days, as they do in the first run of each ISO week.
    """

    as_of: str = ""
    force: bool = False
    full_tests: bool = False

    _night: Night | None = PrivateAttr(default=None)
    _stack: contextlib.ExitStack | None = PrivateAttr(default=None)
    _log: Any = PrivateAttr(default=None)

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["NightResource"]:
        """The night begins with the first step that asks for it, and ends with the Dagster run."""
        with contextlib.ExitStack() as stack:
            self._stack, self._log = stack, context.log
            yield self

    def note(self, message: str) -> None:
        """A line of progress, for Dagster's log and for whoever started the run."""
        if self._log is not None:
            self._log.info(message)
        progress_log.info(message)

    @property
    def current(self) -> Night:
        """The night of this Dagster run."""
        if self._night is None:
            as_of = datetime.fromisoformat(self.as_of) if self.as_of else None
            begun = night(Settings.from_env(), as_of, self.force, self.note, self.full_tests)
            self._night = self._stack.enter_context(begun)
            self._night.dbt = waiting_dbt
        return self._night
