"""What dbt is asked to do, without a warehouse."""

from datetime import date, datetime

import pytest

from orchestration import pipeline
from orchestration.dbt_project import Build, dbt_environment
from orchestration.publishing import versions
from orchestration.settings import PROJECT_DIR, Settings

AS_OF = datetime(2026, 9, 1, 6)


def test_the_dirty_set_is_passed_as_days_not_as_a_range():
    build = Build((date(2026, 8, 3), date(2026, 8, 1)), AS_OF)
    assert build.environment == {
        "AI_FINOPS_DIRTY_DAYS": "2026-08-01,2026-08-03",
        "AI_FINOPS_AS_OF": "2026-09-01T06:00:00",
        "AI_FINOPS_TEST_ALL_DAYS": "",
    }
    assert "--full-refresh" not in build.args


def test_a_full_test_run_still_builds_its_days_only():
    build = Build((date(2026, 8, 3),), AS_OF, full_tests=True)
    assert build.environment["AI_FINOPS_DIRTY_DAYS"] == "2026-08-03"
    assert build.environment["AI_FINOPS_TEST_ALL_DAYS"] == "1"


# 2026-09-01 is a Tuesday: the Sunday before, a day of the same week number a year before, this week's Monday and Sunday.
@pytest.mark.parametrize(
    ("published_as_of", "first"),
    [
        (None, True),
        ("2026-08-30T06:00:00", True),
        ("2025-09-02T06:00:00", True),
        ("2026-08-31T00:00:00", False),
        ("2026-09-06T23:59:59", False),
    ],
)
def test_the_first_run_of_an_iso_week_tests_all_days(tmp_path, published_as_of, first):
    if published_as_of:
        version = tmp_path / "published" / "versions" / "20260101T000000-00000000"
        version.mkdir(parents=True)
        versions.write_json(version / versions.MANIFEST, {"as_of": published_as_of})
        versions.switch(tmp_path / "published", version)
    settings = Settings(home=tmp_path, project_dir=PROJECT_DIR, lake_catalog_uri="")
    assert pipeline.Night(settings, AS_OF, False, print).full_tests is first
    assert pipeline.Night(settings, AS_OF, False, print, full_tests=True).full_tests


def test_without_a_set_everything_is_built_from_nothing():
    """A plain build of incremental models would silently do nothing for days that exist."""
    build = Build(None, AS_OF)
    # Set to nothing, not left out: a set in the caller's own environment must not get through.
    assert build.environment["AI_FINOPS_DIRTY_DAYS"] == ""
    assert "--full-refresh" in build.args


def test_an_empty_set_never_becomes_all_days():
    with pytest.raises(ValueError, match="nothing to build"):
        _ = Build((), AS_OF).environment


def test_the_build_file_comes_from_the_warehouse_alone(tmp_path):
    environment = dbt_environment(Settings(home=tmp_path, project_dir=PROJECT_DIR, lake_catalog_uri=""))
    assert environment["AI_FINOPS_BUILD_PATH"] == str(tmp_path / "build" / "build.duckdb")
    assert environment["AI_FINOPS_PARQUET_ROOT"].startswith(str(tmp_path))
