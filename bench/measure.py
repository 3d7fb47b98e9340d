"""Run things in a process of their own and read wall clock, processor time and peak memory from the kernel."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration.runs import read_runs
from orchestration.settings import PROJECT_DIR


@dataclass(frozen=True)
class Measured:
    """What one command took.

    Attributes:
        seconds: Wall clock, the start of Python included.
        cpu_seconds: User and system time of the process and its descendants; hardly moves when others use the machine.
        peak_gb: Peak resident memory of the largest process, in 10^9 bytes.
        output: What the command printed.
    """

    seconds: float
    cpu_seconds: float
    peak_gb: float
    output: str


@dataclass(frozen=True)
class Night:
    """One nightly run: what it took, and its own record (orchestration/runs.py)."""

    measured: Measured
    record: dict

    @property
    def seconds(self) -> float:
        return self.measured.seconds

    @property
    def dirty_days(self) -> str:
        """Number of days rebuilt, or `all`."""
        days = self.record["dirty_days"]
        return "all" if days is None else str(len(days))

    def as_dict(self) -> dict:
        """Plain types, for the JSON output."""
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.measured.cpu_seconds, 2),
            "peak_gb": round(self.measured.peak_gb, 3),
            "status": self.record["status"],
            "stages": self.record["stages"],
            "dirty_days": self.record["dirty_days"],
            "models_built": self.record["models_built"],
        }


def night(home: Path, as_of: datetime, *, dagster: bool = False) -> Night:
    """Run the nightly job on a warehouse.

    Raises:
        RuntimeError: If it fails or publishes nothing; the message ends with what it printed.
    """
    through = "--dagster" if dagster else "--no-dagster"
    measured = python(["-m", "orchestration.cli", "run", "--as-of", as_of.isoformat(), through], home)
    return Night(measured, read_runs(home)[0])


def python(arguments: Sequence[str], home: Path) -> Measured:
    """Run this Python with arguments, on a warehouse of its own.

    Raises:
        RuntimeError: If the command fails; the message ends with what it printed.
    """
    home.mkdir(parents=True, exist_ok=True)
    env = os.environ | {"AI_FINOPS_HOME": str(home), "PYTHONPATH": str(PROJECT_DIR)}
    log = home / "command.log"
    before, start = _children_cpu(), time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen([sys.executable, *arguments], env=env, cwd=PROJECT_DIR, stdout=stream, stderr=stream)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _tree_peak_kb(process.pid))
            time.sleep(0.2)
    seconds = time.perf_counter() - start
    output = log.read_text(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed with {process.returncode}:\n{output[-3000:]}")
    return Measured(seconds, _children_cpu() - before, peak * 1024 / 1e9, output)


def last_json(measured: Measured) -> dict:
    """The JSON object that a command printed as its last line."""
    return json.loads(measured.output.splitlines()[-1])


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree_peak_kb(pid: int) -> int:
    """Largest high-water mark (VmHWM, KiB) of a process and its descendants."""
    peak = 0
    stack = [pid]
    while stack:
        current = stack.pop()
        try:
            status = Path(f"/proc/{current}/status").read_text()
            # A process started by a thread is listed under that thread only.
            tasks = Path(f"/proc/{current}/task").iterdir()
            children = [child for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
        peak = max([peak] + [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")])
        stack.extend(int(child) for child in children)
    return peak
