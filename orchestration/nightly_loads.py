"""The load phase of a night: what is pending goes through gate 1 into the lake, then the price book is brought up to
the names seen.

Joins three packages that do not know each other: landing (deliveries, loader), gates (arrivals) and reference (price
book).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from orchestration.gates import arrivals
from orchestration.gates.results import CRITICAL, PASS, REFUSED, GateResult
from orchestration.gates.thresholds import Thresholds
from orchestration.lake.catalog import Lake
from orchestration.lake.raw_views import register
from orchestration.landing import load as loader
from orchestration.landing.deliveries import deliveries, land, land_inbox
from orchestration.landing.schema import RawTable, load_schemas
from orchestration.reference.delivery import is_by_other_rules, write_price_book
from orchestration.runs import utc_now
from orchestration.settings import Settings

PRICE_BOOK = "price_book"
LOADED = "loaded"


@dataclass(frozen=True)
class Load:
    """What became of one delivery in one raw table; `verdict` is loaded, duplicate or refused."""

    load_id: str
    source: str
    feed: str
    table: str
    verdict: str
    reason: str
    rows: int
    rejected: int
    duplicate: int
    superseded: int

    @property
    def committed(self) -> bool:
        """Whether its rows are current now."""
        return self.verdict == LOADED

    @property
    def refused(self) -> bool:
        """Whether it was turned away."""
        return self.verdict == REFUSED

    def as_dict(self) -> dict:
        """Plain types, for the run record."""
        return asdict(self)


@dataclass(frozen=True)
class Loaded:
    """The loads of a run, the results of gate 1, the gate itself, which builds its Data Docs until it is closed, and the lake as it is now."""

    loads: tuple[Load, ...]
    results: tuple[GateResult, ...]
    gate: arrivals.Gate
    lake: Lake


def arrival_of(candidate: loader.Candidate) -> arrivals.Arrival:
    """A loader's candidate as gate 1 sees it."""
    table = candidate.table
    key = ()
    if table.key and table.restatement == "append":
        key = (*table.key, "_load_id", *(() if table.key_across_days else ("_partition",)))
    return arrivals.Arrival(
        load_id=candidate.delivery.delivery_id,
        source=table.source,
        table=table.name,
        files=tuple(candidate.paths),
        columns=tuple(
            # where a value may be missing on some rows, the loader has judged which
            arrivals.Column(
                column.name,
                column.required and not column.unless,
                column.min,
                column.max,
                accepted_values(table, column.name),
            )
            for column in table.columns
        ),
        key=key,
        expectations=tuple(table.meta.get("expectations") or ()),
        rows=candidate.rows,
        future_days=table.restatement == "snapshot",
    )


def accepted_values(table: RawTable, column: str) -> tuple[str, ...]:
    """Declared values of a column (`accepted_values:` under `load:`), or none."""
    return tuple(str(value) for value in (table.meta.get("accepted_values") or {}).get(column, ()))


class _Judge:
    """Gate 1 as the loader calls it; keeps the results for the record."""

    def __init__(self, gate: arrivals.Gate) -> None:
        self.gate = gate
        self.results: list[GateResult] = []

    def __call__(self, candidates: Sequence[loader.Candidate]) -> dict[str, loader.Verdict]:
        found = {candidate.candidate_id: arrival_of(candidate) for candidate in candidates}
        verdicts = self.gate.judge(list(found.values()))
        answers = {}
        for candidate_id, arrival in found.items():
            verdict = verdicts[arrival.id]
            self.results.extend(verdict.results)
            answers[candidate_id] = loader.Verdict(
                verdict.accepted, verdict.reason, {"checks": verdict.results[0].message}
            )
        return answers


def _as_load(result: loader.LoadResult) -> Load:
    return Load(
        result.load_id, result.source, result.feed, result.table, result.outcome, result.reason,
        result.loaded, result.rejected, result.duplicate, result.superseded,
    )  # fmt: skip


def _results_of(loads: Sequence[Load], judged: Sequence[GateResult], run_id: str) -> list[GateResult]:
    """Gate 1's results, corrected by what the loader itself turned away."""
    by_suite = {(result.check_name, result.scope): result for result in judged}
    for load in loads:
        key = (f"arrivals.{load.table}", load.load_id)
        known = by_suite.get(key)
        if load.refused and (known is None or known.status == PASS):
            by_suite[key] = GateResult(
                run_id,
                key[0],
                arrivals.KIND,
                load.load_id,
                CRITICAL,
                REFUSED,
                load.rejected,
                None,
                load.reason,
                utc_now().isoformat(),
            )
    return list(by_suite.values())


def land_price_book(settings: Settings, folder: Path, today: date, lake: Lake) -> bool:
    """Land prices, model aliases and days of books for what the lake holds now, where they differ from what was landed
    last; returns whether they do.
    """
    with loader.connect(settings) as connection:
        # names are read in every log of every day
        register(connection, settings, lake, copies=True)
        files = write_price_book(connection, folder, settings.project_dir, today)
    landed = land_if_new(settings, PRICE_BOOK, files.names)
    if files.prices is not None:
        landed |= land_if_new(settings, files.book_id, [files.prices])
    return landed


def is_book_stale(settings: Settings) -> bool:
    """Whether there is no price book yet, or a new release or new facts since it was made; reads a few small files."""
    names = [
        delivery for delivery in deliveries(settings) if (delivery.source, delivery.feed) == (PRICE_BOOK, PRICE_BOOK)
    ]
    return not names or is_by_other_rules(names[-1].path / "model_aliases.csv", settings.project_dir)


def land_if_new(settings: Settings, feed: str, files: Sequence[Path]) -> bool:
    """Land reference files of a feed of the price book, unless they are what was landed there last."""
    content = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    earlier = [delivery for delivery in deliveries(settings) if (delivery.source, delivery.feed) == (PRICE_BOOK, feed)]
    if earlier and earlier[-1].files == content:
        return False
    # The number orders the deliveries; a clock would make equal runs differ.
    land(PRICE_BOOK, files, settings=settings, feed=feed, version=str(len(earlier) + 1))
    return True


def load_pending(
    settings: Settings,
    *,
    run_id: str,
    as_of: datetime,
    folder: Path,
    docs_dir: Path,
    stage: Callable[[str], AbstractContextManager],
    note: Callable[[str], None],
    begun: Callable[[], None],
) -> Loaded:
    """Load what has landed, the inbox included, and the price book that its names need.

    Args:
        settings: The warehouse.
        run_id: Run that the results belong to.
        as_of: The run's clock, naive UTC.
        folder: The run's own folder.
        docs_dir: Where gate 1 puts its Data Docs.
        stage: Times a named stage.
        note: Called with a line per step.
        begun: Called once, before anything is read, where something is pending.
    """
    lake = Lake(settings)
    thresholds = Thresholds.read(settings.project_dir)
    gate = arrivals.Gate(run_id=run_id, as_of=as_of, thresholds=thresholds, folder=folder, docs_dir=docs_dir)
    judge = _Judge(gate)
    try:
        with stage("load"):
            land_inbox(settings)
            if loader.pending(settings, lake):
                gate.start()
                begun()
            results = loader.load_pending(settings, as_of=as_of, judge=judge, progress=note, lake=lake)
        if any(result.outcome == LOADED for result in results) or is_book_stale(settings):
            with stage("price book"):
                if land_price_book(settings, folder / PRICE_BOOK, as_of.date(), lake):
                    results += loader.load_pending(settings, as_of=as_of, judge=judge, progress=note, lake=lake)
    except BaseException:
        gate.close()
        raise
    gate.end()
    loads = tuple(_as_load(result) for result in results)
    return Loaded(loads, tuple(_results_of(loads, judge.results, run_id)), gate, lake)


def land_and_list_pending(settings: Settings) -> list[str]:
    """Land the inbox and return the ids of deliveries that no run has loaded yet."""
    land_inbox(settings)
    return [delivery.delivery_id for delivery in loader.pending(settings)]


def cadences(settings: Settings) -> dict[str, float]:
    """Hours in which a raw table's source promises news, where it promises any."""
    tables = load_schemas(settings.project_dir)
    return {name: float(table.cadence_hours) for name, table in tables.items() if table.cadence_hours}
