"""The frame that nights stand on: what it leaves out of a night's build must be the same whatever the night."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration import dbt_project, frame, pipeline
from orchestration.dbt_project import Build
from orchestration.settings import Settings

AS_OF = datetime(2026, 9, 1, 6)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """An empty warehouse on the kept frame."""
    made = Settings.from_env(tmp_path_factory.mktemp("frame"))
    frame.make(made)
    frame.lay(made)
    return made


def dbt(settings: Settings, args: list[str], build: Build) -> str:
    """What dbt prints."""
    log = settings.home / "dbt.log"
    assert dbt_project.run_dbt(args, settings, log, build.environment) == 0, log.read_text()
    return log.read_text()


def compiled(settings: Settings, build: Build) -> dict[str, str]:
    """SQL by model of a night."""
    dbt(settings, ["compile", "--quiet"], build)
    nodes = json.loads((dbt_project.target_dir(settings) / "manifest.json").read_text())["nodes"]
    return {node["name"]: node["compiled_code"] for node in nodes.values() if node["resource_type"] == "model"}


def with_rows(settings: Settings) -> None:
    """Give every other raw view a row, all of it NULL: as to one that unites them, some vendors sent something and some did not."""
    with duckdb.connect(str(settings.build_path)) as con:
        views = con.execute("select view_name from duckdb_views() where schema_name = 'raw' order by 1").fetchall()
        for (view,) in views[::2]:
            columns = con.execute(f"describe raw.{view}").fetchall()
            row = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind, *_ in columns)
            con.execute(f"create or replace view raw.{view} as select {row}")


def test_no_night_and_no_report_setting_changes_what_stands(settings, tmp_path):
    """Two nights that differ in everything that may: days, clock, which vendors sent rows, currency and time zone of reports."""
    first = compiled(settings, Build(None, AS_OF))
    german = replace(Settings.from_env(tmp_path), report_currency="EUR", report_time_zone="Europe/Berlin")
    frame.lay(german)
    with_rows(german)
    second = compiled(german, Build((date(2026, 9, 1),), datetime(2026, 9, 2, 6)))
    changed = {model for model, sql in first.items() if second[model] != sql}
    listed = dbt(
        settings,
        ["ls", "--quiet", "--output", "name", *Build(None, AS_OF, on_frame=True).args[1:-1]],
        Build(None, AS_OF),
    )
    built_each_night = set(listed.split())
    assert changed <= built_each_night, sorted(changed - built_each_night)
    # The two nights do differ, and something does stand.
    assert {"fct_gpu_hours", "int_commitment_horizons", "int_requests_unioned", "cost_allocation_reporting"} <= changed
    assert set(first) - built_each_night


def test_a_build_that_was_cut_off_leaves_no_frame_standing(settings):
    def plan(force: bool = False) -> pipeline.Plan:
        return pipeline.Night(settings, AS_OF, force, print).plan()

    assert plan().on_frame
    assert not plan(force=True).on_frame
    # Its views may be half made: the next night takes nothing for standing.
    assert not plan().on_frame


def test_a_frame_of_other_code_does_not_stand(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "build.duckdb")) as con:
        frame.mark(con, "one")
        assert frame.stands(con, "one")
        assert not frame.stands(con, "other")


def test_what_a_warehouse_has_built_is_never_replaced_by_the_frame(tmp_path: Path):
    settings = Settings.from_env(tmp_path)
    settings.build.mkdir()
    settings.build_path.write_bytes(b"built")
    frame.make(settings)
    frame.lay(settings)
    assert settings.build_path.read_bytes() == b"built"
