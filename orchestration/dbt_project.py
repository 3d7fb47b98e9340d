"""How the pipeline starts dbt: folders, environment, arguments, and a manifest for loading definitions.

Pure functions where it can be, so that they are tested without a warehouse. Nothing here imports dbt.
"""

from __future__ import annotations

import contextlib
import hashlib
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

from orchestration.settings import Settings

TARGET = "pipeline"
# Exit codes of dbt_process.py: the project does not parse; it does, but what was asked for failed.
NOT_PARSED, FAILED = 2, 3
# What dbt keeps of a parse.
PARSED = "partial_parse.msgpack"
# Not what changed: dbt's partial parse stumbles over descriptions that moved from file to file.
_WHOLE = ["--no-partial-parse"]
_PARSED_FOLDERS = ("models", "macros", "seeds", "tests/dbt")
_PARSED_FILES = ("dbt_project.yml", "profiles.example.yml")


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
        "AI_FINOPS_REPORT_CURRENCY": settings.report_currency,
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


def location_args(settings: Settings) -> list[str]:
    """Where project, profile and target are."""
    return [
        "--project-dir", str(settings.project_dir), "--profiles-dir", str(profiles_dir(settings)), "--target", TARGET,
        "--target-path", str(target_dir(settings)),
    ]  # fmt: skip


@dataclass(frozen=True)
class Build:
    """What the nightly build is asked to do.

    Attributes:
        dirty_days: Days to rebuild; None rebuilds everything from nothing.
        as_of: The run's clock, naive UTC.
        full_tests: Tests judge all days, not only the rebuilt ones.
    """

    dirty_days: tuple[date, ...] | None
    as_of: datetime
    full_tests: bool = False

    @property
    def args(self) -> list[str]:
        """Arguments of dbt, the same each night."""
        # Unit tests judge code, not data: they belong to `make test`.
        args = ["build", "--exclude-resource-type", "unit_test"]
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


def run_dbt(
    args: list[str], settings: Settings, log: Path | None = None, nightly: Mapping[str, str] | None = None
) -> int:
    """Run dbt and return its exit code; output goes to `log`, or is inherited.

    Args:
        args: Command and its arguments.
        settings: Which warehouse.
        log: File for dbt's output.
        nightly: Variables of the night (`Build.environment`).
    """
    environment = {**os.environ, **dbt_environment(settings), **(nightly or {})}
    # Without byte code every start compiles dbt's imports again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [dbt_executable(), *args, *location_args(settings)]
    if log is None:
        return subprocess.run(command, env=environment, check=False).returncode
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        return subprocess.run(
            [*command, "--no-use-colors"], env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode


def _parse_stamp(project_dir: Path) -> str:
    """Changes with any file that dbt parses: name, size and time of change."""
    parts = [project_dir / name for name in _PARSED_FILES]
    for folder in _PARSED_FOLDERS:
        parts.extend(path for path in sorted((project_dir / folder).rglob("*")) if path.is_file())
    digest = hashlib.sha256()
    for path in parts:
        if path.exists():
            status = path.stat()
            digest.update(f"{path.relative_to(project_dir)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


class Dbt:
    """A dbt of the pipeline that reads the project as soon as it is made, and builds when it is told to (dbt_process.py)."""

    def __init__(self, settings: Settings, log: Path | None) -> None:
        """Start it.

        Args:
            settings: Which warehouse.
            log: File for dbt's output; None leaves it to `process.stdout`, one JSON event a line, as dagster-dbt reads them.
        """
        self._args = [*location_args(settings), "--no-use-colors"]
        self._stamp, self._stamp_file = _parse_stamp(settings.project_dir), target_dir(settings) / "stamp"
        known = self._stamp_file.read_text() if self._stamp_file.exists() else ""
        environment = {**os.environ, **dbt_environment(settings)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if log is None:
            environment |= {"DBT_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "orchestration.dbt_process", "parse", *self._args]
        with contextlib.ExitStack() as stack:
            output: int | IO[bytes] = subprocess.PIPE
            if log is not None:
                log.parent.mkdir(parents=True, exist_ok=True)
                output = stack.enter_context(log.open("wb"))
            self.process = subprocess.Popen(
                command if known == self._stamp else [*command, *_WHOLE],
                env=environment, cwd=settings.project_dir, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def begin(self, args: Sequence[str], nightly: Mapping[str, str]) -> None:
        """Tell it what to run, once.

        Args:
            args: Command and its arguments.
            nightly: Variables of the night (`Build.environment`).
        """
        line = json.dumps({"args": [*args, *self._args], "environment": dict(nightly)}) + "\n"
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
        if self.process.returncode in (0, FAILED):
            self._stamp_file.write_text(self._stamp)


class Parse:
    """A `dbt parse` of the project as it is now, begun at once and waited for when its result is wanted; none is begun
    where the last one still holds.

    It is kept apart from the builds' target folder, so that loading definitions never disturbs a run. Needs no
    database, no network and no secret.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.build / "definitions"
        self._stamp_file = self.folder / "stamp"
        self._stamp = _parse_stamp(settings.project_dir)
        self._process: subprocess.Popen | None = None
        known = self._stamp_file.read_text() if self._stamp_file.exists() else ""
        if known != self._stamp or not (self.folder / "manifest.json").exists():
            environment = {**os.environ, **dbt_environment(settings), "DBT_TARGET_PATH": str(self.folder)}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            command = [
                dbt_executable(),
                "parse",
                *location_args(settings)[:-1],
                str(self.folder),
                *_WHOLE,
                "--no-use-colors",
            ]
            self._process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )

    def manifest(self) -> Path:
        """The manifest.

        Raises:
            RuntimeError: If the project does not parse; the message is dbt's.
        """
        if self._process is not None:
            said, _ = self._process.communicate()
            if self._process.returncode:
                raise RuntimeError(f"dbt parse failed:\n{said}")
            self._process = None
            self._stamp_file.write_text(self._stamp)
        return self.folder / "manifest.json"

    def hand_to_build(self) -> None:
        """Spare the build the parse: dbt goes on from the one that it finds in its target folder.

        Where the project does not parse, the build says so itself.
        """
        with contextlib.suppress(RuntimeError):
            self.manifest()
        parsed, target = self.folder / PARSED, target_dir(self.settings) / PARSED
        if parsed.exists() and (not target.exists() or target.stat().st_mtime < parsed.stat().st_mtime):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(parsed, target)
            (target.parent / self._stamp_file.name).write_text(self._stamp)


def ensure_manifest(settings: Settings) -> Path:
    """The manifest of the project as it is now, from `dbt parse` where it is missing or older than the files.

    Raises:
        RuntimeError: If the project does not parse; the message is dbt's.
    """
    return Parse(settings).manifest()
