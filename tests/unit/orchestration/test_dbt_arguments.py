"""What dbt is asked to do, without a warehouse."""

import json
from datetime import date, datetime

from orchestration.dbt_project import build_args, dbt_environment
from orchestration.settings import PROJECT_DIR, Settings

AS_OF = datetime(2026, 9, 1, 6)


def variables(args: list[str]) -> dict:
    return json.loads(args[args.index("--vars") + 1])


def test_the_dirty_set_is_passed_as_days_not_as_a_range():
    args = build_args([date(2026, 8, 3), date(2026, 8, 1)], AS_OF)
    assert variables(args) == {"dirty_days": ["2026-08-01", "2026-08-03"], "as_of": "2026-09-01T06:00:00"}
    assert "--full-refresh" not in args


def test_without_a_set_everything_is_built_from_nothing():
    """A plain build of incremental models would silently do nothing for days that exist."""
    args = build_args(None, AS_OF)
    assert variables(args)["dirty_days"] is None
    assert "--full-refresh" in args


def test_the_build_file_comes_from_the_warehouse_alone(tmp_path):
    environment = dbt_environment(Settings(home=tmp_path, project_dir=PROJECT_DIR, lake_catalog_uri=""))
    assert environment["AI_FINOPS_BUILD_PATH"] == str(tmp_path / "build" / "build.duckdb")
    assert environment["AI_FINOPS_PARQUET_ROOT"].startswith(str(tmp_path))
