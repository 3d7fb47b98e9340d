"""Run the command line in a process of its own and read wall clock and peak memory from the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """Wall seconds, peak resident memory in GB of the largest process, and what the command printed."""

    seconds: float
    peak_gb: float
    output: str


def ai_finops(home: Path, *arguments: str) -> Measured:
    """Run `ai-finops` on a warehouse of its own.

    Raises:
        RuntimeError: If the command fails; the message ends with what it printed.
    """
    env = os.environ | {"AI_FINOPS_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    (home / "dagster").mkdir(parents=True, exist_ok=True)
    log = home / "command.log"
    start = time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-m", "orchestration.cli", *arguments], env=env, stdout=stream, stderr=stream)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _tree_peak_kb(process.pid))
            time.sleep(0.2)
    seconds = time.perf_counter() - start
    output = log.read_text(errors="replace")
    if process.returncode:
        raise RuntimeError(f"ai-finops {' '.join(arguments)} failed with {process.returncode}:\n{output[-3000:]}")
    return Measured(seconds, peak / 1e6, output)


def _tree_peak_kb(pid: int) -> int:
    """Largest high-water mark (VmHWM) of a process and its descendants."""
    peak = 0
    stack = [pid]
    while stack:
        current = stack.pop()
        try:
            status = Path(f"/proc/{current}/status").read_text()
            children = Path(f"/proc/{current}/task/{current}/children").read_text().split()
        except OSError:
            continue
        peak = max([peak] + [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")])
        stack.extend(int(child) for child in children)
    return peak
