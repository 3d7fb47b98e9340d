"""Make the next version and switch to it.

1. The gates of this run are required (expected.py); a missing one ends it here.
2. A folder of its own: marts.duckdb (copy of the last published file with the dirty days replaced, or written anew),
   with what readers saw before (history.py), hard links to the request Parquet, Data Docs.
3. The publish checks judge the new file before anyone can see it; a failed one ends it here.
4. Results into `quality.gate_results`, checkpoint, fingerprints.json, manifest.json (last: it makes the version
   complete).
5. `current` is switched by one rename. Old versions are pruned.

A kill before step 5 leaves the old version as it was; the next run removes what has no manifest.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.gates.expected import ExpectedGate, GateError, require
from orchestration.gates.publish_checks import expected_checks, run_publish_checks
from orchestration.gates.results import GateResult
from orchestration.gates.thresholds import Thresholds
from orchestration.publishing import history, versions
from orchestration.publishing.catalog import PublishedModel
from orchestration.publishing.marts_file import start_file, write_file
from orchestration.settings import Settings

# Deletes leave holes in the file; a weekly rewrite closes them.
COMPACT_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class PublishRequest:
    """Everything that one publication depends on.

    Attributes:
        run_id: Run that publishes.
        as_of: The run's clock, naive UTC.
        published_at: Wall clock, naive UTC; names the version.
        models: What is published.
        dirty_days: Days that this run rebuilt; None where everything was.
        fingerprints: Fingerprint per ISO day that the new version stands for.
        code_hash: Hash of the code that built it.
        expected: Gates that must have passed, publish checks excepted (they are added here).
        results: Results of this run so far.
        earlier_results: Results of runs that could not publish them (a refused night), to be appended.
        data_docs: Data Docs of this run, or None where nothing arrived.
        cadence_hours: Raw table -> hours in which its source promises news.
    """

    run_id: str
    as_of: datetime
    published_at: datetime
    models: Sequence[PublishedModel]
    dirty_days: Collection[date] | None
    fingerprints: dict[str, str]
    code_hash: str
    expected: frozenset[ExpectedGate]
    results: Sequence[GateResult]
    earlier_results: Sequence[GateResult] = ()
    data_docs: Path | None = None
    cadence_hours: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """The version that was made, and every result of the run."""

    version: Path
    full: bool
    rows: dict[str, int]
    results: tuple[GateResult, ...]


def needs_full(request: PublishRequest, previous: Path | None) -> bool:
    """Whether the file is written anew: no previous one, other code, everything dirty, or a week since the last time."""
    if previous is None or request.dirty_days is None:
        return True
    manifest = versions.read_manifest(previous)
    written = datetime.fromisoformat(manifest["written_anew_at"])
    return manifest["code_hash"] != request.code_hash or request.published_at - written >= COMPACT_AFTER


def _append_results(connection: duckdb.DuckDBPyConnection, results: Iterable[GateResult]) -> None:
    """Append results whose run is not in the file yet."""
    known = {row[0] for row in connection.execute("select distinct run_id from marts.quality.gate_results").fetchall()}
    fresh = [asdict(result) for result in results if result.run_id not in known]
    if fresh:
        connection.register("fresh", pa.Table.from_pylist(fresh))
        connection.execute("insert into marts.quality.gate_results by name select * from fresh")
        connection.unregister("fresh")


def _keep_results(connection: duckdb.DuckDBPyConnection, previous: Path) -> None:
    """Carry the gate results of earlier runs into a file that is written anew."""
    connection.execute(f"attach '{previous / versions.MARTS}' as previous (read_only)")
    connection.execute("insert into marts.quality.gate_results by name select * from previous.quality.gate_results")
    connection.execute("detach previous")


def publish(
    request: PublishRequest,
    settings: Settings,
    *,
    reached: Callable[[str], None] = lambda stage: None,
) -> Published:
    """Publish one version.

    Args:
        request: What to publish.
        settings: Where.
        reached: Called with the name of each stage when it begins.

    Raises:
        GateError: If a gate is absent, skipped or failed; readers go on seeing the last good version.
    """
    published = settings.published
    versions.remove_leftovers(published)
    require(request.expected, request.results, request.run_id)
    previous = versions.current_version(published)
    full = needs_full(request, previous)
    version = published / "versions" / f"{request.published_at:%Y%m%dT%H%M%S}-{request.run_id[-8:]}"
    version.mkdir(parents=True)

    reached("marts file")
    start_file(version / versions.MARTS, None if full or previous is None else previous / versions.MARTS)
    _link_parquet(request.models, settings, version)
    _place_data_docs(request.data_docs, previous, version)
    with contextlib.closing(
        duckdb.connect(config={"threads": settings.threads, "memory_limit": settings.memory_limit})
    ) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{settings.build_path}' as build (read_only)")
        connection.execute(f"attach '{version / versions.MARTS}' as marts")
        written = write_file(
            connection,
            request.models,
            days=None if full else request.dirty_days,
            parquet=version / versions.PARQUET,
            progress=reached,
        )
        if full and previous is not None:
            _keep_results(connection, previous)
            history.carry_over(connection, request.models, previous / versions.MARTS)
        for model in (model for model in request.models if model.history):
            history.record(connection, model, request.dirty_days, request.as_of)
        reached("publish checks")
        checks = run_publish_checks(
            connection,
            request.models,
            run_id=request.run_id,
            as_of=request.as_of,
            evaluated_at=request.published_at.isoformat(),
            thresholds=Thresholds.read(settings.project_dir),
            previous=previous / versions.MARTS if previous else None,
            dirty_days=request.dirty_days,
            cadence_hours=dict(request.cadence_hours),
        )
        results = (*request.results, *checks)
        try:
            require({*request.expected, *expected_checks(checks)}, results, request.run_id)
        except GateError as error:
            # The caller keeps the results of a refused run: they are what the alert is made of.
            error.results = results
            raise
        _append_results(connection, (*request.earlier_results, *results))
        reached("checkpoint")
        connection.execute("checkpoint marts")
        connection.execute("detach marts")
    rows = {name: table.rows for name, table in written.items()}
    versions.write_json(version / versions.FINGERPRINTS, request.fingerprints)
    versions.write_json(
        version / versions.MANIFEST,
        {
            "version": version.name,
            "run_id": request.run_id,
            "as_of": request.as_of.isoformat(),
            "published_at": request.published_at.isoformat(),
            "written_anew_at": request.published_at.isoformat()
            if full or previous is None
            else versions.read_manifest(previous)["written_anew_at"],
            "code_hash": request.code_hash,
            "dirty_days": None if request.dirty_days is None else sorted(day.isoformat() for day in request.dirty_days),
            "rows": rows,
        },
    )
    reached("switch")
    versions.switch(published, version)
    reached("prune")
    versions.prune(published, settings.keep_versions)
    return Published(version, full, rows, results)


def _link_parquet(models: Iterable[PublishedModel], settings: Settings, version: Path) -> None:
    """Hard-link the day folders. The builder writes a changed day into new files, so a linked file never changes."""
    for model in models:
        if model.kind == "parquet":
            folder = Path(model.schema) / model.name
            versions.link_tree(settings.requests_dir / folder, version / versions.PARQUET / folder)


def _place_data_docs(data_docs: Path | None, previous: Path | None, version: Path) -> None:
    """This run's Data Docs; the last ones where nothing arrived."""
    if data_docs is not None and data_docs.exists():
        shutil.copytree(data_docs, version / versions.DATA_DOCS)
    elif previous is not None and (previous / versions.DATA_DOCS).exists():
        versions.link_tree(previous / versions.DATA_DOCS, version / versions.DATA_DOCS)
