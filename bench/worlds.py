"""Simulated companies in the sizes that the benchmark needs, and changes to what their vendors send."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from orchestration.landing.deliveries import land
from orchestration.landing.manifest import LAND_OPTIONS, read_manifest
from orchestration.settings import Settings
from orchestration.simulation.world import simulate

# Small: the slope is asked of requests, and bills and telemetry are there in both runs.
GPU_SCALE = 0.05
# Requests of both meters per gateway request.
METERS = 1.94

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Company:
    """One simulated world up to a day.

    Attributes:
        root: Its folder.
        as_of: The clock of a run on all of it, naive UTC.
        requests: Logged requests of both meters.
    """

    root: Path
    as_of: datetime
    requests: int

    @property
    def manifest(self) -> Path:
        return self.root / "deliveries" / "manifest.json"

    def files(self, source: str) -> list[Path]:
        """Files delivered by a source, in order of arrival."""
        entries = (entry for entry in read_manifest(self.manifest) if entry["source"] == source)
        return [self.manifest.parent / name for entry in entries for name in entry["files"]]


def company(root: Path, *, day: date, requests_per_day: float, months: int = 1) -> Company:
    """Simulate a company whose data ends before `day` (the day of the run), or take it from `root` where it is already.

    Args:
        root: Folder to write.
        day: The run is on the morning of this day.
        requests_per_day: Logged requests of both meters on an average day.
        months: Billing months, the open one included.
    """
    as_of = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    known = root / "bench.json"
    if not known.exists():
        shutil.rmtree(root, ignore_errors=True)
        world = simulate(
            root, months=months, requests_per_day=requests_per_day / METERS, gpu_scale=GPU_SCALE, as_of=as_of
        )
        shutil.rmtree(world.truth)
        requests = world.volumes["gateway requests"] + world.volumes["served requests"]
        known.write_text(json.dumps({"requests": requests}))
    return Company(root, as_of.replace(tzinfo=None), json.loads(known.read_text())["requests"])


def successive_days(root: Path, *, days: list[date], requests_per_day: float, months: int = 1) -> list[Company]:
    """The same company up to each of some successive days: what each adds is a real morning's deliveries."""
    return [
        company(root / f"{months}-{day}", day=day, requests_per_day=requests_per_day, months=months) for day in days
    ]


def land_all(company: Company, settings: Settings, since: date | None = None) -> int:
    """Land all deliveries; returns how many.

    Args:
        company: What it was sent.
        settings: Where to.
        since: Only reference data and deliveries about days from this one on.
    """
    entries = read_manifest(company.manifest)
    return _land(company, settings, [entry for entry in entries if since is None or _first_day(entry) >= since])


def _first_day(entry: dict) -> date:
    """First day that a delivery is about: of its window, in its files' names, else the day before it arrives."""
    if entry["source"] == "reference":
        return date.max
    if entry.get("window"):
        return date.fromisoformat(entry["window"][0])
    named = re.search(r"(20\d\d-\d\d)(-\d\d)?", entry["files"][0].rsplit("/", 1)[-1])
    if named:
        return date.fromisoformat(named[1] + (named[2] or "-01"))
    return date.fromisoformat(entry["arrives_on"][:10]) - timedelta(days=1)


def land_last_morning(company: Company, settings: Settings) -> int:
    """Land what arrives on the company's last day only; returns how many deliveries."""
    today = company.as_of.date().isoformat()
    entries = [
        entry
        for entry in read_manifest(company.manifest)
        # The simulation sends one old file twice; the benchmark times that by itself (redelivery).
        if entry["arrives_on"][:10] == today and "resend" not in entry["files"][0]
    ]
    return _land(company, settings, entries)


def _land(company: Company, settings: Settings, entries: list[dict]) -> int:
    for entry in entries:
        options = {key: entry[key] for key in LAND_OPTIONS if entry.get(key) is not None}
        files = [company.manifest.parent / name for name in entry["files"]]
        landed = land(entry["source"], files, settings=settings, **options)
        for file in files:
            # One copy of fifty million requests on the disk, not two.
            linked = file.with_name(f"{file.name}.landed")
            os.link(landed.path / file.name, linked)
            os.replace(linked, file)
    return len(entries)


def land_renamed(company: Company, settings: Settings, scratch: Path, source: str) -> int:
    """Land a source's deliveries once more, each file under another name; returns how many deliveries."""
    entries = [entry for entry in read_manifest(company.manifest) if entry["source"] == source]
    for number, entry in enumerate(entries):
        renamed = []
        for name in entry["files"]:
            original = company.manifest.parent / name
            copy = scratch / str(number) / f"again-{original.name}"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, copy)
            renamed.append(copy)
        options = {key: entry[key] for key in LAND_OPTIONS if entry.get(key) is not None}
        land(source, renamed, settings=settings, **options)
    return len(entries)


def land_changed_bill(company: Company, settings: Settings, scratch: Path, days: list[date]) -> int:
    """Land the newest AWS bill once more as a newer version in which usage of some days costs a tenth more.

    Returns the number of changed lines; all others are as they were.
    """
    newest = [entry for entry in read_manifest(company.manifest) if entry["source"] == "aws_cur"][-1]
    original = company.manifest.parent / newest["files"][0]
    changed = scratch / original.name
    scratch.mkdir(parents=True, exist_ok=True)
    wanted = tuple(day.isoformat() for day in days)
    lines = 0
    with original.open(newline="") as source, changed.open("w", newline="") as target:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(target, reader.fieldnames)
        writer.writeheader()
        costs = ("line_item_unblended_cost", "line_item_net_unblended_cost", "pricing_public_on_demand_cost")
        for row in reader:
            if row["line_item_usage_start_date"].startswith(wanted) and row["line_item_line_item_type"] == "Usage":
                for column in costs:
                    if row.get(column):
                        row[column] = f"{float(row[column]) * 1.1:.10f}"
                lines += 1
            writer.writerow(row)
    version = company.as_of + timedelta(hours=1)
    land("aws_cur", [changed], settings=settings, feed=newest["feed"], version=f"{version:%Y-%m-%dT%H:%M:%SZ}")
    return lines
