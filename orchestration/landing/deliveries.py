"""Deliveries: what a vendor sent, copied byte for byte into `landing/<source>/<feed>/<delivery id>/`, with a sidecar.

The id is a hash of source, feed, options, file names and contents, so landing the same thing again does nothing. A
delivery is written into a temporary folder and renamed, so a half copied one is never seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml

from orchestration.landing.schema import RawTable, load_schemas
from orchestration.settings import Settings

SIDECAR = "delivery.json"
INBOX = "inbox"
INBOX_OPTIONS = "delivery.yml"
_COPYING = ".landing-"
_COPYING_SECONDS = 24 * 3600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_HALF_WRITTEN = (".tmp", ".part", ".partial", ".crdownload", ".filepart")


class LandingError(ValueError):
    """A delivery cannot be landed; the message says what to change."""


@dataclass(frozen=True)
class Delivery:
    """One landed delivery.

    Attributes:
        delivery_id: First 16 hex digits of the hash over source, feed, options and files; also the load id.
        path: Its folder.
        files: File name to SHA-256 of its bytes, sorted by name.
        version: The vendor's or operator's version as text; '' if there is none.
        observed_at: ISO time (UTC) for files that carry none (Prometheus text dumps).
        mapping: Our column to the file's header, or to `=constant`.
        window: First day and day after the last that a trailing-window pull asked for, ISO.
        force: Skip the comparison with what is current (fewer days, older version, repeated content).
    """

    delivery_id: str
    source: str
    feed: str
    path: Path
    files: dict[str, str]
    version: str = ""
    observed_at: str | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    window: tuple[str, str] | None = None
    force: bool = False

    def content_of(self, file_names: Iterable[str]) -> str:
        """Hash of what the named files mean: their bytes and the options that change how they are read; not their
        names.
        """
        parts = [sorted(self.files[name] for name in file_names), sorted(self.mapping.items()), self.observed_at]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _utc_text(value: str | datetime | None) -> str | None:
    """ISO text of a time; a time without zone is UTC."""
    if value is None:
        return None
    time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    if time.tzinfo is not None:
        time = (time - time.utcoffset()).replace(tzinfo=None)
    return time.isoformat()


def _days(window: object) -> tuple[str, str] | None:
    if window is None:
        return None
    first, end = (window["start"], window["end"]) if isinstance(window, dict) else tuple(window)
    first, end = (date.fromisoformat(str(day)[:10]) for day in (first, end))
    if first >= end:
        raise LandingError(f"The window {first} to {end} is empty: its end is the day after its last day.")
    return first.isoformat(), end.isoformat()


def _manifest(files: Iterable[Path]) -> tuple[str, list[str]]:
    """Version and file list of a bill's manifest, where one is part of the delivery: AWS (both layouts) and Azure."""
    for path in files:
        if not path.name.lower().endswith("manifest.json"):
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8-sig"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise LandingError(f"{path.name} is not readable JSON ({error}); deliver the manifest again.") from error
        if not isinstance(content, dict):
            raise LandingError(f"{path.name} is not a manifest: a JSON object is expected.")
        run = content.get("runInfo") or {}
        times = [content.get(key) for key in ("createdTime", "creationTime", "exportTime", "timestamp", "lastModified")]
        times += [run.get(key) for key in ("submittedTime", "runTime", "endTime")]
        listed = (
            content.get("reportKeys") or content.get("dataFiles") or content.get("files") or content.get("blobs") or []
        )
        names = [
            entry if isinstance(entry, str) else entry.get("blobName") or entry.get("key") or "" for entry in listed
        ]
        return next((str(time) for time in times if time), ""), [name.rsplit("/", 1)[-1] for name in names if name]
    return "", []


def _checked_files(source: str, files: Iterable[Path | str], tables: list[RawTable]) -> list[Path]:
    paths = [Path(name) for name in files]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise LandingError(f"No such file: {', '.join(missing)}.")
    if not paths:
        raise LandingError(f"A delivery of {source} needs at least one file.")
    names = [path.name for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LandingError(
            f"Two files of the delivery have the same name: {', '.join(twice)}; rename one or land them apart."
        )
    manifests = [name for name in names if name.lower().endswith("manifest.json")]
    for name in names:
        if name not in manifests and not any(table.takes(name) for table in tables):
            patterns = "; ".join(f"{table.name}: {' '.join(table.files)}" for table in tables)
            raise LandingError(f"{name} feeds no table of {source}. Files are known by name ({patterns}).")
    return sorted(paths, key=lambda path: path.name)


def land(
    source: str,
    files: Iterable[Path | str],
    *,
    settings: Settings,
    feed: str | None = None,
    version: str | datetime | None = None,
    observed_at: str | datetime | None = None,
    mapping: dict[str, str] | None = None,
    window: tuple | dict | None = None,
    force: bool = False,
) -> Delivery:
    """Copy files into landing as one delivery; the same files with the same options give the same delivery and change
    nothing.

    Args:
        source: A source of `models/staging/`.
        files: Files that belong together (all parts of one bill).
        feed: Names one stream of the source (an account, a cluster); default the source's name. Restatement and
            duplicates are judged inside one feed.
        version: Orders deliveries of the same period where the vendor gives no version of its own. The time in a
            manifest wins where a delivery holds one.
        observed_at: When the files were taken, for formats that do not say.
        mapping: Our column to the file's header or to `=constant`.
        window: First day and day after the last that a pull asked for.
        force: Skip the comparison with what is current.

    Raises:
        LandingError: If the source is unknown, a file is missing or feeds no table, or a manifest lists a file that is
            not here.
    """
    tables = [table for table in load_schemas(settings.project_dir).values() if table.source == source]
    if not tables:
        known = sorted({table.source for table in load_schemas(settings.project_dir).values()})
        raise LandingError(f"`{source}` is no source of this project. Known: {', '.join(known)}.")
    feed = feed or source
    if not _NAME.fullmatch(feed):
        raise LandingError(f"The feed `{feed}` may hold letters, digits, `_`, `.` and `-` only; it names a folder.")
    paths = _checked_files(source, files, tables)
    manifest_version, listed = _manifest(paths)
    absent = sorted(set(listed) - {path.name for path in paths})
    if absent:
        raise LandingError(
            f"The manifest lists files that are not part of the delivery: {', '.join(absent)}. Land all of them "
            f"together."
        )
    options = {
        "source": source,
        "feed": feed,
        "version": manifest_version or ("" if version is None else str(version)),
        "observed_at": _utc_text(observed_at),
        "mapping": {str(ours): str(theirs) for ours, theirs in sorted((mapping or {}).items())},
        "window": _days(window),
        "force": bool(force),
    }
    target_root = settings.landing / source / feed
    target_root.mkdir(parents=True, exist_ok=True)
    _forget_broken_copies(target_root)
    temporary = target_root / f"{_COPYING}{uuid.uuid4().hex}"
    temporary.mkdir()
    try:
        hashes = {}
        for path in paths:
            shutil.copyfile(path, temporary / path.name)
            hashes[path.name] = _hash_file(temporary / path.name)
        identity = json.dumps([options, sorted(hashes.items())], sort_keys=True)
        delivery_id = hashlib.sha256(identity.encode()).hexdigest()[:16]
        target = target_root / delivery_id
        if not target.exists():
            sidecar = {"delivery_id": delivery_id, **options, "files": hashes}
            (temporary / SIDECAR).write_text(json.dumps(sidecar, indent=1, sort_keys=True), encoding="utf-8")
            os.replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return read_delivery(target)


def _forget_broken_copies(target_root: Path) -> None:
    """Remove what landings that were killed have left; nobody copies for a day."""
    for folder in target_root.glob(f"{_COPYING}*"):
        if time.time() - folder.stat().st_mtime > _COPYING_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def read_delivery(path: Path) -> Delivery:
    """Read a landed delivery's sidecar."""
    content = json.loads((path / SIDECAR).read_text(encoding="utf-8"))
    content["window"] = tuple(content["window"]) if content["window"] else None
    return Delivery(path=path, **content)


def deliveries(settings: Settings) -> list[Delivery]:
    """Every landed delivery, oldest version first; deliveries without version come first in order of id."""
    found = [
        read_delivery(path.parent)
        for path in settings.landing.glob(f"*/*/*/{SIDECAR}")
        if not path.parent.name.startswith(".")
    ]
    return sorted(
        found, key=lambda delivery: (version_order(delivery.version), delivery.window or ("", ""), delivery.delivery_id)
    )


TIME_VERSION = 2  # first part of the sort key of a version that is a time


def version_order(version: str) -> tuple:
    """Sort key of version texts: numbers by value, times by instant, other texts as they are; '' is the oldest."""
    if not version:
        return (0, 0.0, "")
    if re.fullmatch(r"\d+(\.\d+)?", version):
        return (1, float(version), "")
    try:
        moment = datetime.fromisoformat(version.replace("Z", "+00:00"))
    except ValueError:
        return (3, 0.0, version)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (TIME_VERSION, (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1), "")


def snapshot_partition(table: RawTable, delivery: Delivery) -> str:
    """Partition that a snapshot delivery fills: the feed's one, or its version's own where the table keeps them."""
    return f"{delivery.feed}|{delivery.version}" if table.keeps_versions else delivery.feed


def land_inbox(settings: Settings) -> list[Delivery]:
    """Land what people or vendors dropped into `landing/inbox/<source>/` or `landing/inbox/<source>/<feed>/`.

    All files of one folder are one delivery. A `delivery.yml` beside them may give version, observed_at, mapping,
    window and force. Landed files are removed from the inbox; names that end like a half written file (`.part`,
    `.tmp`) wait.
    """
    landed = []
    inbox = settings.landing / INBOX
    for source in sorted(path for path in inbox.glob("*") if path.is_dir()):
        folders = [source, *sorted(path for path in source.glob("*") if path.is_dir())]
        for folder in folders:
            files = [
                path
                for path in sorted(folder.iterdir())
                if path.is_file() and path.name != INBOX_OPTIONS and not path.name.startswith(".")
            ]
            if not files or any(path.name.lower().endswith(_HALF_WRITTEN) for path in files):
                continue
            own = folder / INBOX_OPTIONS
            options = (yaml.safe_load(own.read_text(encoding="utf-8")) or {}) if own.is_file() else {}
            unknown = sorted(set(options) - {"version", "observed_at", "mapping", "window", "force"})
            if unknown:
                raise LandingError(f"{own}: unknown options {', '.join(unknown)}.")
            feed = None if folder == source else folder.name
            landed.append(land(source.name, files, settings=settings, feed=feed, **options))
            for path in [*files, own]:
                path.unlink(missing_ok=True)
    return landed
