"""dbt's reading of the project, kept for every warehouse of this checkout: it takes longer than a small night's build, and is
the same for all of them.

What reads it is in dbt_project.py (builds) and definitions.py (Dagster's assets). Nothing here imports dbt.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from orchestration.settings import Settings

MANIFEST = "manifest.json"
# The same as dbt holds it in memory (dbt_process.py): read in a twentieth of the time of a parse in which nothing has changed.
PARSED = "manifest.pickle"
# What dbt keeps of a parse, for a dbt that somebody else starts (Dagster, where it builds a part of the project).
PARTIAL_PARSE = "partial_parse.msgpack"
# Not what changed: dbt's partial parse stumbles over descriptions that moved from file to file.
WHOLE = "--no-partial-parse"
_STAMP = "stamp"
_FOLDERS = ("models", "macros", "seeds", "tests/dbt")
_FILES = ("dbt_project.yml", "profiles.example.yml")
# Another release may hold a project in memory otherwise.
_PACKAGES = ("dbt-core", "dbt-common", "dbt-adapters", "dbt-duckdb", "mashumaro")


class KeptParse:
    """The parse that is kept of a project, and the project as it is now.

    Attributes:
        folder: `target/parse` of the checkout; the warehouse's own where the checkout cannot be written to.
        stamp: Of the project as it is now.
    """

    def __init__(self, settings: Settings) -> None:
        checkout = settings.project_dir
        home = checkout / "target" if os.access(checkout, os.W_OK) else settings.build
        self.folder = home / "parse"
        self.stamp = _stamp(checkout)

    @property
    def holds(self) -> bool:
        """Whether it is of the project as it is now."""
        kept = self.folder / _STAMP
        return kept.exists() and kept.read_text() == self.stamp

    @property
    def manifest(self) -> Path:
        """The manifest, for who loads definitions."""
        return self.folder / MANIFEST

    def hand_to(self, target: Path) -> None:
        """Have dbt go on from it in a target folder."""
        target.mkdir(parents=True, exist_ok=True)
        for name in (PARSED, PARTIAL_PARSE):
            shutil.copyfile(self.folder / name, target / name)

    def keep(self, target: Path) -> None:
        """Keep what dbt left in a target folder. Each file is replaced in one step and the stamp last: nobody has to wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        mine = f".{os.getpid()}"
        for name in (MANIFEST, PARSED, PARTIAL_PARSE):
            shutil.copyfile(target / name, self.folder / (name + mine))
        (self.folder / (_STAMP + mine)).write_text(self.stamp)
        for name in (MANIFEST, PARSED, PARTIAL_PARSE, _STAMP):
            os.replace(self.folder / (name + mine), self.folder / name)


class Parse:
    """A parse of the project as it is now, begun at once and waited for when its result is wanted; none is begun where the
    kept one holds. Needs no warehouse, no network and no secret.
    """

    def __init__(self, settings: Settings) -> None:
        from orchestration import dbt_project

        self._kept = KeptParse(settings)
        self._process: subprocess.Popen | None = None
        if not self._kept.holds:
            # Apart from the builds' target folder, so that loading definitions never disturbs a run.
            self._target = settings.build / f"parse-{os.getpid()}"
            self._process = subprocess.Popen(
                dbt_project.process_command(settings, self._target, read=True), cwd=settings.project_dir,
                env=dbt_project.parse_environment(settings), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip

    def manifest(self) -> Path:
        """The manifest.

        Raises:
            RuntimeError: If the project does not parse; the message is dbt's.
        """
        if self._process is not None:
            said, _ = self._process.communicate()
            if self._process.returncode:
                raise RuntimeError(f"dbt parse failed:\n{said}")
            self._process = None
            self._kept.keep(self._target)
            shutil.rmtree(self._target)
        return self._kept.manifest


def _stamp(project_dir: Path) -> str:
    """Changes with any file that dbt parses (name, size and time of change), with dbt's releases and with Python's."""
    parts = [project_dir / name for name in _FILES]
    for folder in _FOLDERS:
        parts.extend(path for path in sorted((project_dir / folder).rglob("*")) if path.is_file())
    digest = hashlib.sha256(sys.version.encode())
    for package in _PACKAGES:
        digest.update(f"{package} {metadata.version(package)}\n".encode())
    for path in parts:
        if path.exists():
            status = path.stat()
            digest.update(f"{path.relative_to(project_dir)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    # `make setup`: what the first night would otherwise do.
    Parse(Settings.from_env()).manifest()
