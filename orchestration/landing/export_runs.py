"""Runs of a scheduled export in a synced folder: each leaves the whole month again beside the earlier ones, and a manifest that names
its files. Only the newest run of each month counts; what an earlier one left behind is never read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from orchestration.landing.deliveries import Delivery, LandingError, land, version_order
from orchestration.settings import Settings

MANIFESTS = "*anifest.json"
# `…/data/BILLING_PERIOD=2026-10/2026-10-05T04:00:00.000Z-<execution>/…`, where AWS keeps earlier runs
_EXECUTION = re.compile(r"/(\d{4}-\d{2}-\d{2}T[0-9:.]+Z)-[^/]+/[^/]+$")


@dataclass(frozen=True)
class Run:
    """One run of an export.

    Attributes:
        manifest: Its manifest.
        export: The export and its kind.
        period: First day of what it covers, ISO; from the manifest, because folders are named after the schedule.
        version: When it was asked for or delivered.
        files: Path and size in bytes (None where it is not said) of each file that it lists.
    """

    manifest: Path
    export: tuple[str, str]
    period: str
    version: str
    files: tuple[tuple[Path, int | None], ...]

    def delivered(self) -> list[Path]:
        """The manifest and the files that it lists.

        Raises:
            LandingError: If one is not there or has another size than the manifest says.
        """
        for file, size in self.files:
            if not file.is_file():
                raise LandingError(f"{self.manifest} lists {file.name}, which is not at {file}; sync the folder again.")
            if size is not None and file.stat().st_size != size:
                raise LandingError(
                    f"{file} has {file.stat().st_size} bytes, its manifest says {size}: it is cut off or belongs to "
                    f"another run. Sync the folder again."
                )
        return [self.manifest, *(file for file, _ in self.files)]


def _azure_run(path: Path, content: dict) -> Run:
    run, config = content["runInfo"], content.get("exportConfig") or {}
    return Run(
        path,
        # the resource id tells exports of one name on two scopes apart
        (str(config.get("resourceId") or config.get("exportName") or "").lower(), str(config.get("type", ""))),
        str(run.get("startDate", ""))[:10],
        str(run.get("submittedTime") or run.get("runTime") or ""),
        tuple(
            (
                path.parent / blob["blobName"].rsplit("/", 1)[-1],
                int(blob["byteCount"]) if "byteCount" in blob else None,
            )
            for blob in content["blobs"]
        ),
    )


def _aws_run(folder: Path, path: Path, content: dict) -> Run:
    """A run of Data Exports (`dataFiles`) or of the legacy report (`reportKeys`). Neither manifest holds a time: the folder of an
    execution begins with one; else it is when the manifest was written, which a sync keeps.
    """
    keys = [str(key).removeprefix("s3://") for key in content.get("dataFiles") or content["reportKeys"]]
    start = str((content.get("billingPeriod") or {}).get("start", ""))
    month = re.search(r"BILLING_PERIOD=(\d{4}-\d{2})", " ".join([path.as_posix(), *keys]), re.IGNORECASE)
    period = f"{month[1]}-01" if month else f"{start[:4]}-{start[4:6]}-{start[6:8]}"
    times = [found[1] for key in keys if (found := _EXECUTION.search(key))]
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="microseconds")
    return Run(
        path,
        (str(content.get("exportArn") or content.get("reportId") or content.get("reportName") or path.name), ""),
        period,
        max(times, default=written),
        tuple((_synced(folder, path, key), None) for key in keys),
    )


def _synced(folder: Path, manifest: Path, key: str) -> Path:
    """Where a key of the bucket is under the folder: it may have been synced from any prefix, so the longest end of the key that is there
    counts, beneath the manifest's folder or one above it.
    """
    parts = PurePosixPath(key).parts
    above = [place for place in manifest.parents if place == folder or folder in place.parents]
    places = [place.joinpath(*parts[cut:]) for cut in range(len(parts)) for place in reversed(above)]
    return next((place for place in places if place.is_file()), folder / key)


def _run(folder: Path, path: Path) -> Run | None:
    """The run of a manifest; None where it is no manifest of a cost export."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LandingError(f"{path} is not readable JSON ({error}); sync the folder again.") from error
    if not isinstance(content, dict):
        return None
    if "runInfo" in content and "blobs" in content:
        return _azure_run(path, content)
    if content.get("dataFiles") or content.get("reportKeys"):
        return _aws_run(folder, path, content)
    return None


def newest_runs(folder: Path) -> list[Run]:
    """The newest run of each export and period under a folder, in a fixed order.

    Raises:
        LandingError: If there is no manifest, or one cannot be read.
    """
    newest: dict[tuple, Run] = {}
    for run in filter(None, (_run(folder, path) for path in sorted(folder.rglob(MANIFESTS)))):
        key = (run.export, run.period)
        if key not in newest or version_order(newest[key].version) < version_order(run.version):
            newest[key] = run
    if not newest:
        raise LandingError(
            f"{folder} holds no manifest.json of an export. Azure writes one where file partitioning of the export is on; AWS "
            f"beside the data, in the folder `metadata`."
        )
    return [run for _, run in sorted(newest.items())]


def land_newest_runs(source: str, folder: Path, *, settings: Settings, feed: str | None = None) -> list[Delivery]:
    """Land the newest run of each export and period, each as one delivery; one that was landed before changes nothing.

    Raises:
        LandingError: If the newest run of a period is not complete.
    """
    return [
        land(source, run.delivered(), settings=settings, feed=feed, version=run.version) for run in newest_runs(folder)
    ]
