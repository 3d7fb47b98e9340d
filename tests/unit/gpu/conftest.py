"""The machines of one morning through the project's own loader and models: landed once, built once by dbt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings
from tests.built_models import build_file, build_models, raw_tables, run_dbt
from tests.unit.gpu import machines

AS_OF = datetime(2026, 10, 3)
BUILT = [
    "+fct_gpu_hours",
    "+cost_per_gpu_hour_daily",
    "gpu_utilization_daily",
    "gpu_devices_daily",
    "+telemetry_checks_daily",
    "+fct_cost_allocation",
]
LAWS = [
    "assert_ledger_conserves_every_charge",
    "assert_node_parts_sum_to_capacity",
    "assert_paid_gpu_hours_sum_to_their_parts",
    "assert_gpu_hours_cost_what_the_ledger_says",
    "assert_held_and_stranded_fit_capacity",
    "assert_productive_is_within_held",
    "unique_combination_int_workload_resource_hours*",
    "unique_combination_fct_gpu_hours*",
]  # fmt: skip


@pytest.fixture(scope="session")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to what dbt made of the morning."""
    folder = tmp_path_factory.mktemp("machines")
    home = folder / "home"
    settings = Settings(
        home=home, project_dir=PROJECT_DIR, lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}"
    )
    for source, feed, file, options in machines.deliver(folder):
        land(source, [file], settings=settings, feed=feed, version="1", **options)
    for result in load_pending(settings, as_of=AS_OF):
        assert (result.outcome, result.rejected, result.reason) == ("loaded", 0, ""), result
    database = build_file(folder)
    raw_tables(settings, database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AI_FINOPS_AS_OF", AS_OF.isoformat())
        build_models(database, BUILT)
        run_dbt(database, "test", LAWS)
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        yield con
