"""What one delivery would put into one table, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from orchestration.landing.deliveries import Delivery
from orchestration.landing.schema import RawTable


@dataclass
class FileCounts:
    """Rows of one file for one table. `rows_in` = loaded + rejected + duplicate + superseded."""

    file: str
    sha256: str
    rows_in: int = 0
    loaded: int = 0
    rejected: int = 0
    duplicate: int = 0
    superseded: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)


@dataclass
class Candidate:
    """What one delivery would put into one table.

    Attributes:
        table: Declared schema.
        delivery: Where it came from; its id is the load id.
        files: Counts per file.
        paths: Typed Parquet files, one schema, no rejected and no repeated row.
        rejects_path: Parquet file of the rejected rows (file_name, row_number, field, reason, value), if any.
        refusal: Why the delivery as a whole is refused; None if it is sound.
        warnings: What people should know.
        covered_days: Days that the delivery speaks for beyond those with rows.
        gate: What gate 1 said.
        siblings: Every table that the delivery feeds; it is loaded when all of them know it.
    """

    table: RawTable
    delivery: Delivery
    files: list[FileCounts] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    rejects_path: Path | None = None
    refusal: str | None = None
    warnings: list[str] = field(default_factory=list)
    covered_days: set[date] = field(default_factory=set)
    gate: dict = field(default_factory=dict)
    siblings: list[str] = field(default_factory=list)

    @property
    def candidate_id(self) -> str:
        """Names the candidate in a run."""
        return f"{self.delivery.delivery_id}/{self.table.name}"

    @property
    def rows(self) -> int:
        """Rows in the candidate files."""
        return sum(counts.loaded for counts in self.files)

    @property
    def content(self) -> str:
        """Hash of what was delivered, apart from names."""
        return self.delivery.content_of([counts.file for counts in self.files])


@dataclass(frozen=True)
class Verdict:
    """Gate 1's answer for one candidate: whether it may be committed, the reason if not, and details for the ledger."""

    passed: bool
    reason: str = ""
    details: dict = field(default_factory=dict)


Judge = Callable[[Sequence[Candidate]], Mapping[str, Verdict]]


@dataclass(frozen=True)
class LoadResult:
    """What became of one delivery in one table. `outcome` is loaded, duplicate or refused."""

    load_id: str
    source: str
    feed: str
    table: str
    outcome: str
    reason: str
    rows_in: int
    loaded: int
    rejected: int
    duplicate: int
    superseded: int
    replaced: int
    days: tuple[date, ...]
    warnings: tuple[str, ...]


def names_of(candidate: Candidate) -> str:
    """File names of a candidate for a message."""
    names = [counts.file for counts in candidate.files]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
