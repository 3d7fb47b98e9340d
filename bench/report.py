"""The machine, the table of targets and what was measured, and the JSON file."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "pyiceberg", "great-expectations")


@dataclass(frozen=True)
class Line:
    """One measured figure and the most that it should be; a figure without target is there to be read."""

    what: str
    measured: float
    target: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def verdict(self) -> str:
        """met, short, or nothing."""
        if self.target is None:
            return ""
        return "met" if self.measured <= self.target else "short"


@dataclass
class Report:
    """What a benchmark run found.

    Attributes:
        lines: The table.
        details: What is behind the figures (stages, dirty days, seconds of each step), by section.
    """

    machine: dict
    lines: list[Line] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)

    def add(self, *line: object, **named: object) -> None:
        """Add a line (see Line)."""
        self.lines.append(Line(*line, **named))

    def table(self) -> str:
        """The table as Markdown."""
        rows = [("figure", "measured", "target", "", "note")]
        for line in self.lines:
            target = "" if line.target is None else f"<= {line.target:g}{line.unit}"
            rows.append((line.what, f"{line.measured:.2f}{line.unit}", target, line.verdict, line.note))
        return _markdown(rows)

    def nights(self) -> str:
        """Every night's cost as Markdown."""
        rows = [("night", "wall s", "processor s", "peak GB", "dirty days", "models", "seconds of the stages")]
        for name, night in self.details.items():
            if not isinstance(night, dict) or "stages" not in night:
                continue
            days = "all" if night["dirty_days"] is None else str(len(night["dirty_days"]))
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in night["stages"].items())
            figures = (f"{night['seconds']:.1f}", f"{night['cpu_seconds']:.1f}", f"{night['peak_gb']:.2f}")
            rows.append((name, *figures, days, str(night["models_built"]), stages))
        return _markdown(rows)

    def as_dict(self) -> dict:
        """Plain types, for the JSON file."""
        lines = [{**asdict(line), "verdict": line.verdict} for line in self.lines]
        return {"machine": self.machine, "lines": lines, "details": self.details}


def _markdown(rows: list[tuple[str, ...]]) -> str:
    """A table, padded so that it reads well as plain text; the first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def machine() -> dict:
    """Processor, memory and versions; the load says how much else the machine did at the start."""
    cpu = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu[0] if cpu else platform.machine(),
        "ram_gb": round(memory, 1),
        "load_1m": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }
