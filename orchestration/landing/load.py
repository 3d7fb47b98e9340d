"""Load deliveries into the lake: type, reject, count (prepare.py), have gate 1 judge, then merge and commit (merge.py).

Preparing looks only at the delivery, so pending deliveries can be prepared and judged while others are committed; what depends on the
lake (repeated content, versions, fewer days than before, keys that are already there) is decided at the commit, one
load after the other. Everything before the commit can be killed: its files are orphans that the next load removes. Law
2 holds per (delivery, table, file): rows in = loaded + rejected + duplicate + superseded.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from queue import SimpleQueue

import duckdb

from orchestration.lake.catalog import Lake
from orchestration.landing.candidate import Candidate, FileCounts, Judge, LoadResult, Verdict, names_of
from orchestration.landing.connection import connect
from orchestration.landing.deliveries import Delivery, deliveries
from orchestration.landing.merge import commit, refuse
from orchestration.landing.prepare import prepare
from orchestration.landing.schema import RawTable, load_schemas
from orchestration.settings import Settings

__all__ = [
    "Candidate",
    "FileCounts",
    "Judge",
    "LoadResult",
    "Verdict",
    "commit",
    "connect",
    "load_pending",
    "pending",
    "prepare",
    "refuse",
    "remove_orphans",
]

Progress = Callable[[str], None]


def silent(message: str) -> None:
    """Progress that nobody wants to see."""


def pending(settings: Settings, lake: Lake | None = None) -> list[Delivery]:
    """Landed deliveries that the ledger does not know, oldest version first."""
    lake = lake or Lake(settings)
    done: dict[str, set[str]] = {}
    wanted: dict[str, set[str]] = {}
    for table in load_schemas(settings.project_dir).values():
        for summary in lake.summaries(table):
            done.setdefault(summary["load_id"], set()).add(table.name)
            wanted.setdefault(summary["load_id"], set()).update(summary["siblings"])
    return [
        delivery
        for delivery in deliveries(settings)
        if delivery.delivery_id not in done or not wanted[delivery.delivery_id] <= done[delivery.delivery_id]
    ]


def remove_orphans(lake: Lake, tables: Mapping[str, RawTable]) -> int:
    """Remove candidate files of runs that died before their commit; returns how many loads were removed."""
    removed = 0
    for table in tables.values():
        folder = lake.data_dir(table)
        if not folder.is_dir():
            continue
        kept = {summary["load_id"] for summary in lake.summaries(table) if summary["outcome"] == "loaded"}
        for load in folder.iterdir():
            if load.name not in kept:
                shutil.rmtree(load, ignore_errors=True)
                removed += 1
    return removed


def _prepared(
    con: duckdb.DuckDBPyConnection,
    waiting: Sequence[Delivery],
    *,
    settings: Settings,
    lake: Lake,
    as_of: datetime,
    progress: Progress,
) -> Generator[list[Candidate], None, None]:
    """The candidates of all deliveries, source by source, in the order of the deliveries; as many deliveries as there are
    threads are read side by side, on beyond the source that is yielded.

    A vendor's file seldom keeps more than one thread busy: a page of JSON is one value. Each reader has a cursor of its own,
    and so its own temporary tables, within the connection's one limit of memory.
    """
    cursors: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for _ in range(settings.threads):
        cursors.put(con.cursor())

    def prepare_one(delivery: Delivery) -> list[Candidate]:
        cursor = cursors.get()
        try:
            return prepare(cursor, delivery, settings=settings, lake=lake, as_of=as_of)
        finally:
            cursors.put(cursor)

    by_source: dict[str, list[Delivery]] = {}
    for delivery in waiting:
        by_source.setdefault(delivery.source, []).append(delivery)
    pool = ThreadPoolExecutor(settings.threads)
    try:
        begun = {
            source: [pool.submit(prepare_one, delivery) for delivery in deliveries]
            for source, deliveries in by_source.items()
        }
        number = 0
        for source, candidates in begun.items():
            of_source: list[Candidate] = []
            for delivery, prepared in zip(by_source[source], candidates, strict=True):
                number += 1
                progress(
                    f"reading {number}/{len(waiting)} {delivery.source}/{delivery.feed} "
                    f"{', '.join(list(delivery.files)[:3])}"
                )
                of_source += prepared.result()
            yield of_source
    finally:
        pool.shutdown(cancel_futures=True)


def _judged(candidates: Sequence[Candidate], judge: Judge | None) -> Sequence[Candidate]:
    """The candidates, each with gate 1's verdict."""
    sound = [candidate for candidate in candidates if candidate.refusal is None]
    if judge is not None and sound:
        verdicts = judge(sound)
        for candidate in sound:
            verdict = verdicts.get(candidate.candidate_id, Verdict(False, "gate 1 gave no verdict"))
            candidate.gate = {"passed": bool(verdict.passed), **verdict.details}
            if not verdict.passed:
                candidate.refusal = f"{names_of(candidate)}: gate 1: {verdict.reason}"
    return candidates


def load_pending(
    settings: Settings,
    *,
    as_of: datetime,
    judge: Judge | None = None,
    progress: Progress = silent,
    lake: Lake | None = None,
) -> list[LoadResult]:
    """Load every pending delivery: prepare, have judged, commit one after the other.

    Sources follow one another through the three, as in a factory: while one is judged, the one before is committed and the
    ones after are read. Deliveries of one source keep their order; tables of two sources have nothing to do with each other.

    Args:
        settings: Paths and limits.
        as_of: The run's clock, UTC without zone.
        judge: Gate 1: all sound candidates of a source -> verdict by `candidate_id`. A candidate without a verdict is
            refused. None commits without gate (unit tests). Called in a thread of its own, never twice at once.
        progress: Called with one line a step.
        lake: An open lake, to spare opening it again.
    """
    lake = lake or Lake(settings)
    tables = load_schemas(settings.project_dir)
    results: list[LoadResult] = []
    # One connection for the whole load: opening one costs more than typing a small delivery.
    with lake.writing(), connect(settings) as con:
        removed = remove_orphans(lake, tables)
        if removed:
            progress(f"removed the files of {removed} load(s) that never finished")
        waiting = pending(settings, lake)
        done = {(summary["load_id"], table.name) for table in tables.values() for summary in lake.summaries(table)}
        prepared = _prepared(con, waiting, settings=settings, lake=lake, as_of=as_of, progress=progress)
        asked: deque[Future[Sequence[Candidate]]] = deque()

        def commit_next() -> None:
            for candidate in asked.popleft().result():
                result = commit(con, candidate, lake=lake)
                results.append(result)
                progress(
                    f"{result.outcome} {result.table} {result.feed}: {result.loaded:,} of {result.rows_in:,} rows"
                    + (f" ({result.reason})" if result.reason else "")
                )

        gate = ThreadPoolExecutor(1)
        try:
            for of_source in prepared:
                new = [one for one in of_source if (one.delivery.delivery_id, one.table.name) not in done]
                if judge is not None and new:
                    progress(f"gate 1 of {new[0].delivery.source}")
                asked.append(gate.submit(_judged, new, judge))
                while asked and asked[0].done():
                    commit_next()
            while asked:
                commit_next()
        finally:
            prepared.close()
            gate.shutdown(cancel_futures=True)
    return results
