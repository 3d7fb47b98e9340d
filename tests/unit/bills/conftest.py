"""Bills of several vendors through the project's own loader, staging and FOCUS models: landed once, built once by dbt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.landing.load import LoadResult, load_pending
from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, build_models, raw_tables, run_dbt
from tests.unit.bills import anthropic_bills, azure_bills, focus_exports, gcp_bills, keyed_bills

AS_OF = datetime(2026, 11, 21)


def warehouse_at(home: Path) -> Settings:
    """An empty warehouse over the project's own schemas."""
    return Settings(home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return warehouse_at(tmp_path)


@pytest.fixture
def load(settings: Settings, tmp_path: Path):
    """Land files of one delivery (name -> content) and load them."""

    def load_files(source: str, files: dict[str, str | bytes], **options: object) -> LoadResult:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        land(source, [folder / name for name in files], settings=settings, **options)
        *_, result = load_pending(settings, as_of=AS_OF)
        return result

    return load_files


@pytest.fixture
def query(settings: Settings):
    """Rows of a query over the raw tables."""

    def run(sql: str) -> list[tuple]:
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'UTC'")
            register(con, settings)
            return con.execute(sql).fetchall()

    return run


@pytest.fixture(scope="session")
def charges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to what dbt made of all bills of this folder: schemas raw, staging and focus."""
    folder = tmp_path_factory.mktemp("bills")
    settings = warehouse_at(folder / "home")
    for bills in (azure_bills, gcp_bills, anthropic_bills, keyed_bills, focus_exports):
        bills.deliver(settings, folder)
    refused = [(one.table, one.reason) for one in load_pending(settings, as_of=AS_OF) if one.outcome != "loaded"]
    assert not refused
    database = build_file(folder)
    raw_tables(settings, database)
    build_models(database, ["+focus_1_4", "+vendor_charges", "+int_loads", "+bill_lines_left_out"])
    # the law that every bill of the project has to keep
    run_dbt(database, "test", ["assert_bills_equal_focus_billed_cost"])
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        yield con
