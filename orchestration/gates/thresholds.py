"""Thresholds of the gates, from the seed `gate_thresholds` (one row per check and scope, each with its reason)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Threshold:
    """A limit and how serious it is to pass it."""

    limit: Decimal
    severity: str


@dataclass(frozen=True)
class Thresholds:
    """All thresholds; a scope's own row wins over the row of scope `*`."""

    rows: dict[tuple[str, str], Threshold]

    @classmethod
    def read(cls, project_dir: Path) -> Thresholds:
        """Read the seed.

        Raises:
            ValueError: If a severity is unknown or a check and scope stand twice.
        """
        path = project_dir / "seeds" / "gate_thresholds.csv"
        rows: dict[tuple[str, str], Threshold] = {}
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                key = (row["check_name"], row["scope"])
                if row["severity"] not in ("critical", "warning"):
                    raise ValueError(f"{path}: {key} has severity {row['severity']!r}, not critical or warning")
                if key in rows:
                    raise ValueError(f"{path}: {key} stands twice")
                rows[key] = Threshold(Decimal(row["threshold"]), row["severity"])
        return cls(rows)

    def of(self, check_name: str, scope: str = "*") -> Threshold:
        """The threshold of a check in a scope.

        Raises:
            KeyError: If the seed has no row for the check: a gate without a limit would pass everything.
        """
        found = self.rows.get((check_name, scope)) or self.rows.get((check_name, "*"))
        if found is None:
            raise KeyError(f"seeds/gate_thresholds.csv has no row for {check_name}")
        return found
