"""The frame of a build file: its seeds, and the views whose text is the same each night. It is built with the code, not with
the data: a night whose code has not changed leaves it standing, and the first night of a warehouse begins with a copy of one
that `make setup` has built over an empty lake.

Which nodes a night builds on a standing frame is in selectors.yml.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from pathlib import Path

import duckdb

from orchestration import dbt_project
from orchestration.lake.catalog import Lake
from orchestration.lake.dirty_days import code_hash
from orchestration.lake.raw_views import register
from orchestration.settings import Settings

_TABLE = "pipeline.frame"


def stands(con: duckdb.DuckDBPyConnection, code: str) -> bool:
    """Whether a build file's frame is whole and of this code.

    Args:
        con: Connection to the build file.
        code: `dirty_days.code_hash` of the project as it is now.
    """
    con.execute("create schema if not exists pipeline")
    con.execute(f"create table if not exists {_TABLE} (code_hash varchar not null)")
    return con.execute(f"select code_hash from {_TABLE}").fetchall() == [(code,)]


def mark(con: duckdb.DuckDBPyConnection, code: str | None) -> None:
    """Note what code the frame is of; None while a build replaces it, so that one which dies leaves none standing."""
    stands(con, "")
    con.execute(f"delete from {_TABLE}")
    if code is not None:
        con.execute(f"insert into {_TABLE} values (?)", [code])


def lay(settings: Settings) -> None:
    """Begin a warehouse that has no build file with the kept frame, if that is of the code as it is now."""
    if settings.build_path.exists():
        return
    settings.build.mkdir(parents=True, exist_ok=True)
    copy = settings.build_path.with_suffix(".copy")
    # None is kept where the code has changed since `make setup`: the night then builds all of it.
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(_kept(settings), copy)
        os.replace(copy, settings.build_path)


def make(settings: Settings) -> None:
    """Build the frame of the code as it is now and keep it, unless it is kept already.

    Raises:
        RuntimeError: If dbt cannot build the project over an empty lake; the message is dbt's.
    """
    kept = _kept(settings)
    if kept.exists():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    # Beside the kept one: moved into its place in one step.
    with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
        home = Path(scratch)
        empty = dataclasses.replace(settings, home=home, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}")
        empty.build.mkdir(parents=True)
        with duckdb.connect(str(empty.build_path)) as con:
            register(con, empty, Lake(empty))
        log = home / "dbt.log"
        if dbt_project.run_dbt(["build", "--exclude-resource-type", "unit_test", "test"], empty, log):
            raise RuntimeError(f"the frame could not be built:\n{log.read_text()}")
        with duckdb.connect(str(empty.build_path)) as con:
            mark(con, code_hash(settings.project_dir))
        for older in kept.parent.glob("*.duckdb"):
            older.unlink()
        os.replace(empty.build_path, kept)


def _kept(settings: Settings) -> Path:
    return settings.project_dir / "target" / "frame" / f"{code_hash(settings.project_dir)}.duckdb"


if __name__ == "__main__":
    # `make setup`: what the first night would otherwise do.
    make(Settings.from_env())
