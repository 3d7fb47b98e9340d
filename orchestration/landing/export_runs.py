"""Runs of a scheduled export in a synced folder: each leaves the whole month again beside the earlier ones, and a manifest that names
its files. Only the newest run of each month counts; what an earlier one left behind is never read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from orchestration.landing.deliveries import Delivery, LandingError, land, version_order
from orchestration.settings import Settings

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Run:
    """One run of an Azure export.

    Attributes:
        manifest: Its manifest.
        export: The export and its kind.
        period: First day of what it covers, ISO; from the manifest, because folders are named after the schedule.
        submitted_at: When it was asked for, as written.
        blobs: Name and size in bytes (None where it is not said) of each file.
    """

    manifest: Path
    export: tuple[str, str]
    period: str
    submitted_at: str
    blobs: tuple[tuple[str, int | None], ...]

    def files(self) -> list[Path]:
        """The manifest and the files that it lists.

        Raises:
            LandingError: If one is not there or has another size than the manifest says.
        """
        files = [self.manifest]
        for name, size in self.blobs:
            file = self.manifest.parent / name
            if not file.is_file():
                raise LandingError(f"{self.manifest} lists {name}, which is not beside it; sync the folder again.")
            if size is not None and file.stat().st_size != size:
                raise LandingError(
                    f"{file} has {file.stat().st_size} bytes, its manifest says {size}: it is cut off or belongs to "
                    f"another run. Sync the folder again."
                )
            files.append(file)
        return files


def _run(path: Path) -> Run | None:
    """The run of a manifest; None where it is no manifest of a Cost Management export."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LandingError(f"{path} is not readable JSON ({error}); sync the folder again.") from error
    if not isinstance(content, dict) or "runInfo" not in content or "blobs" not in content:
        return None
    run, config = content["runInfo"], content.get("exportConfig") or {}
    return Run(
        path,
        # the resource id tells exports of one name on two scopes apart
        (str(config.get("resourceId") or config.get("exportName") or "").lower(), str(config.get("type", ""))),
        str(run.get("startDate", ""))[:10],
        str(run.get("submittedTime") or run.get("runTime") or ""),
        tuple(
            (blob["blobName"].rsplit("/", 1)[-1], int(blob["byteCount"]) if "byteCount" in blob else None)
            for blob in content["blobs"]
        ),
    )


def newest_runs(folder: Path) -> list[Run]:
    """The newest run of each export and period under a folder, in a fixed order.

    Raises:
        LandingError: If there is no manifest, or one cannot be read.
    """
    newest: dict[tuple, Run] = {}
    for run in filter(None, (_run(path) for path in sorted(folder.rglob(MANIFEST)))):
        key = (run.export, run.period)
        if key not in newest or version_order(newest[key].submitted_at) < version_order(run.submitted_at):
            newest[key] = run
    if not newest:
        raise LandingError(f"{folder} holds no {MANIFEST} of an export; turn on file partitioning of the export.")
    return [run for _, run in sorted(newest.items())]


def land_newest_runs(source: str, folder: Path, *, settings: Settings, feed: str | None = None) -> list[Delivery]:
    """Land the newest run of each export and period, each as one delivery; one that was landed before changes nothing.

    Raises:
        LandingError: If the newest run of a period is not complete.
    """
    return [land(source, run.files(), settings=settings, feed=feed) for run in newest_runs(folder)]
