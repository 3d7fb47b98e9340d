"""dbt in a process of its own that reads the project at once and builds when it is told to.

    python -m orchestration.dbt_process PARSE_ARGUMENTS…

Starting dbt and reading the project costs a third of a small night's build, and needs no data: it is done while files are loaded.
What to build comes as one line of JSON on stdin, {"args": […], "environment": {…}}; without a line (also where the night was killed)
there is nothing to build.
"""

from __future__ import annotations

import json
import os
import sys

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

from orchestration.dbt_project import FAILED, NOT_PARSED


class ReadEvents(EventManager):
    """Debug events go nowhere where no log takes them: dbt would write each as a message first, twenty a model."""

    def fire_event(
        self,
        e: BaseEvent,
        level: EventLevel | None = None,
        node: object = None,
        force_warn_or_error_handling: bool = False,
    ) -> None:
        """As of `EventManager`."""
        if (level or e.level_tag()) is EventLevel.DEBUG and not any(
            logger.level is EventLevel.DEBUG for logger in self.loggers
        ):
            return
        super().fire_event(e, level, node, force_warn_or_error_handling)


def main(parse_args: list[str]) -> int:
    """Parse, wait for the line, build."""
    ctx_set_event_manager(ReadEvents())
    parsed = dbtRunner().invoke(parse_args)
    line = sys.stdin.readline()
    if not parsed.success:
        return NOT_PARSED
    if not line:
        return 0
    asked = json.loads(line)
    os.environ.update(asked["environment"])
    built = dbtRunner(manifest=parsed.result).invoke(asked["args"])
    if built.exception is not None:
        print(f"dbt ended with {type(built.exception).__name__}: {built.exception}", flush=True)
    return 0 if built.success else FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
