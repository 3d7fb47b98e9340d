"""Merge a judged candidate into its table, or refuse it against what is current: always exactly one Iceberg commit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TypeVar

import duckdb

from orchestration.lake.catalog import Lake
from orchestration.lake.state import PartitionState, current_state, statistics
from orchestration.landing.candidate import Candidate, LoadResult, names_of
from orchestration.landing.deliveries import TIME_VERSION, snapshot_partition, version_order
from orchestration.landing.duplicates import DAY_FOLDER, find_losers, scan, write_without_losers
from orchestration.landing.prepare import count_losers, work_dir
from orchestration.landing.readers.reading import name, text
from orchestration.landing.schema import RawTable

T = TypeVar("T")

# Places of an exact sum: as many as ten digits before the point leave in 38, and those for larger amounts.
FINEST_SCALE, COARSE_SCALE = 28, 20

SHORT_EXPORT_ADVICE = (
    "What is current stays. Ask for the whole export; if the rest is really gone, land this one again with --force, "
    "which is put on record."
)


def _refuse(lake: Lake, candidate: Candidate, reason: str, kind: str = "rejected") -> LoadResult:
    """Put a refusal on record; nothing else changes. All rows count as rejected, or as superseded by a newer
    delivery.
    """
    for counts in candidate.files:
        setattr(counts, kind, getattr(counts, kind) + counts.loaded)
        counts.loaded = 0
    result = _record(lake, candidate, "refused", reason)
    shutil.rmtree(work_dir(lake, candidate.table, candidate.delivery), ignore_errors=True)
    return result


def refuse(candidate: Candidate, reason: str, *, lake: Lake) -> LoadResult:
    """Refuse a candidate: an empty commit with the reason. What was current stays."""
    return _refuse(lake, candidate, reason)


def _record(
    lake: Lake,
    candidate: Candidate,
    outcome: str,
    reason: str = "",
    *,
    partitions: dict[str, dict] | None = None,
    amounts: dict[str, dict] | None = None,
    restated: dict | None = None,
    replaced: int = 0,
    add: Sequence[Path] = (),
    drop: Sequence[str] = (),
) -> LoadResult:
    """Commit files and summary together."""
    partitions = partitions or {}
    days = sorted({day for part in partitions.values() for feed in part["feeds"].values() for day in feed["days"]})
    summary = {
        "load_id": candidate.delivery.delivery_id,
        "source": candidate.delivery.source,
        "feed": candidate.delivery.feed,
        "table": candidate.table.name,
        "version": candidate.delivery.version,
        "forced": candidate.delivery.force,
        "content": candidate.content,
        "schema": candidate.table.schema_hash,
        "outcome": outcome,
        "reason": reason,
        "files": [asdict(counts) for counts in candidate.files],
        "replaced": replaced,
        "warnings": candidate.warnings,
        "gate": candidate.gate,
        "amounts": amounts or {},
        "restated": restated or {},
        "partitions": partitions,
        "siblings": candidate.siblings,
        "has_rejects": candidate.rejects_path is not None,
    }
    lake.commit(candidate.table, summary, add=add, drop=drop)
    total = {
        part: sum(getattr(counts, part) for counts in candidate.files)
        for part in ("rows_in", "loaded", "rejected", "duplicate", "superseded")
    }
    return LoadResult(
        load_id=candidate.delivery.delivery_id,
        source=candidate.delivery.source,
        feed=candidate.delivery.feed,
        table=candidate.table.name,
        outcome=outcome,
        reason=reason,
        replaced=replaced,
        days=tuple(date.fromisoformat(day) for day in days),
        warnings=tuple(candidate.warnings),
        **total,
    )


def commit(con: duckdb.DuckDBPyConnection, candidate: Candidate, *, lake: Lake) -> LoadResult:
    """Merge a judged candidate into its table, or refuse it against what is current.

    Exactly one Iceberg commit in every case; a candidate with `refusal` becomes an empty one.
    """
    if candidate.refusal is not None:
        return _refuse(lake, candidate, candidate.refusal)
    state = current_state(lake.summaries(candidate.table))
    repeated = None if candidate.delivery.force else _repeats(candidate, lake, state)
    if repeated:
        for counts in candidate.files:
            counts.duplicate += counts.loaded
            counts.loaded = 0
        result = _record(lake, candidate, "duplicate", f"the same content is already here as load {repeated}")
        shutil.rmtree(work_dir(lake, candidate.table, candidate.delivery), ignore_errors=True)
        return result
    if candidate.table.restatement == "append":
        return _append(con, candidate, lake)
    return _replace(con, candidate, lake, state)


def _repeats(candidate: Candidate, lake: Lake, state: dict[str, PartitionState]) -> str | None:
    """Load id of the load that already brought exactly this content, if it is (for a replace: still) what is
    current.
    """
    same = [
        summary
        for summary in lake.summaries(candidate.table)
        if summary["outcome"] == "loaded"
        and summary["feed"] == candidate.delivery.feed
        and summary["content"] == candidate.content
        and summary["schema"] == candidate.table.schema_hash
    ]
    for summary in reversed(same):
        written = [partition for partition, part in summary["partitions"].items() if part["op"] != "drop"]
        is_current = all(partition in state and state[partition].load_id == summary["load_id"] for partition in written)
        if candidate.table.keeps_versions:
            is_current = is_current and written == [_newest_version(candidate, state)]
        if candidate.table.restatement == "append" or (written and is_current):
            return summary["load_id"]
    return None


def _newest_version(candidate: Candidate, state: dict[str, PartitionState]) -> str:
    """Partition of the newest delivery of the candidate's feed; what an older one said is no repetition, it is said anew."""
    mine = {key: part for key, part in state.items() if key.rsplit("|", 1)[0] == candidate.delivery.feed}
    return max(mine, key=lambda key: version_order(mine[key].version))


def _partitions_of(con: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Partition to the candidate's files; each file lies in one partition."""
    if not paths:
        return {}
    partition_of = dict(
        con.execute(f"select distinct filename, _partition from {scan(list(paths), filename='true')}").fetchall()
    )
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(partition_of[str(path)], []).append(path)
    return dict(sorted(found.items()))


def _in_day_folders(table: RawTable, mine: dict[str, list[Path]]) -> dict[str, list[Path]]:
    """Move the files of day partitions to where their path says the day, so that readers of a day open no other file."""
    if not table.is_partitioned_by_day:
        return mine
    moved: dict[str, list[Path]] = {}
    for partition, paths in mine.items():
        moved[partition] = []
        for path in paths:
            folder = path.parent / f"{DAY_FOLDER}{partition.rsplit('|', 1)[-1]}"
            folder.mkdir(exist_ok=True)
            moved[partition].append(Path(shutil.move(path, folder / path.name)))
    return moved


def _append(con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake) -> LoadResult:
    table = candidate.table
    mine = _partitions_of(con, candidate.paths)
    stored = lake.files(table) if table.key else {}
    touched = (
        stored if table.key_across_days else {partition: stored[partition] for partition in mine if partition in stored}
    )
    current = [path for paths in touched.values() for path in paths]
    losers = find_losers(con, table, candidate.paths, current, force=candidate.delivery.force) if current else None
    rewritten: set[str] = set()
    if losers is not None:
        count_losers(con, candidate, losers, lake)
        work = work_dir(lake, table, candidate.delivery)
        rewritten = {partition for partition, paths in touched.items() if losers.files & set(paths)}
        for number, partition in enumerate(sorted(rewritten | set(mine))):
            own = [str(path) for path in mine.get(partition, [])]
            if partition not in rewritten and not losers.files & set(own):
                continue
            sources = own + (touched[partition] if partition in rewritten else [])
            target = work / f"merged-{number:05d}.parquet"
            mine[partition] = [target] if write_without_losers(con, table, sources, target) else []
            for path in own:
                Path(path).unlink()
    mine = {partition: paths for partition, paths in mine.items() if paths or partition in rewritten}
    mine = _in_day_folders(table, mine)
    add = [path for paths in mine.values() for path in paths]
    partitions = statistics(con, table, mine)
    for partition, part in partitions.items():
        part["op"] = "set" if partition in rewritten else "add"
    own_rows = [path for partition, paths in mine.items() for path in paths]
    return _record(
        lake,
        candidate,
        "loaded",
        partitions=partitions,
        amounts=_amounts(con, table, own_rows, candidate.delivery.delivery_id),
        replaced=losers.replaced if losers else 0,
        add=add,
        drop=sorted(rewritten),
    )


def _replace(
    con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake, state: dict[str, PartitionState]
) -> LoadResult:
    table, delivery = candidate.table, candidate.delivery
    mine = _in_day_folders(table, _partitions_of(con, candidate.paths))
    candidate.paths = [path for paths in mine.values() for path in paths]
    partitions = statistics(con, table, mine)
    covered = _window(candidate, partitions)
    if table.restatement == "trailing_window":
        replaced = {f"{delivery.feed}|{day.isoformat()}" for day in covered}
        outside = sorted(set(mine) - replaced)
        if outside:
            days = ", ".join(partition.rsplit("|", 1)[-1] for partition in outside)
            return _refuse(
                lake,
                candidate,
                f"{names_of(candidate)}: holds rows of {days}, outside the window that was asked for. Land it with "
                f"its window.",
            )
    else:
        replaced = {snapshot_partition(table, delivery)} if table.restatement == "snapshot" else set(mine)
    previous = {partition: state[partition] for partition in sorted(replaced) if partition in state}
    if table.keeps_versions and delivery.version and version_order(delivery.version)[0] != TIME_VERSION:
        return _refuse(
            lake,
            candidate,
            f"{names_of(candidate)}: {table.name} keeps what was known when, and `{delivery.version}` is no time. Land it with "
            f"--version 2026-11-03T09:00:00Z",
        )
    fewer = _fewer_days(table, previous, partitions, candidate)
    if delivery.force and fewer:
        candidate.warnings.append(f"forced: {fewer}")
    if not delivery.force:
        for partition, old in previous.items():
            mine_is, old_is = version_order(delivery.version), version_order(old.version)
            if mine_is < old_is:
                reason = (
                    f"{names_of(candidate)}: version `{delivery.version}` of {partition} is older than "
                    f"`{old.version}`, which is current (load {old.load_id})."
                )
                return _refuse(lake, candidate, reason, kind="superseded")
            if mine_is == old_is:
                reason = (
                    f"{names_of(candidate)}: {partition} is already here with version `{old.version}` and other "
                    f"content (load "
                    f"{old.load_id}). Which is newer cannot be told: land it again with --version, or --force."
                )
                return _refuse(lake, candidate, reason)
        if fewer:
            return _refuse(lake, candidate, f"{fewer} {SHORT_EXPORT_ADVICE}")
    result_partitions = {partition: part | {"op": "set"} for partition, part in partitions.items()}
    dropped = sorted(set(previous) - set(mine))
    result_partitions |= {
        partition: {"op": "drop", "feeds": previous[partition].empty_feeds()} for partition in dropped
    }
    return _record(
        lake,
        candidate,
        "loaded",
        partitions=result_partitions,
        amounts=_amounts(con, table, candidate.paths, delivery.delivery_id),
        restated=_restated(con, table, candidate.paths, _files_of(lake, table, previous)),
        replaced=sum(old.rows for old in previous.values()),
        add=candidate.paths,
        drop=sorted(partition for partition in previous if state[partition].rows),
    )


def _window(candidate: Candidate, partitions: dict[str, dict]) -> set[date]:
    """Days that a trailing-window delivery replaces: the window asked for, else what the file covers, else days with
    rows.
    """
    if candidate.table.restatement != "trailing_window":
        return set()
    if candidate.delivery.window:
        first, end = (date.fromisoformat(day) for day in candidate.delivery.window)
        return {date.fromordinal(day) for day in range(first.toordinal(), end.toordinal())}
    with_rows = {date.fromisoformat(partition.rsplit("|", 1)[-1]) for partition in partitions}
    return candidate.covered_days | with_rows


def _fewer_days(
    table: RawTable, previous: dict[str, PartitionState], partitions: dict[str, dict], candidate: Candidate
) -> str | None:
    """Why a delivery would lose days: days with rows today that it neither has rows for nor says are empty."""
    for partition, old in previous.items():
        mine = partitions.get(partition)
        new_days = {day for feed in mine["feeds"].values() for day in feed["starts"]} if mine else set()
        lost = sorted(old.starting_days() - new_days - {day.isoformat() for day in candidate.covered_days})
        if lost:
            shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
            return (
                f"{names_of(candidate)}: {partition} covers {len(new_days)} days, but {len(old.starting_days())} are current; "
                f"missing: {shown} (load {old.load_id})."
            )
        if table.restatement == "snapshot" and old.rows and not mine:
            return f"{names_of(candidate)}: it has no row, {old.rows} are current (load {old.load_id})."
    return None


def _files_of(lake: Lake, table: RawTable, partitions: Iterable[str]) -> list[Path]:
    """Files that hold the current rows of some partitions."""
    files = lake.files(table)
    return [path for partition in partitions for path in files.get(partition, [])]


def _restated(
    con: duckdb.DuckDBPyConnection, table: RawTable, new: Sequence[Path], old: Sequence[Path]
) -> dict[str, dict]:
    """What a vendor says of days that it had said before, by currency and amount, exact and as text: sums of the replaced
    rows (`before`), of this load's rows of the same days (`after`) and of the whole load (`load`), None where there is
    no such row; and the newest of those days. `billed` is what the table declares a row to be billed.
    """
    if not table.amounts or not old:
        return {}
    replaced = scan(old, union_by_name="true")
    sides = {"before": _with_billed(table, replaced)}
    if new:
        days = f"(select distinct _day from {replaced})"
        loaded = _with_billed(table, scan(new))
        sides |= {"after": f"{loaded} where _day in {days}", "load": loaded}
    last_day = con.execute(f"select cast(max(_day) as varchar) from {replaced}").fetchone()[0]
    amounts: dict[str, dict[str, dict]] = {}
    for side, rows in sides.items():
        for currency, totals in _sums_by_currency(con, table, rows):
            for column, total in totals.items():
                parts = amounts.setdefault(currency, {}).setdefault(column, dict.fromkeys(("before", "after", "load")))
                parts[side] = total
    return {"last_day": last_day, "amounts": amounts}


def _with_billed(table: RawTable, rows: str) -> str:
    """Rows with what each is billed; all of them are there when it is worked out, whichever are summed."""
    return f"(select *, {table.billed} as billed from {rows})" if table.billed else rows


def _sums_by_currency(
    con: duckdb.DuckDBPyConnection, table: RawTable, rows: str
) -> list[tuple[str, dict[str, str | None]]]:
    """Exact sum, as text, of each text amount (and of `billed`) over rows for each currency (XXX where none is said)."""

    def at(scale: int, columns: Sequence[str]) -> list[tuple[str, dict[str, str | None]]]:
        sums = ", ".join(f"cast(sum(cast({name(one)} as decimal(38, {scale}))) as varchar)" for one in columns)
        # By position: a column of the table may have any name.
        found = con.execute(
            f"select coalesce({table.currency or 'null'}, 'XXX'), {sums} from {rows} group by 1 order by 1"
        ).fetchall()
        return [(currency, dict(zip(columns, totals, strict=True))) for currency, *totals in found]

    amounts = (*table.amounts, "billed") if table.billed else table.amounts
    return [part for parts in _at_the_finest(at, amounts) for part in parts]


def _amounts(con: duckdb.DuckDBPyConnection, table: RawTable, paths: Sequence[Path], load_id: str) -> dict[str, dict]:
    """Exact sum of each amount of this load, and what rounding each to 12 places half-even takes away; both as text."""
    if not table.amounts or not paths:
        return {}
    return _exact_sums(con, table.amounts, f"{scan(list(paths))} where _load_id = {text(load_id)}")


def _exact_sums(con: duckdb.DuckDBPyConnection, columns: Sequence[str], rows: str) -> dict[str, dict[str, str | None]]:
    """Sum of each text amount over rows, and the residue of rounding each row to 12 places half-even, as text."""

    def at(scale: int, columns: Sequence[str]) -> dict[str, dict[str, str | None]]:
        exact = [f"cast({name(column)} as decimal(38, {scale}))" for column in columns]
        parts = ", ".join(
            f"cast(sum({one}) as varchar), cast(sum({one} - cast(round_even({one}, 12) as decimal(38, {scale}))) as varchar)"
            for one in exact
        )
        found = con.execute(f"select {parts} from {rows}").fetchone()
        return {
            column: {"sum": total, "residue": residue}
            for column, total, residue in zip(columns, found[::2], found[1::2], strict=True)
        }

    return {column: sums for part in _at_the_finest(at, columns) for column, sums in part.items()}


def _at_the_finest(sums: Callable[[int, Sequence[str]], T], columns: Sequence[str]) -> list[T]:
    """Sums of text amounts with as many places as the size of each leaves; one statement for all where all are of usual size."""
    try:
        return [sums(FINEST_SCALE, columns)]
    except duckdb.Error:
        # more than ten digits before the point: fewer behind it are enough
        if len(columns) == 1:
            return [sums(COARSE_SCALE, columns)]
        return [part for column in columns for part in _at_the_finest(sums, [column])]
