"""How the pipeline starts dbt: folders, environment, arguments, and the process that waits for its build.

Pure functions where it can be, so that they are tested without a warehouse. Nothing here imports dbt.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO

from orchestration.dbt_parse import PARSED, WHOLE, KeptParse
from orchestration.settings import Settings

TARGET = "pipeline"
# Exit codes of dbt_process.py: the project does not parse; it does, but what was asked for failed.
NOT_PARSED, FAILED = 2, 3


def dbt_executable() -> str:
    """dbt of this Python's environment."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.exists() else "dbt"


def target_dir(settings: Settings) -> Path:
    """dbt's artifacts and parse cache of the pipeline; analysts have their own."""
    return settings.build / "target"


def profiles_dir(settings: Settings) -> Path:
    """A folder with the example profile as profiles.yml: the pipeline does not depend on a person's own copy."""
    folder = settings.build / "profiles"
    example, copy = settings.project_dir / "profiles.example.yml", folder / "profiles.yml"
    if not copy.exists() or copy.read_bytes() != example.read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(example, copy)
    return folder


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Variables that the profile's `pipeline` target and the models read."""
    return {
        "AI_FINOPS_BUILD_PATH": str(settings.build_path),
        "AI_FINOPS_PARQUET_ROOT": str(settings.requests_dir),
        "AI_FINOPS_THREADS": str(settings.threads),
        "AI_FINOPS_MEMORY_LIMIT": settings.memory_limit,
        "AI_FINOPS_SAMPLES_AT_ONCE": str(settings.samples_at_once),
        "AI_FINOPS_REPORT_CURRENCY": settings.report_currency,
        "AI_FINOPS_REPORT_TIME_ZONE": settings.report_time_zone,
        # All days and no clock, unless a `Build` says otherwise: another night's must not get through.
        "AI_FINOPS_DIRTY_DAYS": "",
        "AI_FINOPS_AS_OF": "",
        "AI_FINOPS_TEST_ALL_DAYS": "",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_PATH": str(settings.build / "logs"),
        # dbt's debug log costs a tenth of a build; what it says on the way is in the run's dbt.log, the SQL in the target folder.
        "DBT_LOG_LEVEL_FILE": os.environ.get("DBT_LOG_LEVEL_FILE", "none"),
        "DBT_TARGET_PATH": str(target_dir(settings)),
    }


def parse_environment(settings: Settings) -> dict[str, str]:
    """Variables for reading the project. None is of a warehouse: dbt reads everything anew where its profile or a variable of
    the project has changed. The file's name stays, since dbt writes the database's into what it has read.
    """
    nowhere = {
        "AI_FINOPS_BUILD_PATH": f"/nonexistent/{settings.build_path.name}",
        "AI_FINOPS_PARQUET_ROOT": "/nonexistent",
        "AI_FINOPS_MEMORY_LIMIT": "1GB",
        # Not dollars, so that what converts is read, too.
        "AI_FINOPS_REPORT_CURRENCY": "EUR",
        "AI_FINOPS_REPORT_TIME_ZONE": "UTC",
    }
    environment = {**os.environ, **dbt_environment(settings), **nowhere}
    # Without byte code every start compiles dbt's imports again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def location_args(settings: Settings, target: Path | None = None) -> list[str]:
    """Where project, profile and target are; without a target folder, that of the builds."""
    return [
        "--project-dir", str(settings.project_dir), "--profiles-dir", str(profiles_dir(settings)), "--target", TARGET,
        "--target-path", str(target or target_dir(settings)),
    ]  # fmt: skip


def process_command(settings: Settings, target: Path, read: bool) -> list[str]:
    """Command of a dbt that waits for its build (dbt_process.py).

    Args:
        settings: Which warehouse.
        target: Folder of its artifacts.
        read: Whether it reads the project; else what was kept of it is in the target folder.
    """
    parsed = target / PARSED
    if read:
        # Not the one of other code, which is what an earlier night left.
        parsed.unlink(missing_ok=True)
    arguments = [str(parsed), "parse", *location_args(settings, target), "--no-use-colors", WHOLE]
    return [sys.executable, "-m", "orchestration.dbt_process", *arguments]


@dataclass(frozen=True)
class Build:
    """What the nightly build is asked to do.

    Attributes:
        dirty_days: Days to rebuild; None rebuilds everything from nothing.
        as_of: The run's clock, naive UTC.
        full_tests: Tests judge all days, not only the rebuilt ones.
        on_frame: Seeds, and views that no night changes, stand already (frame.py).
    """

    dirty_days: tuple[date, ...] | None
    as_of: datetime
    full_tests: bool = False
    on_frame: bool = False

    @property
    def args(self) -> list[str]:
        """Arguments of dbt; those that differ from night to night make it read nothing anew."""
        # Unit tests judge code, not data: they belong to `make test`.
        args = ["build", "--exclude-resource-type", "unit_test"]
        if self.on_frame:
            args += ["--selector", "on_a_standing_frame"]
        return [*args, "--full-refresh"] if self.dirty_days is None else args

    @property
    def environment(self) -> dict[str, str]:
        """What differs from night to night (macros/dirty_days.sql).

        Not `--vars`: other variables than last time's make dbt parse the whole project anew.

        Raises:
            ValueError: If the set of days is empty, which in the environment would mean all days.
        """
        if self.dirty_days is not None and not self.dirty_days:
            raise ValueError("no dirty days: there is nothing to build")
        days = sorted(day.isoformat() for day in self.dirty_days or ())
        return {
            "AI_FINOPS_DIRTY_DAYS": ",".join(days),
            "AI_FINOPS_AS_OF": self.as_of.isoformat(),
            "AI_FINOPS_TEST_ALL_DAYS": "1" if self.full_tests else "",
        }


def run_dbt(args: Sequence[str], settings: Settings, log: Path, nightly: Mapping[str, str] | None = None) -> int:
    """Run dbt and return 0 where all of it succeeded.

    Args:
        args: Command and its arguments.
        settings: Which warehouse.
        log: File for dbt's output.
        nightly: Variables of the night (`Build.environment`).
    """
    return Dbt(settings, log).build(args, nightly or {})


class Dbt:
    """A dbt of the pipeline that reads the project as soon as it is made, and builds when it is told to (dbt_process.py)."""

    def __init__(self, settings: Settings, log: Path | None) -> None:
        """Start it.

        Args:
            settings: Which warehouse.
            log: File for dbt's output; None leaves it to `process.stdout`, one JSON event a line, as dagster-dbt reads them.
        """
        self._args = [*location_args(settings), "--no-use-colors"]
        self._environment = dbt_environment(settings)
        self._kept, self._target = KeptParse(settings), target_dir(settings)
        self._reads = not self._kept.holds
        environment = parse_environment(settings)
        if log is None:
            environment |= {"DBT_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"}
        if not self._reads:
            self._kept.hand_to(self._target)
        command = process_command(settings, self._target, self._reads)
        with contextlib.ExitStack() as stack:
            output: int | IO[bytes] = subprocess.PIPE
            if log is not None:
                log.parent.mkdir(parents=True, exist_ok=True)
                output = stack.enter_context(log.open("wb"))
            self.process = subprocess.Popen(
                command, env=environment, cwd=settings.project_dir, stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT,
            )  # fmt: skip

    def begin(self, args: Sequence[str], nightly: Mapping[str, str]) -> None:
        """Tell it what to run, once.

        Args:
            args: Command and its arguments.
            nightly: Variables of the night (`Build.environment`).
        """
        line = json.dumps({"args": [*args, *self._args], "environment": self._environment | nightly}) + "\n"
        # Where it has died, its exit code and its output say so.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()

    def build(self, args: Sequence[str], nightly: Mapping[str, str]) -> int:
        """Run a command, once, and wait for its end; returns 0 where all of it succeeded. Arguments as of `begin`."""
        self.begin(args, nightly)
        self.close()
        return self.process.returncode

    def close(self) -> None:
        """Let it end what it was told; nothing, where it was not told to build."""
        if self.process.returncode is None:
            self.process.communicate()
        if self._reads and self.process.returncode in (0, FAILED):
            self._kept.keep(self._target)
            self._reads = False
