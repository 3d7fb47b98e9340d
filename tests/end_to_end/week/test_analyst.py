"""An analyst's whole `dbt build` by hand, beside a night that holds the warehouse: every model, test and unit test passes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from warehouses import RUN_TABLES, tables_of

from orchestration import analyst
from orchestration.dbt_project import dbt_executable
from orchestration.publishing.catalog import published_models
from orchestration.publishing.history import history_of
from orchestration.run_lock import run_lock
from orchestration.settings import PROJECT_DIR


@dataclass(frozen=True)
class Built:
    """What the analyst's build left behind."""

    path: Path
    output: str
    exit_code: int
    results: dict[str, str]
    manifest: dict


@pytest.fixture(scope="module")
def built(week_published, tmp_path_factory) -> Built:
    """`make analyst` and `dbt build` with the published night's clock, while the warehouse is locked and its build file open."""
    folder = tmp_path_factory.mktemp("analyst")
    settings = week_published.settings
    shutil.copyfile(PROJECT_DIR / "profiles.example.yml", folder / "profiles.yml")
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as night:
        patch.setenv("AI_FINOPS_ANALYST_PATH", str(folder / "analyst.duckdb"))
        night.enter_context(run_lock(settings.home))
        night.enter_context(duckdb.connect(str(settings.build_path)))
        path = analyst.set_up(settings)
        environment = os.environ | analyst.dbt_environment(settings)
        environment |= {
            "AI_FINOPS_AS_OF": week_published.world.timeline.as_of.replace(tzinfo=None).isoformat(),
            "DBT_PROFILES_DIR": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        done = subprocess.run(
            [dbt_executable(), "build"], cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False
        )
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return Built(
        path,
        done.stdout + done.stderr,
        done.returncode,
        {result["unique_id"]: result["status"] for result in results},
        json.loads((folder / "target" / "manifest.json").read_text()),
    )


def test_every_model_and_test_passes(built):
    nodes = {key for key, node in built.manifest["nodes"].items() if node["resource_type"] in ("model", "seed", "test")}
    assert nodes | set(built.manifest["unit_tests"]) == set(built.results)
    assert built.exit_code == 0, built.output
    assert set(built.results.values()) <= {"success", "pass"}, built.output


def test_the_marts_are_those_of_the_night(built, week_published):
    with duckdb.connect() as con:
        con.execute(f"attach '{built.path}' as own (read_only); attach '{week_published.marts}' as marts (read_only)")
        # What readers saw before is written by publishing (orchestration/publishing/history.py); no model builds it.
        histories = {history_of(model) for model in published_models(built.manifest)} - {None}
        assert histories < tables_of(week_published.marts)
        for schema, name in sorted(tables_of(week_published.marts) - RUN_TABLES - histories):
            one, other = f"own.{schema}.{name}", f"marts.{schema}.{name}"
            different = f"((from {one} except all from {other}) union all (from {other} except all from {one}))"
            assert con.execute(f"select count(*) from {different}").fetchone() == (0,), f"{schema}.{name}"
