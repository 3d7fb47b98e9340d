"""Prepare a delivery: read its files, type them into Parquet, count and reject rows. The lake's content is not looked
at.
"""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.lake.catalog import Lake
from orchestration.landing.candidate import Candidate, FileCounts
from orchestration.landing.casting import typed_file
from orchestration.landing.deliveries import Delivery
from orchestration.landing.duplicates import Losers, find_losers, write_without_losers
from orchestration.landing.readers import READERS, FileRefused, Reading
from orchestration.landing.readers.reading import joined, unpacked_bytes
from orchestration.landing.rejects import append_conflicts, collect_rejects
from orchestration.landing.schema import RawTable, load_schemas
from orchestration.landing.typed_files import batches, place, write
from orchestration.settings import Settings

MANIFEST_SUFFIX = "manifest.json"


def data_files(delivery: Delivery, table: RawTable) -> list[str]:
    """Names of the delivery's files that feed the table by name."""
    return [file for file in delivery.files if not file.lower().endswith(MANIFEST_SUFFIX) and table.takes(file)]


def work_dir(lake: Lake, table: RawTable, delivery: Delivery) -> Path:
    """Folder of a load's Parquet files; the folder of a load that was not committed is an orphan."""
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


def prepare(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, *, settings: Settings, lake: Lake, as_of: datetime
) -> list[Candidate]:
    """Type one delivery for each table that it feeds.

    Args:
        con: Connection (connection.py).
        delivery: A landed delivery.
        settings: Where the schemas are.
        lake: The lake; only its folders are used.
        as_of: The run's clock; rows of days after it (and two days) are rejected.

    Returns:
        One candidate a table. A file that cannot be read makes a candidate with `refusal`.
    """
    tables = [table for table in load_schemas(settings.project_dir).values() if table.source == delivery.source]
    candidates = []
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
    work = work_dir(lake, table, delivery)
    shutil.rmtree(work, ignore_errors=True)
    staging = work / "staging"
    staging.mkdir(parents=True)
    staged: list[Path] = []
    waiting = batches({file: unpacked_bytes(delivery.path / file) for file in typed})
    while waiting:
        batch = waiting.pop(0)
        staged.append(staging / f"{len(staged):05d}.parquet")
        try:
            write(con, table, _typed_together(candidate, {file: readings[file] for file in batch}, as_of), staged[-1])
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.IOException) as error:
            if len(batch) > 1:
                # One by one, so that the file that cannot be read is named.
                staged.pop().unlink(missing_ok=True)
                waiting = [[file] for file in batch] + waiting
                continue
            shutil.rmtree(work, ignore_errors=True)
            if isinstance(error, duckdb.IOException) and str(delivery.path) not in str(error):
                raise  # the disk's fault (full, gone), not the delivery's
            candidate.refusal = f"{batch[0]}: reading stopped: {str(error).splitlines()[0]}. Deliver it again."
            return
    placed = place(con, staged, work)
    candidate.paths = placed.paths
    for one in candidate.files:
        one.loaded, one.rejected = placed.accepted.get(one.file, 0), placed.rejected.get(one.file, 0)
        one.rows_in = one.loaded + one.rejected
    shutil.rmtree(staging)
    collect_rejects(con, candidate, readings, typed, lake)
    if candidate.refusal is None:
        _drop_repeats_inside(con, candidate, lake)
    if candidate.refusal is not None:
        shutil.rmtree(work, ignore_errors=True)
        candidate.paths = []


def _typed_together(candidate: Candidate, readings: dict[str, Reading], as_of: datetime) -> list[str]:
    """Typed relations of some files of a candidate; files of one form are one relation."""
    alike: dict[str, list[str]] = {}
    for file, reading in readings.items():
        alike.setdefault(reading.form if reading.file else file, []).append(file)
    relations = []
    for files in alike.values():
        one = len(files) == 1
        reading = readings[files[0]] if one else joined([readings[file] for file in files])
        relations.append(typed_file(reading, candidate.table, candidate.delivery, files[0] if one else None, as_of).sql)
    return relations


def count_losers(con: duckdb.DuckDBPyConnection, candidate: Candidate, losers: Losers, lake: Lake) -> None:
    """Move rows that must not stay from loaded to what they are."""
    counts = {one.file: one for one in candidate.files}
    for kind in ("duplicate", "superseded"):
        for file, rows in getattr(losers, kind).items():
            setattr(counts[file], kind, getattr(counts[file], kind) + rows)
            counts[file].loaded -= rows
    if losers.conflict:
        for file, rows in Counter(file for file, _ in losers.conflict).items():
            counts[file].rejected += rows
            counts[file].loaded -= rows
        append_conflicts(con, candidate, lake, losers.conflict)


def _drop_repeats_inside(con: duckdb.DuckDBPyConnection, candidate: Candidate, lake: Lake) -> None:
    """Drop rows that the delivery itself repeats, so that gate 1 sees unique keys."""
    if candidate.table.restatement != "append":
        return
    losers = find_losers(con, candidate.table, candidate.paths, [])
    if losers is None:
        return
    count_losers(con, candidate, losers, lake)
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
