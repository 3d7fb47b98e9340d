"""Load deliveries into the lake: type, reject, count (`prepare`), have gate 1 judge, then merge and commit (`commit`).

Preparing looks only at the delivery, so all pending deliveries can be prepared and judged together; what depends on the lake
(repeated content, versions, fewer days than before, keys that are already there) is decided at the commit, one load after the
other. Everything before the commit can be killed: its files are orphans that the next load removes. Law 2 holds per (delivery,
table, file): rows in = loaded + rejected + duplicate + superseded.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.lake.catalog import Lake
from orchestration.lake.state import PartitionState, current_state, statistics
from orchestration.landing.casting import typed_file
from orchestration.landing.deliveries import Delivery, deliveries, version_order
from orchestration.landing.duplicates import find_losers, scan, write_without_losers
from orchestration.landing.readers import READERS, FileRefused, Reading
from orchestration.landing.readers.reading import name, text
from orchestration.landing.schema import RawTable, load_schemas
from orchestration.settings import Settings

REJECTED = "__rejected__"
MANIFEST_SUFFIX = "manifest.json"

Progress = Callable[[str], None]


def silent(message: str) -> None:
    """Progress that nobody wants to see."""


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


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with the run's limits, in UTC, that spills next to the lake."""
    spill = settings.lake / "tmp"
    spill.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute(f"set threads = {settings.threads}")
    con.execute(f"set memory_limit = {text(settings.memory_limit)}")
    con.execute(f"set temp_directory = {text(spill)}")
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    return con


def data_files(delivery: Delivery, table: RawTable) -> list[str]:
    """Names of the delivery's files that feed the table by name."""
    return [file for file in delivery.files if not file.lower().endswith(MANIFEST_SUFFIX) and table.takes(file)]


def _work_dir(lake: Lake, table: RawTable, delivery: Delivery) -> Path:
    return lake.data_dir(table) / delivery.delivery_id


def _read_all(
    con: duckdb.DuckDBPyConnection, table: RawTable, delivery: Delivery
) -> tuple[dict[str, Reading], list[str]]:
    """Read the form of each file; returns the readings and one message a file that cannot be read."""
    readings: dict[str, Reading] = {}
    refused: list[str] = []
    for file in data_files(delivery, table):
        try:
            reading = READERS[table.reader](con, delivery.path / file, table, delivery)
        except FileRefused as error:
            refused.append(f"{file}: {error}.")
            continue
        if reading is not None:
            readings[file] = reading
    return readings, refused


def prepare(delivery: Delivery, *, settings: Settings, lake: Lake, as_of: datetime) -> list[Candidate]:
    """Type one delivery for each table that it feeds.

    Args:
        delivery: A landed delivery.
        settings: Limits and paths.
        lake: The lake; only its folders are used.
        as_of: The run's clock; rows of days after it (and two days) are rejected.

    Returns:
        One candidate a table. A file that cannot be read makes a candidate with `refusal`.
    """
    tables = [table for table in load_schemas(settings.project_dir).values() if table.source == delivery.source]
    candidates = []
    with connect(settings) as con:
        for table in tables:
            if not data_files(delivery, table):
                continue
            readings, refused = _read_all(con, table, delivery)
            if not readings and not refused:
                continue
            candidate = Candidate(table=table, delivery=delivery)
            candidates.append(candidate)
            candidate.files = [FileCounts(file, delivery.files[file]) for file in data_files(delivery, table)]
            if refused:
                candidate.refusal = " ".join(refused)
                continue
            candidate.files = [counts for counts in candidate.files if counts.file in readings]
            _type(con, candidate, readings, lake, as_of)
    if not candidates:
        # Nothing took the files: say so once, in the source's first table, so that the delivery is on record.
        candidate = Candidate(table=tables[0], delivery=delivery)
        candidate.files = [FileCounts(file, sha) for file, sha in delivery.files.items()]
        candidate.refusal = f"{', '.join(delivery.files)}: holds nothing for any table of {delivery.source}."
        candidates.append(candidate)
    for candidate in candidates:
        candidate.siblings = sorted(one.table.name for one in candidates)
    return candidates


def _type(
    con: duckdb.DuckDBPyConnection, candidate: Candidate, readings: dict[str, Reading], lake: Lake, as_of: datetime
) -> None:
    """Write the candidate's Parquet files and counts; sets `refusal` where the whole delivery is unsound."""
    table, delivery = candidate.table, candidate.delivery
    counts = {one.file: one for one in candidate.files}
    typed = {}
    for file, reading in readings.items():
        candidate.warnings += [f"{file}: {warning}" for warning in reading.warnings]
        candidate.covered_days |= reading.covered_days
        counts[file].unknown_columns = sorted(reading.extra)
        try:
            typed[file] = typed_file(reading, table, delivery, file, as_of)
        except FileRefused as error:
            candidate.refusal = f"{file}: {error}."
            return
        counts[file].missing_columns = typed[file].columns_missing
    work = _work_dir(lake, table, delivery)
    shutil.rmtree(work, ignore_errors=True)
    staging = work / "staging"
    staging.mkdir(parents=True)
    union = " union all ".join(f"({one.sql})" for one in typed.values())
    con.execute("set preserve_insertion_order = false")
    ordered = ", ".join(
        f"case when _accepted then _target else '{REJECTED}' end as _partition" if column == "_partition" else name(column)
        for column in table.types
    )
    try:
        con.execute(
            f"""
            copy (select {ordered} from ({union}))
            to {text(staging)} (
                format parquet, compression zstd, partition_by (_partition), write_partition_columns true, overwrite_or_ignore true
            )
            """
        )
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.IOException) as error:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, duckdb.IOException) and str(delivery.path) not in str(error):
            raise  # the disk's fault (full, gone), not the delivery's
        files = ", ".join(readings)
        candidate.refusal = f"{files}: reading stopped: {str(error).splitlines()[0]}. Deliver it again."
        return
    finally:
        con.execute("set preserve_insertion_order = true")
    written = sorted(staging.rglob("*.parquet"))
    if written:
        for file, is_rejected, rows in con.execute(
            f"select _file, _partition = '{REJECTED}', count(*) from {scan(written)} group by all"
        ).fetchall():
            counts[file].rows_in += rows
            if is_rejected:
                counts[file].rejected += rows
            else:
                counts[file].loaded += rows
    for index, path in enumerate(written):
        if path.parent.name == f"_partition={REJECTED}":
            path.unlink()
            continue
        target = work / f"{index:05d}.parquet"
        os.replace(path, target)
        candidate.paths.append(target)
    shutil.rmtree(staging)
    _collect_rejects(con, candidate, readings, typed, lake)
    if candidate.refusal is None:
        _drop_repeats_inside(con, candidate, lake)
    if candidate.refusal is not None:
        shutil.rmtree(work, ignore_errors=True)
        candidate.paths = []


def _collect_rejects(
    con: duckdb.DuckDBPyConnection,
    candidate: Candidate,
    readings: dict[str, Reading],
    typed: dict[str, object],
    lake: Lake,
) -> None:
    """Second pass over files with rejected rows: which row, which field, why. Refuses the delivery above the declared share."""
    rejects: list[str] = []
    for counts in candidate.files:
        reading = readings[counts.file]
        broken = con.execute(f"select count(*) from ({reading.broken})").fetchone()[0] if reading.broken else 0
        counts.rows_in += broken
        if broken:
            rejects.append(
                f"select {text(counts.file)} as file_name, cast(row_number as bigint) as row_number, '' as field, reason, value "
                f"from ({reading.broken})"
            )
        if counts.rejected:
            rejects.append(f"select {text(counts.file)} as file_name, row_number, field, reason, value from ({typed[counts.file].rejects_sql})")
        counts.rejected += broken
    if not rejects:
        return
    path = lake.rejects_path(candidate.table, candidate.delivery.delivery_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    con.execute(
        f"""
        copy (
            select {text(candidate.delivery.delivery_id)} as load_id, {text(candidate.table.name)} as table_name, *
            from ({' union all '.join(rejects)}) order by file_name, row_number
        ) to {text(temporary)} (format parquet, compression zstd)
        """
    )
    os.replace(temporary, path)
    candidate.rejects_path = path
    rows_in, rejected = (sum(getattr(one, part) for one in candidate.files) for part in ("rows_in", "rejected"))
    if rejected > candidate.table.max_reject_ratio * rows_in:
        candidate.refusal = (
            f"{rejected} of {rows_in} rows are rejected, more than the {candidate.table.max_reject_ratio:.2%} that "
            f"{candidate.table.name} allows: {_examples(con, path)}"
        )


def _examples(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    rows = con.execute(
        f"""
        select field, reason, count(*) as rows, first(file_name order by file_name, row_number) as file_name,
            min(row_number) as row_number, first(value order by file_name, row_number) as value
        from read_parquet({text(path)}) group by field, reason order by rows desc, field, reason limit 3
        """
    ).fetchall()
    return "; ".join(
        f"{count} x {field or 'the line'} {reason} (first in {file}, row {row}: {(value or 'nothing')[:80]})"
        for field, reason, count, file, row, value in rows
    )


def _append_rejects(con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake, conflicts: list[tuple[str, str]]) -> None:
    """Add rows that contradict others of their key and version to the rejects."""
    path = lake.rejects_path(candidate.table, candidate.delivery.delivery_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    reason = "contradicts another row of the same key and version"
    con.execute("create or replace temp table conflicts (file_name varchar, value varchar)")
    con.executemany("insert into conflicts values (?, ?)", conflicts)
    fresh = (
        f"select {text(candidate.delivery.delivery_id)} as load_id, {text(candidate.table.name)} as table_name, file_name, "
        f"cast(null as bigint) as row_number, {text(', '.join(candidate.table.key))} as field, {text(reason)} as reason, value from conflicts"
    )
    older = f"select * from read_parquet({text(path)}) where reason <> {text(reason)} union all " if path.exists() else ""
    temporary = path.with_suffix(".tmp")
    con.execute(
        f"copy (select * from ({older}{fresh}) order by file_name, row_number nulls last, value) to {text(temporary)} "
        "(format parquet, compression zstd)"
    )
    os.replace(temporary, path)
    candidate.rejects_path = path


def _count_losers(con: duckdb.DuckDBPyConnection, candidate: Candidate, losers: object, lake: Lake) -> None:
    counts = {one.file: one for one in candidate.files}
    for kind in ("duplicate", "superseded"):
        for file, rows in getattr(losers, kind).items():
            setattr(counts[file], kind, getattr(counts[file], kind) + rows)
            counts[file].loaded -= rows
    if losers.conflict:
        for file, rows in Counter(file for file, _ in losers.conflict).items():
            counts[file].rejected += rows
            counts[file].loaded -= rows
        _append_rejects(con, candidate, lake, losers.conflict)


def _drop_repeats_inside(con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake) -> None:
    """Drop rows that the delivery itself repeats, so that gate 1 sees unique keys."""
    if candidate.table.restatement != "append":
        return
    losers = find_losers(con, candidate.table, candidate.paths, [])
    if losers is None:
        return
    _count_losers(con, candidate, losers, lake)
    kept = []
    for path in candidate.paths:
        if str(path) not in losers.files:
            kept.append(path)
            continue
        target = path.with_name(f"{path.stem}-once.parquet")
        if write_without_losers(con, candidate.table, [str(path)], target):
            kept.append(target)
        path.unlink()
    candidate.paths = kept


def _refuse(lake: Lake, candidate: Candidate, reason: str, kind: str = "rejected") -> LoadResult:
    """Put a refusal on record; nothing else changes. All rows count as rejected, or as superseded by a newer delivery."""
    for counts in candidate.files:
        setattr(counts, kind, getattr(counts, kind) + counts.loaded)
        counts.loaded = 0
    result = _record(lake, candidate, "refused", reason)
    shutil.rmtree(_work_dir(lake, candidate.table, candidate.delivery), ignore_errors=True)
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
        "content": candidate.content,
        "schema": candidate.table.schema_hash,
        "outcome": outcome,
        "reason": reason,
        "files": [asdict(counts) for counts in candidate.files],
        "replaced": replaced,
        "warnings": candidate.warnings,
        "gate": candidate.gate,
        "amounts": amounts or {},
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


def commit(candidate: Candidate, *, settings: Settings, lake: Lake) -> LoadResult:
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
        shutil.rmtree(_work_dir(lake, candidate.table, candidate.delivery), ignore_errors=True)
        return result
    with connect(settings) as con:
        if candidate.table.restatement == "append":
            return _append(con, candidate, lake)
        return _replace(con, candidate, lake, state)


def _repeats(candidate: Candidate, lake: Lake, state: dict[str, PartitionState]) -> str | None:
    """Load id of the load that already brought exactly this content, if it is (for a replace: still) what is current."""
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
        if candidate.table.restatement == "append" or (written and is_current):
            return summary["load_id"]
    return None


def _partitions_of(con: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Partition to the candidate's files; each file lies in one partition."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        partition = con.execute(f"select _partition from {scan([path])} limit 1").fetchone()[0]
        found.setdefault(partition, []).append(path)
    return dict(sorted(found.items()))


def _append(con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake) -> LoadResult:
    table = candidate.table
    mine = _partitions_of(con, candidate.paths)
    stored = lake.files(table) if table.key else {}
    touched = stored if table.key_across_days else {partition: stored[partition] for partition in mine if partition in stored}
    current = [path for paths in touched.values() for path in paths]
    losers = find_losers(con, table, candidate.paths, current, force=candidate.delivery.force) if current else None
    rewritten: set[str] = set()
    if losers is not None:
        _count_losers(con, candidate, losers, lake)
        work = _work_dir(lake, table, candidate.delivery)
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


def _replace(con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake, state: dict[str, PartitionState]) -> LoadResult:
    table, delivery = candidate.table, candidate.delivery
    mine = _partitions_of(con, candidate.paths)
    partitions = statistics(con, table, mine)
    covered = _window(candidate, partitions)
    if table.restatement == "trailing_window":
        replaced = {f"{delivery.feed}|{day.isoformat()}" for day in covered}
        outside = sorted(set(mine) - replaced)
        if outside:
            days = ", ".join(partition.rsplit("|", 1)[-1] for partition in outside)
            return _refuse(lake, candidate, f"{_names(candidate)}: holds rows of {days}, outside the window that was asked for. Land it with its window.")
    else:
        replaced = {delivery.feed} if table.restatement == "snapshot" else set(mine)
    previous = {partition: state[partition] for partition in sorted(replaced) if partition in state}
    if not delivery.force:
        for partition, old in previous.items():
            mine_is, old_is = version_order(delivery.version), version_order(old.version)
            if mine_is < old_is:
                reason = f"{_names(candidate)}: version `{delivery.version}` of {partition} is older than `{old.version}`, which is current (load {old.load_id})."
                return _refuse(lake, candidate, reason, kind="superseded")
            if mine_is == old_is:
                reason = (
                    f"{_names(candidate)}: {partition} is already here with version `{old.version}` and other content (load "
                    f"{old.load_id}). Which is newer cannot be told: land it again with --version, or --force."
                )
                return _refuse(lake, candidate, reason)
        fewer = _fewer_days(table, previous, partitions, candidate)
        if fewer:
            return _refuse(lake, candidate, fewer)
    result_partitions = {partition: part | {"op": "set"} for partition, part in partitions.items()}
    dropped = sorted(set(previous) - set(mine))
    result_partitions |= {partition: {"op": "drop", "feeds": previous[partition].empty_feeds()} for partition in dropped}
    return _record(
        lake,
        candidate,
        "loaded",
        partitions=result_partitions,
        amounts=_amounts(con, table, candidate.paths, delivery.delivery_id),
        replaced=sum(old.rows for old in previous.values()),
        add=candidate.paths,
        drop=sorted(partition for partition in previous if state[partition].rows),
    )


def _names(candidate: Candidate) -> str:
    names = [counts.file for counts in candidate.files]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _window(candidate: Candidate, partitions: dict[str, dict]) -> set[date]:
    """Days that a trailing-window delivery replaces: the window asked for, else what the file covers, else days with rows."""
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
        new_days = {day for feed in mine["feeds"].values() for day in feed["days"]} if mine else set()
        lost = sorted(set(old.days()) - new_days - {day.isoformat() for day in candidate.covered_days})
        if lost:
            shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
            return (
                f"{_names(candidate)}: {partition} covers {len(new_days)} days, but {len(old.days())} are current; missing: {shown}. "
                f"What is current (load {old.load_id}) stays. If the days are really gone, land it again with --force."
            )
        if table.restatement == "snapshot" and old.rows and not mine:
            return f"{_names(candidate)}: it has no row, {old.rows} are current. If the table is really empty, land it again with --force."
    return None


def _amounts(con: duckdb.DuckDBPyConnection, table: RawTable, paths: Sequence[Path], load_id: str) -> dict[str, dict]:
    """Exact sum of each amount of this load, and what rounding each to 12 places half-even takes away; both as text."""
    if not table.amounts or not paths:
        return {}
    result = {}
    for column in table.amounts:
        for scale in (28, 20):
            exact = f"cast({name(column)} as decimal(38, {scale}))"
            try:
                total, residue = con.execute(
                    f"select cast(sum({exact}) as varchar), cast(sum({exact} - cast(round_even({exact}, 12) as decimal(38, {scale}))) as varchar) "
                    f"from {scan(list(paths))} where _load_id = {text(load_id)}"
                ).fetchone()
            except duckdb.Error:
                if scale == 20:
                    raise
                continue  # more than ten digits before the point: fewer behind it are enough
            result[column] = {"sum": total, "residue": residue}
            break
    return result


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


def load_pending(
    settings: Settings,
    *,
    as_of: datetime,
    judge: Judge | None = None,
    progress: Progress = silent,
    lake: Lake | None = None,
) -> list[LoadResult]:
    """Load every pending delivery: prepare all, have them judged together, commit one after the other.

    Args:
        settings: Paths and limits.
        as_of: The run's clock, UTC without zone.
        judge: Gate 1: all sound candidates of the run -> verdict by `candidate_id`. A candidate without a verdict is refused.
            None commits without gate (unit tests).
        progress: Called with one line a step.
        lake: An open lake, to spare opening it again.
    """
    lake = lake or Lake(settings)
    tables = load_schemas(settings.project_dir)
    results: list[LoadResult] = []
    with lake.writing():
        removed = remove_orphans(lake, tables)
        if removed:
            progress(f"removed the files of {removed} load(s) that never finished")
        waiting = pending(settings, lake)
        done = {(summary["load_id"], table.name) for table in tables.values() for summary in lake.summaries(table)}
        candidates: list[Candidate] = []
        for number, delivery in enumerate(waiting, start=1):
            progress(f"reading {number}/{len(waiting)} {delivery.source}/{delivery.feed} {', '.join(list(delivery.files)[:3])}")
            candidates += [
                candidate
                for candidate in prepare(delivery, settings=settings, lake=lake, as_of=as_of)
                if (delivery.delivery_id, candidate.table.name) not in done
            ]
        sound = [candidate for candidate in candidates if candidate.refusal is None]
        if judge is not None and sound:
            progress(f"gate 1 judges {len(sound)} candidate(s)")
            verdicts = judge(sound)
            for candidate in sound:
                verdict = verdicts.get(candidate.candidate_id, Verdict(False, "gate 1 gave no verdict"))
                candidate.gate = {"passed": bool(verdict.passed), **verdict.details}
                if not verdict.passed:
                    candidate.refusal = f"{_names(candidate)}: gate 1: {verdict.reason}"
        for candidate in candidates:
            result = commit(candidate, settings=settings, lake=lake)
            results.append(result)
            progress(
                f"{result.outcome} {result.table} {result.feed}: {result.loaded:,} of {result.rows_in:,} rows"
                + (f" ({result.reason})" if result.reason else "")
            )
    return results
