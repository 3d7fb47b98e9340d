"""Simulate the company: run all parts in order and list what was delivered, in order of arrival."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from . import api_bills, aws, books, experiments, mlflow, northgrid, requests, sagemaker, telemetry, truth
from .company import OPENAI_ORGANISATION
from .database import load_company, load_fleet, open_database
from .fleet import Fleet, build_fleet
from .physics import measure
from .prices import price_book
from .timeline import Timeline, epoch

AS_OF = datetime(2026, 10, 21, 6, tzinfo=UTC)
AWS_CLUSTERS = ("atlas-east", "atlas-west", "beacon")


@dataclass(frozen=True)
class World:
    """What a simulation wrote.

    Attributes:
        root: Folder of the world; `manifest` lists the deliveries, `truth` has the truth tables.
        deliveries: The manifest's entries: source, feed, files, version, observed_at, window, mapping, arrives_on.
        volumes: Rows and bytes by what they are, for messages.
    """

    root: Path
    timeline: Timeline
    deliveries: list[dict]
    volumes: dict[str, int]

    @property
    def manifest(self) -> Path:
        return self.root / "deliveries" / "manifest.json"

    @property
    def truth(self) -> Path:
        return self.root / "truth"


@dataclass
class _Outbox:
    """Collects deliveries; files are moved to their numbered folder when all are known."""

    staging: Path
    entries: list[dict] = field(default_factory=list)

    def add(self, arrives: datetime, source: str, files: list[Path], *, feed: str | None = None, **options) -> None:
        # in a small world some days have nothing to log, and then an exporter writes no file
        files = [path for path in files if path.stat().st_size]
        if not files:
            return
        self.entries.append(
            {
                "arrives": arrives,
                "order": len(self.entries),
                "source": source,
                "feed": feed,
                "files": files,
                "options": options,
            }
        )

    def ship(self, target: Path) -> list[dict]:
        shipped = []
        for number, entry in enumerate(sorted(self.entries, key=lambda e: (e["arrives"], e["order"])), start=1):
            feed = entry["feed"]
            folder = target / f"{number:03d}-{entry['source']}{f'-{feed}' if feed and feed != entry['source'] else ''}"
            folder.mkdir(parents=True)
            for path in entry["files"]:
                # a file may be part of several deliveries
                shutil.copy(path, folder / path.name)
            shipped.append(
                {
                    "source": entry["source"],
                    "feed": feed,
                    "files": [f"./{folder.name}/{path.name}" for path in entry["files"]],
                    "version": f"{entry['arrives']:%Y-%m-%dT%H:%M:%SZ}",
                    **entry["options"],
                    "arrives_on": f"{entry['arrives']:%Y-%m-%dT%H:%M:%SZ}",
                }
            )
        return shipped


def simulate(
    out: Path,
    *,
    seed: int = 7,
    months: int = 3,
    requests_per_day: float = 1600,
    gpu_scale: float = 1.0,
    as_of: datetime = AS_OF,
    telemetry_step: int = 3600,
    threads: int = 2,
    progress: Callable[[str], None] = lambda message: None,
) -> World:
    """Write the world's deliveries and its truth under `out`; the same arguments give the same bytes.

    Args:
        out: Folder to write; must be empty or absent.
        seed: Seed of every random choice.
        months: Billing months, the open one of `as_of` included.
        requests_per_day: Requests through the gateway on an average day; the own deployments get 0.94 times that.
        gpu_scale: Size of the fleet and of storage; 1 is about 2.5 million dollars a month.
        as_of: The only clock: bills, logs and telemetry end before it.
        telemetry_step: Seconds of one GPU activity sample; 3600 or a divisor of it.
        threads: DuckDB threads.
        progress: Called with one line per stage.

    Raises:
        ValueError: If an argument is out of range.
        FileExistsError: If `out` is not empty.
    """
    if requests_per_day <= 0 or gpu_scale <= 0:
        raise ValueError("requests_per_day and gpu_scale must be positive")
    if telemetry_step <= 0 or 3600 % telemetry_step:
        raise ValueError(f"telemetry_step must divide 3600, not {telemetry_step}")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    timeline = Timeline.ending(as_of, months)
    outbox = _Outbox(out / "staging")
    con = open_database(threads)

    progress("fleet")
    fleet = build_fleet(timeline, seed=seed, gpu_scale=gpu_scale)
    fleet.runs.append(sagemaker.run_of(timeline))
    experiments.describe(fleet)
    physics = measure(fleet, timeline, seed=seed, step=telemetry_step)
    load_company(con, price_book(timeline))
    load_fleet(con, fleet, physics, timeline)

    progress("requests")
    logs = requests.write_days(
        con,
        timeline,
        outbox.staging / "logs",
        out / "truth",
        seed=seed,
        requests_per_day=requests_per_day,
        progress=progress,
    )
    _deliver_logs(outbox, timeline, logs)

    progress("bills")
    api_bills.build_lines(con, timeline, seed=seed, requests_per_day=requests_per_day)
    aws.build_lines(con, timeline, seed=seed, gpu_scale=gpu_scale)
    northgrid.build_lines(con, timeline, fleet, gpu_scale=gpu_scale)
    _deliver_bills(outbox, con, timeline)

    progress("telemetry")
    telemetry.build_samples(con, fleet, physics, timeline, step=telemetry_step)
    _deliver_telemetry(outbox, con, timeline, fleet)

    progress("truth")
    truth.build(con, timeline)
    documents = books.invoices(con, timeline, gpu_scale)
    truth.totals(con, books.totals(con, timeline, documents))
    truth.write(con, out / "truth")

    progress("books")
    _deliver_books(outbox, con, timeline, fleet, documents, gpu_scale)
    deliveries = outbox.ship(out / "deliveries")
    shutil.rmtree(outbox.staging)
    world = World(out, timeline, deliveries, _volumes(con, out))
    world.manifest.write_text(json.dumps({"deliveries": deliveries}, indent=1) + "\n")
    con.close()
    return world


def _at(day: date, hour: int = 4) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def _periods(timeline: Timeline) -> list[tuple[date, date]]:
    """Days that arrive together: each past month, the open month up to its last day, that last day."""
    found = []
    for month in timeline.months:
        first, last = month.start.date(), min(month.end.date(), timeline.data_end.date())
        if month.status != "open":
            found.append((first, last))
        else:
            found += [(first, last - timedelta(days=1)), (last - timedelta(days=1), last)]
    return found


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days)]


def _deliver_logs(outbox: _Outbox, timeline: Timeline, logs: dict[str, dict[date, Path]]) -> None:
    late = timeline.day_of(1, 18)  # this day's gateway file comes a week after its month
    again = timeline.day_of(1, 25)  # this one is delivered twice, the second time under another name
    for first, last in _periods(timeline):
        days = [day for day in _days(first, last) if day != late]
        outbox.add(_at(last), "litellm", [logs["litellm"][day] for day in days], feed="gateway")
        outbox.add(
            _at(last),
            "request_log",
            [logs["request_log"][day] for day in _days(first, last)],
            feed="serving",
            mapping=requests.REQUEST_LOG_MAPPING,
        )
        outbox.add(_at(last), "otel", [logs["otel"][day] for day in _days(first, last)], feed="collector")
    if late in logs["litellm"]:
        outbox.add(_at(timeline.day_of(0, 8)), "litellm", [logs["litellm"][late]], feed="gateway")
    if again in logs["litellm"]:
        original = logs["litellm"][again]
        twin = original.with_name(f"spend-logs-resend-{again}.jsonl")
        shutil.copy(original, twin)
        outbox.add(_at(timeline.day_of(0, 9)), "litellm", [twin], feed="gateway")


def _deliver_bills(outbox: _Outbox, con: duckdb.DuckDBPyConnection, timeline: Timeline) -> None:
    folder = outbox.staging

    def cur(month, seen: datetime, name: str) -> None:
        path = aws.write_manifest_files(
            con, folder / name / f"meridian-cur2-{month.label}.csv", month, int(seen.timestamp())
        )
        outbox.add(seen, "aws_cur", [path], feed="payer")

    def focus(month, end: date, seen: datetime, tag: str) -> None:
        path = northgrid.write_export(con, folder / f"ng-{tag}" / f"northgrid-focus-{month.label}.csv", month, end)
        outbox.add(seen, "focus", [path], feed="northgrid")
        path = api_bills.write_anthropic(
            con, folder / f"ant-{tag}" / f"anthropic-focus-{month.label}.csv", month, timeline, end
        )
        outbox.add(seen, "focus", [path], feed="anthropic")

    def openai(first: date, last: date, seen: datetime, preliminary: date | None = None) -> None:
        paths = api_bills.write_openai(con, folder / f"openai-{first}-{last}", first, last, preliminary=preliminary)
        outbox.add(seen, "openai", paths, feed=OPENAI_ORGANISATION, window=[first.isoformat(), last.isoformat()])

    for month in timeline.months:
        if month.status != "open":
            close = month.end + timedelta(days=2, hours=8)
            cur(month, close, f"cur-{month.label}-close")
            focus(month, month.end.date(), close, month.label)
            openai(month.start.date(), month.end.date(), close)
            restated = aws.correction_instant(timeline)
            if month.status == "corrected" and restated:
                seen = datetime.fromtimestamp(restated, UTC) + timedelta(hours=9)
                cur(month, seen, f"cur-{month.label}-restated")
            continue
        first, end = month.start.date(), timeline.bill_end.date()
        # Vendors send the open month every day; here its middle and its last two days do, so that the last day's
        # deliveries bring one day of bill.
        middle = first + (end - first) // 2
        pulled = first
        for last in sorted(day for day in {middle, end - timedelta(days=1), end} if day > first):
            seen = _at(last + timedelta(days=1))
            cur(month, seen, f"cur-open-{last}")
            focus(month, last, seen, f"open-{last}")
            unfinished = last - timedelta(days=1) if last != end else None
            openai(max(first, pulled - timedelta(days=3)), last, seen, preliminary=unfinished)
            pulled = last


def _deliver_telemetry(outbox: _Outbox, con: duckdb.DuckDBPyConnection, timeline: Timeline, fleet: Fleet) -> None:
    folder = outbox.staging / "telemetry"
    for first, last in _periods(timeline):
        seen, start, stop = _at(last), epoch(first), epoch(last)
        last_day = (last - first).days == 1
        for source, feed, clusters in (
            ("kube_state_metrics", "eks", AWS_CLUSTERS),
            ("dcgm", "eks", AWS_CLUSTERS),
            ("dcgm", "northgrid", ("northgrid",)),
            ("vllm", "eks", AWS_CLUSTERS),
        ):
            # both servers of the HA pair answer for the engines, and on the last day for the objects of Kubernetes
            both = feed == "eks" and (last_day or source == "vllm")
            path = folder / f"{source}-{feed}-{first}.json"
            telemetry.write_pages(con, path, source, clusters, start, stop, both_replicas=both)
            outbox.add(seen, source, [path], feed=feed)
        outbox.add(
            seen, "slurm", [northgrid.write_sacct(folder / f"sacct-{first}.psv", fleet, start, stop)], feed="northgrid"
        )
        if not last_day:
            outbox.add(
                seen, "mlflow", mlflow.write_runs(folder / f"mlflow-{first}", fleet, start, stop), feed="tracking"
            )
        outbox.add(
            seen,
            "wandb",
            [experiments.write_wandb(folder / f"wandb-{first}.jsonl", fleet, start, stop)],
            feed="meridian",
        )
        job = next(run for run in fleet.runs if run.tracker == "sagemaker")
        if start <= job.end < stop:
            outbox.add(seen, "sagemaker", [sagemaker.write_job(folder / f"job-{job.name}.json", job)], feed="training")
        evaluations = experiments.write_evaluations(folder / f"evaluations-{first}", fleet, start, stop)
        if evaluations:
            outbox.add(seen, "lm_eval", evaluations, feed="evaluation")
    first, last = _periods(timeline)[-1]
    paths = mlflow.write_runs(folder / "mlflow-last", fleet, epoch(first), epoch(last))
    outbox.add(_at(last), "mlflow", paths, feed="tracking")


def _deliver_books(
    outbox: _Outbox,
    con: duckdb.DuckDBPyConnection,
    timeline: Timeline,
    fleet: Fleet,
    documents: list[dict],
    gpu_scale: float,
) -> None:
    folder = outbox.staging / "books"
    reference = books.write_reference(folder, timeline, fleet)
    outbox.add(_at(timeline.start.date(), 1), "reference", reference, feed="company")
    if timeline.months[0].status == "closed":
        late = books.write_fx_rates(folder / "late" / "fx_rates.csv", timeline, first_month=books.LATE_EUR_USD)
        outbox.add(_at(timeline.day_of(0, 10)), "reference", [late], feed="company")
    for _, end in _periods(timeline):
        outbox.add(
            _at(end),
            "ecb",
            [books.write_ecb_rates(folder / f"ecb-{end}" / "eurofxref-hist.csv", timeline, end)],
            feed="ecb",
        )
    for index, month in enumerate(timeline.months):
        opened = month.status == "open"
        seen = _at(timeline.data_end.date()) if opened else month.end + timedelta(days=5)
        own = folder / month.label
        files = [books.write_revenue(con, own / "revenue.csv", timeline, index)]
        if index == 0:
            files.append(books.write_budgets(own / "budgets.csv", timeline, gpu_scale))
        known = [d for d in documents if d["issued_at"] <= f"{seen:%Y-%m-%dT%H:%M:%SZ}"]
        if known:
            files.append(books.write_invoices(own / "invoices.csv", known))
        outbox.add(seen, "accounting", files, feed="books")


def _volumes(con: duckdb.DuckDBPyConnection, out: Path) -> dict[str, int]:
    def count(query: str) -> int:
        return int(con.execute(query).fetchone()[0] or 0)

    return {
        "gateway requests": count("select sum(requests) from usage where meter = 'litellm' and metered"),
        "served requests": count("select sum(requests) from usage where meter = 'request_log' and metered"),
        "telemetry samples": count("select count(*) from samples"),
        "aws lines": count("select count(*) from cur"),
        "northgrid lines": count("select count(*) from northgrid"),
        "runs": count("select count(*) from runs"),
        "bytes": sum(path.stat().st_size for path in (out / "deliveries").rglob("*") if path.is_file()),
    }
