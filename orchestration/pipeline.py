"""The nightly function: load, dirty days, dbt, gate 2, publish. The command line, Dagster's job and its sensor all end
here.

`Night` holds the phases as plain methods, so that Dagster's assets are thin; `run` is all of them in order. What a
phase decides is decided in its own package (landing, lake, gates, publishing); here is only the order, the lock and the
record.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import duckdb

from orchestration import alerts, dbt_project, frame, nightly_loads, runs
from orchestration.gates.dbt_results import dbt_results, read_artifact
from orchestration.gates.expected import GateError, expected_arrivals, expected_dbt_tests
from orchestration.gates.results import GateResult
from orchestration.lake import dirty_days as fingerprinting
from orchestration.lake import month_copies
from orchestration.lake.catalog import Lake
from orchestration.lake.raw_views import register
from orchestration.landing.schema import load_schemas
from orchestration.publishing import versions
from orchestration.publishing.catalog import published_models
from orchestration.publishing.publish import PublishRequest, publish
from orchestration.run_lock import run_lock
from orchestration.settings import Settings

Progress = Callable[[str], None]
Phase = TypeVar("Phase", bound=Callable)


def _silent(message: str) -> None:
    """Progress for nobody."""


def _all_days(*fingerprints: dict[str, str]) -> list[date]:
    """Every day that any of the fingerprints knows."""
    return sorted({date.fromisoformat(day) for known in fingerprints for day in known})


def _first_of_its_week(published: Path, as_of: datetime) -> bool:
    """Whether nothing has been published yet by a clock in this ISO week."""
    current = versions.current_version(published)
    if current is None:
        return True
    before = datetime.fromisoformat(versions.read_manifest(current)["as_of"])
    return before.isocalendar()[:2] != as_of.isocalendar()[:2]


def _remembered(phase: Phase) -> Phase:
    """Keep a phase's exception on the night: Dagster does not show a step's exception to the resource that holds the
    night.
    """

    @functools.wraps(phase)
    def wrapper(self: Night, *args: object, **kwargs: object) -> object:
        try:
            return phase(self, *args, **kwargs)
        except Exception as error:
            self.error = error
            raise

    return wrapper


class BuildError(RuntimeError):
    """dbt could not build a model or a test failed; `problems` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("build failed: " + " | ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Plan:
    """What a run has to rebuild.

    Attributes:
        days: Dirty days; None where everything is built from nothing.
        fingerprints: Fingerprint per ISO day that the build will stand for.
        code_hash: Hash of models, macros, seeds and project file.
        on_frame: Whether seeds, and views that no night changes, stand as this code wants them.
    """

    days: tuple[date, ...] | None
    fingerprints: dict[str, str]
    code_hash: str
    on_frame: bool

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do."""
        return self.days is not None and not self.days


class Night:
    """One run, phase by phase. Use it inside `night(...)`, which holds the lock and closes the record."""

    def __init__(
        self, settings: Settings, as_of: datetime, force: bool, progress: Progress, full_tests: bool = False
    ) -> None:
        self.settings = settings
        self.as_of = as_of
        self.force = force
        self.full_tests = full_tests or _first_of_its_week(settings.published, as_of)
        self.progress = progress
        self.record = runs.RunRecord.start(settings.home, as_of)
        self.error: Exception | None = None
        self._loaded: nightly_loads.Loaded | None = None
        self._plan: Plan | None = None
        self.dbt: dbt_project.Dbt | None = None

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.record.run_id

    @property
    def data_docs(self) -> Path:
        """Data Docs of what arrived in this run."""
        return self.record.folder / "data_docs"

    @property
    def dbt_log(self) -> Path:
        """dbt's output."""
        return self.record.folder / "dbt.log"

    @_remembered
    def load(self, begun: Callable[[], None] = lambda: None) -> nightly_loads.Loaded:
        """Judge and commit what has landed; the second call of a run returns the first one's answer.

        Args:
            begun: Called once, before anything is read, where something is pending.
        """
        if self._loaded is None:
            self._loaded = nightly_loads.load_pending(
                self.settings, run_id=self.run_id, as_of=self.as_of, folder=self.record.folder, docs_dir=self.data_docs,
                stage=lambda name: self.record.stage(name, self.progress), note=self.progress, begun=begun,
            )  # fmt: skip
            self.record.loads = [load.as_dict() for load in self._loaded.loads]
            self.record.results.extend(self._loaded.results)
            self.record.save()
        return self._loaded

    def start_dbt(self, log: Path | None = None) -> None:
        """Have dbt start and read the project, which keeps a core busy for seconds: beside the loader it costs no time. Does
        nothing where it has been started.

        Args:
            log: File for its output; None where its events are read (Dagster).
        """
        if self.dbt is None:
            self.dbt = dbt_project.Dbt(self.settings, log)

    @_remembered
    def plan(self) -> Plan:
        """Which days to rebuild; prepares the build file (raw views) where there are any."""
        if self._plan is None:
            with self.record.stage("dirty days", self.progress):
                self._plan = self._find_dirty_days()
            days = self._plan.days
            self.record.dirty_days = None if days is None else [day.isoformat() for day in days]
            self.record.save()
        return self._plan

    def _find_dirty_days(self) -> Plan:
        settings = self.settings
        settings.build.mkdir(parents=True, exist_ok=True)
        frame.lay(settings)
        # Opening a lake reads the metadata of every table.
        lake = self._loaded.lake if self._loaded else Lake(settings)
        fingerprints = fingerprinting.fingerprints(settings, lake, self.as_of)
        code_hash = fingerprinting.code_hash(settings.project_dir)
        current = versions.current_version(settings.published)
        with self._build_connection() as connection:
            dirty = tuple(fingerprinting.dirty(settings, connection, lake, now=fingerprints))
            same_code = current is not None and versions.read_manifest(current)["code_hash"] == code_hash
            known = fingerprinting.built_fingerprints(connection)
            # A build file without a single built day holds nothing that days could be replaced in.
            days = dirty if same_code and known and not self.force else None
            if days is None or days:
                month_copies.make(connection, lake, load_schemas(settings.project_dir).values())
                register(connection, settings, lake=lake, as_of=self.as_of, copies=True)
                # Whatever dbt does from here on, the days are not built until it has ended well.
                fingerprinting.mark_building(connection, _all_days(fingerprints, known) if days is None else days)
            on_frame = frame.stands(connection, code_hash) and not self.force
            if not on_frame:
                frame.mark(connection, None)
        return Plan(days, fingerprints, code_hash, on_frame)

    @contextlib.contextmanager
    def _build_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        config = {"threads": self.settings.threads, "memory_limit": self.settings.memory_limit}
        with contextlib.closing(duckdb.connect(str(self.settings.build_path), config=config)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection

    def dbt_build(self) -> dbt_project.Build:
        """What this run asks of dbt."""
        plan = self.plan()
        build = dbt_project.Build(plan.days, self.as_of, self.full_tests, plan.on_frame)
        # What an earlier build left would pass for this one's account where dbt ends before it writes its own.
        (dbt_project.target_dir(self.settings) / "run_results.json").unlink(missing_ok=True)
        self.record.full_tests = build.full_tests
        return build

    @_remembered
    def build(self) -> None:
        """Have dbt build in its process (Dagster's asset runs dbt itself and calls `built`)."""
        with self.record.stage("dbt build", self.progress):
            self.start_dbt(self.dbt_log)
            build = self.dbt_build()
            self.dbt.build(build.args, build.environment)
        self.built(dbt_project.target_dir(self.settings), self.dbt_log)

    @_remembered
    def built(self, target: Path, log: Path | None = None, complete: bool = True) -> list[GateResult]:
        """Take dbt's own account of the build into the record, and mark the days as built.

        Args:
            target: Folder of dbt's artifacts.
            log: dbt's output, quoted where it left no artifacts.
            complete: False where only a part of the project was built; the days then stay unbuilt.

        Raises:
            BuildError: If dbt left no account, a model failed or a test of severity error failed.
        """
        with self.record.stage("test results", self.progress):
            if not (target / "run_results.json").exists():
                tail = log.read_text().splitlines()[-5:] if log and log.exists() else []
                raise BuildError(["dbt left no results: " + " ".join(tail)])
            run_results = read_artifact(target, "run_results.json")
            manifest = read_artifact(target, "manifest.json")
            results = dbt_results(
                run_results,
                manifest,
                run_id=self.run_id,
                evaluated_at=runs.utc_now().isoformat(),
                build_path=self.settings.build_path,
            )
            self.record.results.extend(results)
            self.record.models_built = sum(
                1
                for one in run_results["results"]
                if one["unique_id"].startswith("model.") and one["status"] == "success"
            )
            self.record.tests_run = sum(1 for one in run_results["results"] if one["unique_id"].startswith("test."))
            problems = [result.sentence() for result in results if result.blocks]
            if problems:
                raise BuildError(problems)
            if complete:
                with self._build_connection() as connection:
                    self._mark_built(connection)
        return results

    def _mark_built(self, connection: duckdb.DuckDBPyConnection) -> None:
        plan = self.plan()
        days = plan.days
        if days is None:
            days = _all_days(plan.fingerprints, fingerprinting.built_fingerprints(connection))
        fingerprinting.mark_built(connection, {day: plan.fingerprints.get(day.isoformat()) for day in days})
        frame.mark(connection, plan.code_hash)

    @_remembered
    def publish(self) -> Path:
        """Require every gate and publish; returns the version's folder.

        Raises:
            GateError: If a gate is absent, skipped or failed.
        """
        plan = self.plan()
        manifest = read_artifact(dbt_project.target_dir(self.settings), "manifest.json")
        committed = [(load.load_id, load.table) for load in self.load().loads if load.committed]
        with self.record.stage("publish", self.progress):
            self.load().gate.close()
            try:
                published = publish(
                    PublishRequest(
                        run_id=self.run_id,
                        as_of=self.as_of,
                        published_at=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
                        models=published_models(manifest),
                        dirty_days=plan.days,
                        fingerprints=plan.fingerprints,
                        code_hash=plan.code_hash,
                        expected=frozenset(expected_dbt_tests(manifest) | expected_arrivals(committed)),
                        results=self.record.results,
                        earlier_results=runs.unpublished_results(self.settings.home, self.run_id),
                        data_docs=self.data_docs,
                        cadence_hours=nightly_loads.cadences(self.settings),
                    ),
                    self.settings,
                    reached=self.progress,
                )
            except GateError as error:
                self.record.results = list(error.results) or self.record.results
                raise
        self.record.results = list(published.results)
        self.record.version = published.version.name
        return published.version

    def close(self) -> None:
        """End the record and say what went wrong: a refused publication, a failure, or loads that were turned away."""
        record, error = self.record, self.error
        if self.dbt is not None:
            self.dbt.close()
        if self._loaded is not None:
            self._loaded.gate.close()
        if isinstance(error, (GateError, BuildError)):
            record.problems = error.problems
            record.end(runs.REFUSED)
            alerts.notify(self.settings, f"AI FinOps: run {self.run_id} published nothing", record.problems)
        elif error is not None:
            record.problems = [f"{type(error).__name__}: {error}"]
            record.end(runs.FAILED)
            alerts.notify(self.settings, f"AI FinOps: run {self.run_id} failed", record.problems)
        elif record.version:
            record.end(runs.PUBLISHED)
        else:
            record.end(runs.NOTHING_NEW if self._plan is None or self._plan.nothing else runs.UNFINISHED)
        refused = [load for load in record.loads if load["verdict"] == nightly_loads.REFUSED]
        if refused:
            lines = [f"{load['source']} {load['load_id']} ({load['table']}): {load['reason']}" for load in refused]
            alerts.notify(
                self.settings, f"AI FinOps: run {self.run_id} refused {len(refused)} loads; all else went on", lines
            )
        runs.forget_old_runs(self.settings.home)


def _clock(as_of: datetime | None) -> datetime:
    """The run's clock, naive UTC to the second; now where none is given. The one place that asks what time it is."""
    clock = (as_of or datetime.now(UTC)).replace(microsecond=0)
    return clock.astimezone(UTC).replace(tzinfo=None) if clock.tzinfo else clock


@contextlib.contextmanager
def night(
    settings: Settings,
    as_of: datetime | None = None,
    force: bool = False,
    progress: Progress = _silent,
    full_tests: bool = False,
) -> Iterator[Night]:
    """Hold the warehouse for one run; however the run ends, its record is closed and a failure is alerted.

    Args:
        settings: The warehouse.
        as_of: The run's clock; default now.
        force: Rebuild everything, dirty or not.
        progress: Called with a line per step.
        full_tests: Tests judge all days, not only the rebuilt ones; so does the first run of each ISO week.

    Raises:
        AlreadyRunningError: If another run is under way.
    """
    clock = _clock(as_of)
    with run_lock(settings.home):
        runs.mark_killed(settings.home)
        this = Night(settings, clock, force, progress, full_tests)
        try:
            yield this
        except Exception as error:
            this.error = error
            raise
        finally:
            this.close()


def something_to_do(settings: Settings, as_of: datetime | None = None) -> bool:
    """Whether a night would do anything: something has landed, or a day is dirty. Leaves no trace and needs no lock.

    Args:
        settings: The warehouse.
        as_of: The clock of that night; default now.
    """
    if nightly_loads.land_and_list_pending(settings):
        return True
    current = versions.current_version(settings.published)
    code = fingerprinting.code_hash(settings.project_dir)
    if current is None or not settings.build_path.exists() or versions.read_manifest(current)["code_hash"] != code:
        return True
    with contextlib.closing(duckdb.connect(str(settings.build_path), read_only=True)) as connection:
        return bool(fingerprinting.dirty(settings, connection, as_of=_clock(as_of)))


def run(
    settings: Settings,
    as_of: datetime | None = None,
    force: bool = False,
    progress: Progress = _silent,
    full_tests: bool = False,
) -> runs.RunRecord:
    """One whole night without Dagster. With nothing dirty it ends before dbt is started."""
    with night(settings, as_of, force, progress, full_tests) as this:
        this.load(begun=lambda: this.start_dbt(this.dbt_log))
        if not this.plan().nothing:
            this.build()
            this.publish()
    return this.record
