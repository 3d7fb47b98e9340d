"""Published versions on disk and the `current` link.

    published/versions/<version_id>/marts.duckdb, parquet/…, data_docs/, fingerprints.json, manifest.json
    published/current -> versions/<version_id>

A version is complete when it has its manifest.json, which is written last; only a complete version is ever linked. What
a killed run left behind has no manifest and is removed by the next run. Nothing here knows what is inside a version.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

MANIFEST = "manifest.json"
FINGERPRINTS = "fingerprints.json"
MARTS = "marts.duckdb"
PARQUET = "parquet"
DATA_DOCS = "data_docs"


def current_version(published: Path) -> Path | None:
    """The version that readers see, or None before the first."""
    link = published / "current"
    version = link.resolve() if link.is_symlink() else None
    return version if version is not None and (version / MANIFEST).exists() else None


def read_manifest(version: Path) -> dict:
    """What a version says of itself."""
    return json.loads((version / MANIFEST).read_text())


def published_fingerprints(published: Path) -> dict[str, str]:
    """Fingerprint per ISO day of what readers see; empty before the first version."""
    version = current_version(published)
    return json.loads((version / FINGERPRINTS).read_text()) if version else {}


def write_json(path: Path, content: dict) -> None:
    """Write a JSON file, flushed, whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w") as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def remove_leftovers(published: Path) -> list[str]:
    """Remove versions without manifest and half-made links; returns their names. Only the holder of the run lock may
    call it.
    """
    removed = []
    for version in sorted((published / "versions").glob("*")):
        if version.is_dir() and not (version / MANIFEST).exists():
            shutil.rmtree(version)
            removed.append(version.name)
    (published / "current.tmp").unlink(missing_ok=True)
    return removed


def switch(published: Path, version: Path) -> None:
    """Point `current` at a complete version, atomically.

    Raises:
        FileNotFoundError: If the version is not complete.
    """
    if not (version / MANIFEST).exists():
        raise FileNotFoundError(f"{version} is not a complete version")
    temporary = published / "current.tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(Path("versions") / version.name)
    os.replace(temporary, published / "current")


def prune(published: Path, keep: int) -> list[str]:
    """Remove all but the newest `keep` versions; the current one always stays. Returns the removed names."""
    current = current_version(published)
    versions = sorted((version for version in (published / "versions").glob("*") if version.is_dir()), reverse=True)
    removed = []
    for version in versions[keep:]:
        if current is not None and version.resolve() == current:
            continue
        # Without its manifest a version is no longer complete, so a kill in the middle of the removal leaves nothing
        # half-whole.
        (version / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(version)
        removed.append(version.name)
    return removed


def link_tree(source: Path, target: Path) -> int:
    """Hard-link every file of a folder (copy across file systems); returns the number of files."""
    files = 0
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        to = target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, to)
        except OSError:
            shutil.copyfile(path, to)
        files += 1
    return files
