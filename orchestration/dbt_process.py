"""dbt in a process of its own that reads the project at once and builds when it is told to.

    python -m orchestration.dbt_process PARSED PARSE_ARGUMENTS…

Starting dbt and reading the project needs no data: it is done while files are loaded. PARSED is the project as dbt holds it in
memory, written by an earlier one of these processes; where there is no such file, the project is parsed and it is written. Which
code it is of is for the caller to know (dbt_parse.py).
What to build comes as one line of JSON on stdin, {"args": […], "environment": {…}}; without a line (also where the night was killed)
there is nothing to build.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
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


def _fields(manifest: Manifest) -> dict[str, object]:
    """What a manifest is made of, by name. Its own pickling mixes up the places of what it looks names up in (dbt-core 1.11), all of
    which it makes itself where it is not given.
    """
    return {
        field.name: getattr(manifest, field.name)
        for field in dataclasses.fields(manifest)
        if not field.name.startswith("_")
    }


def read_project(parsed: Path, parse_args: list[str]) -> Manifest | None:
    """The project as it was kept; else as dbt parses it now, which is then kept. None where it does not parse."""
    if parsed.exists():
        return Manifest(**pickle.loads(parsed.read_bytes()))
    done = dbtRunner().invoke(parse_args)
    if not done.success:
        return None
    # Before a build writes what it has compiled into it.
    parsed.write_bytes(pickle.dumps(_fields(done.result)))
    return done.result


def main(parsed: str, *parse_args: str) -> int:
    """Read the project, wait for the line, build."""
    ctx_set_event_manager(ReadEvents())
    manifest = read_project(Path(parsed), list(parse_args))
    line = sys.stdin.readline()
    if manifest is None:
        return NOT_PARSED
    if not line:
        return 0
    asked = json.loads(line)
    os.environ.update(asked["environment"])
    built = dbtRunner(manifest=manifest).invoke(asked["args"])
    if built.exception is not None:
        print(f"dbt ended with {type(built.exception).__name__}: {built.exception}", flush=True)
    return 0 if built.success else FAILED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
