"""Dagster's definitions load in a bare environment, and hold exactly what they should."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_DIR

PROGRAM = """
import json, socket, sys
def refuse(*a, **k):
    raise OSError("definitions tried to reach the network")
socket.socket.connect = refuse
from orchestration.definitions import defs
repository = defs.get_repository_def()
graph = repository.asset_graph
print("ANSWER" + json.dumps({
    "groups": {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()},
    "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
    "schedules": {s.name: [s.cron_schedule, s.execution_timezone] for s in repository.schedule_defs},
    "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
    "blocking": sorted(key.name for key in graph.asset_check_keys if graph.get(key).blocking),
    "checks": [[key.asset_key.to_user_string(), key.name] for key in graph.asset_check_keys],
    "descriptions": {key.name: graph.get(key).description for key in graph.asset_check_keys},
    "undescribed": [key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).description]
        + [one.name for one in [*repository.schedule_defs, *repository.sensor_defs] if not one.description],
    "parents": sorted(key.to_user_string() for key in graph.get(next(k for k in graph.get_all_asset_keys() if k.path[0] == "published")).parent_keys),
    "executor": defs.executor.name,
}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """What a process with an almost empty environment sees: no database, no secret, no network."""
    home = tmp_path_factory.mktemp("definitions")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AI_FINOPS_HOME": str(home / "warehouse")}
    # This checkout, whichever one is installed.
    environment["PYTHONPATH"] = str(PROJECT_DIR)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, cwd=home, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = next(line for line in done.stdout.splitlines() if line.startswith("ANSWER"))
    return json.loads(answer.removeprefix("ANSWER")), home / "warehouse"


def models() -> dict[str, str]:
    """Model -> the group that its folder says, from the files."""
    return {
        path.stem: "_".join(path.relative_to(PROJECT_DIR / "models").parts[:-1])
        for path in (PROJECT_DIR / "models").rglob("*.sql")
    }


def test_every_model_seed_and_raw_table_is_an_asset_and_nothing_else(loaded):
    groups = loaded[0]["groups"]
    seeds = {path.stem for path in (PROJECT_DIR / "seeds").glob("*.csv")}
    raw = {key for key in groups if key.startswith("raw/")}
    built = {key.rsplit("/", 1)[-1] for key in groups if not key.startswith(("raw/", "published/"))}
    assert built == set(models()) | seeds
    import yaml

    declared = {
        f"raw/{table['name']}"
        for path in (PROJECT_DIR / "models").rglob("*__sources.yml")
        for source in yaml.safe_load(path.read_text())["sources"]
        for table in source["tables"]
    }
    assert raw == declared
    assert groups["published/marts"] == "published"


def test_groups_follow_layer_and_source_or_domain(loaded):
    groups = {key.rsplit("/", 1)[-1]: group for key, group in loaded[0]["groups"].items() if not key.startswith("raw/")}
    assert {name: groups[name] for name in models()} == models()
    assert loaded[0]["groups"]["raw/slurm_jobs"] == "raw_slurm"


def test_jobs_schedules_and_sensors_are_these(loaded):
    assert loaded[0]["jobs"] == ["nightly"]
    assert loaded[0]["schedules"] == {"nightly_schedule": ["0 5 * * *", "UTC"]}
    assert loaded[0]["sensors"] == ["failure_sensor", "landing_sensor"]
    assert loaded[0]["executor"] == "in_process"


def test_arrivals_are_checked_on_each_raw_table_and_do_not_block_the_rest(loaded):
    on_raw = {asset for asset, name in loaded[0]["checks"] if name == "arrivals"}
    assert on_raw == {key for key in loaded[0]["groups"] if key.startswith("raw/")}
    assert "arrivals" not in loaded[0]["blocking"]


def test_dbt_tests_of_severity_error_block(loaded):
    assert "assert_ledger_conserves_every_charge" in loaded[0]["blocking"]
    assert len(loaded[0]["blocking"]) > 100


def test_everything_that_dagster_shows_says_what_it_is(loaded):
    assert loaded[0]["undescribed"] == []
    said = loaded[0]["descriptions"]
    assert [name for name, description in said.items() if not description] == []
    # the comment that opens the test, all of its lines
    assert said["assert_ledger_conserves_every_charge"].startswith("Law 1. The ledger's rows of a charge add up to")
    assert said["assert_ledger_conserves_every_charge"].endswith("over all its days.")
    assert said["unique_dim_models_model_key"] == "unique: model_key"


def test_dirty_days_are_shown_as_stretches():
    from datetime import date

    from orchestration.defs.resources import shown_days

    days = [date(2026, 10, 5), date(2026, 9, 30), date(2026, 10, 1)]
    assert shown_days(days) == "2026-09-30 to 2026-10-01, 2026-10-05 (3 days)"
    assert shown_days(None) == "all"


def test_publishing_waits_for_every_mart(loaded):
    marts = {name for name, group in models().items() if group.startswith("marts_")}
    assert {key.rsplit("/", 1)[-1] for key in loaded[0]["parents"]} == marts


def test_loading_opens_no_database(loaded):
    assert not list(Path(loaded[1]).rglob("*.duckdb"))
    assert not list(Path(loaded[1]).rglob("*.db"))
