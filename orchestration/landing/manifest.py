"""Land many deliveries from one list: a profile of real exports, or what the simulation wrote.

The list is YAML or JSON with `deliveries:` in order of arrival; each entry holds the arguments of `land` (`source`, `files`, and
where they apply `feed`, `version`, `observed_at`, `mapping`, `window`, `force`) and may say when it `arrives_on`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from orchestration.landing.deliveries import Delivery, land
from orchestration.settings import Settings

LAND_OPTIONS = ("feed", "version", "observed_at", "mapping", "window", "force")


def read_manifest(path: Path) -> list[dict]:
    """Return the deliveries of a list, in order of arrival.

    Raises:
        ValueError: If an entry names no source or no files; the message names the file and the entry.
    """
    content = yaml.safe_load(path.read_text())
    deliveries = content["deliveries"] if isinstance(content, dict) else content
    for number, entry in enumerate(deliveries, start=1):
        if not entry.get("source") or not entry.get("files"):
            raise ValueError(f"{path}: delivery {number} needs `source` and `files`, has {sorted(entry)}")
    return deliveries


def land_manifest(
    path: Path,
    *,
    settings: Settings,
    root: Path | None = None,
    arrived_by: str | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> list[Delivery]:
    """Land each delivery of the list.

    Args:
        path: The list.
        settings: Warehouse to land in.
        root: Folder that relative paths start from (default: the list's own folder). Paths that begin with `./` always start
            from the list's own folder.
        arrived_by: ISO date or timestamp; deliveries with a later `arrives_on` are left out, as if not sent yet.
        progress: Called with one line per delivery.
    """
    own_folder = path.resolve().parent
    landed = []
    for entry in read_manifest(path):
        arrives_on = str(entry.get("arrives_on") or "")
        if arrived_by and arrives_on > arrived_by:
            continue
        files = [(own_folder if str(name).startswith("./") else (root or own_folder)) / name for name in entry["files"]]
        options = {key: entry[key] for key in LAND_OPTIONS if entry.get(key) is not None}
        landed.append(land(entry["source"], files, settings=settings, **options))
        progress(f"{entry['source']}: {', '.join(Path(name).name for name in entry['files'][:3])}")
    return landed
