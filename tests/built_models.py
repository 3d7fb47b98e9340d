"""Models built by dbt in a file over raw tables of a test's own, for tests that need no night."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration import dbt_project
from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings


def raw_tables(settings: Settings, database: Path) -> None:
    """Copy what the lake holds into schema `raw` of a DuckDB file of its own; tables of sources that are off are empty."""
    with duckdb.connect(str(database.with_suffix(".views.duckdb"))) as con:
        con.execute("set TimeZone = 'UTC'")
        register(con, settings)
        con.execute(f"attach '{database}' as own")
        con.execute("create schema own.raw")
        for (name,) in con.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' union select "
            "view_name from duckdb_views() where schema_name = 'raw'"
        ).fetchall():
            con.execute(f"create table own.raw.{name} as from raw.{name}")


def build_file(folder: Path) -> Path:
    """Path for the DuckDB file of a test's own in its folder; of the pipeline's name, so that dbt goes on from the kept parse."""
    return _warehouse(folder / "models").build_path


def run_dbt(database: Path, command: str, selected: Sequence[str], *more: str) -> str:
    """Run a dbt command of the pipeline on a `build_file`; dbt's own files go into its folder. Returns what dbt printed."""
    settings = _warehouse(database.parent.parent)
    assert database == settings.build_path
    log = database.parent / "dbt.log"
    code = dbt_project.run_dbt([command, *more, "--select", *selected], settings, log)
    said = log.read_text()
    assert code == 0, said[-4000:]
    return said


def _warehouse(home: Path) -> Settings:
    home.joinpath("build").mkdir(parents=True, exist_ok=True)
    return Settings(home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}")


def build_models(database: Path, selected: Sequence[str]) -> None:
    """Build the selected models and seeds, without their tests."""
    run_dbt(database, "build", selected, "--exclude-resource-type", "test", "unit_test")


def build_from_files(
    folder: Path, deliveries: Iterable[tuple[str, str, Path]], selected: Sequence[str], *, as_of: datetime
) -> Path:
    """Land, load and build; every row of every file must load.

    Args:
        folder: Folder of the test's own.
        deliveries: (source, feed, file).
        selected: dbt's selectors.
        as_of: The run's clock.

    Returns:
        The DuckDB file with the built models.
    """
    settings = _warehouse(folder / "home")
    for source, feed, file in deliveries:
        land(source, [file], settings=settings, feed=feed, version="1")
    for result in load_pending(settings, as_of=as_of):
        assert (result.outcome, result.rejected, result.reason) == ("loaded", 0, "")
    database = build_file(folder)
    raw_tables(settings, database)
    build_models(database, selected)
    return database
