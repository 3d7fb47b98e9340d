"""Samples that are reduced some days at a time give what all of them at once give."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from machines import at, page, series

from orchestration import dbt_project
from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import PROJECT_DIR, Settings

MODELS = (
    "int_gpu_activity_hourly",
    "int_device_hours",
    "int_pods",
    "int_nodes",
    "int_pod_resource_requests",
    "int_node_geometries",
)
EVERY_MODEL = ["build", "--exclude-resource-type", "test", "unit_test", "--select", *(f"+{model}" for model in MODELS)]


def build(settings: Settings, days: str = "") -> dict[str, list[tuple]]:
    """Build both models, all days or these; returns their rows."""
    log = settings.build / "dbt.log"
    assert dbt_project.run_dbt(EVERY_MODEL, settings, log, {"AI_FINOPS_DIRTY_DAYS": days}) == 0, log.read_text()[-3000:]
    with duckdb.connect(str(settings.build_path)) as con:
        return {model: con.execute(f"from intermediate.{model} order by all").fetchall() for model in MODELS}


@pytest.fixture
def settings(tmp_path: Path) -> dict[int, Settings]:
    """Warehouses with the same three days of a node, a device with two slices and one without and a pod, by samples that go at once."""
    found = {}
    for samples_at_once in (1, 1_000_000):
        home = tmp_path / str(samples_at_once)
        home.joinpath("build").mkdir(parents=True)
        one = Settings(
            home=home,
            project_dir=PROJECT_DIR,
            lake_catalog_uri=f"sqlite:///{home / 'lake' / 'catalog.db'}",
            samples_at_once=samples_at_once,
        )
        hours = [(day * 24 + hour, (day + 1) * 0.2) for day in range(3) for hour in (0.5, 0.75, 23.9)]
        results = [
            series("DCGM_FI_PROF_GR_ENGINE_ACTIVE", {"Hostname": "a", "UUID": "GPU-1", "GPU_I_ID": slice_id}, hours)
            for slice_id in ("1", "2")
        ]
        results.append(series("DCGM_FI_DEV_GPU_UTIL", {"Hostname": "a", "UUID": "GPU-2"}, hours))
        results.append(
            series("DCGM_FI_DEV_POWER_USAGE", {"Hostname": "a", "UUID": "GPU-2"}, [(hour, 400) for hour, _ in hours])
        )
        who = {"namespace": "lab", "pod": "p", "uid": "u-1"}
        kube = [
            series("kube_node_info", {"node": "a", "provider_id": "aws:///z/i-1"}, [(hour, 1) for hour, _ in hours]),
            series(
                "kube_node_status_capacity",
                {"node": "a", "resource": "nvidia_com_mig_3g_40gb"},
                [(hour, 2) for hour, _ in hours],
            ),
            # ends early on the third day
            series("kube_pod_info", who | {"node": "a"}, [(hour, 1) for hour, _ in hours[:-1]]),
            series("kube_pod_start_time", who, [(hour, at(0.25)) for hour, _ in hours[:-1]]),
            series(
                "kube_pod_container_resource_requests",
                who | {"node": "a", "container": "main", "resource": "nvidia_com_mig_3g_40gb"},
                [(hour, 1) for hour, _ in hours[:-1]],
            ),
        ]
        for source, named in {"dcgm": results, "kube_state_metrics": kube}.items():
            file = tmp_path / f"{source}.json"
            file.write_text(page(named))
            land(source, [file], settings=one, feed="f", version="1")
        loaded = {
            result.table: (result.loaded, result.rejected) for result in load_pending(one, as_of=datetime(2026, 10, 5))
        }
        assert loaded == {"dcgm_samples": (36, 0), "kube_samples": (42, 0)}
        with duckdb.connect(str(one.build_path)) as con:
            con.execute("set TimeZone = 'UTC'")
            register(con, one)
        found[samples_at_once] = one
    return found


def test_days_at_a_time_are_the_days_at_once(settings):
    built = {samples_at_once: build(one) for samples_at_once, one in settings.items()}
    # two slices and a device, two hours a day of three
    assert len(built[1]["int_gpu_activity_hourly"]) == 18
    assert {len(rows) for rows in (built[1]["int_device_hours"], built[1_000_000]["int_device_hours"])} == {6}
    # what was cut at 23:54 is looked back at by the next day
    assert {model: len(built[1][model]) for model in MODELS[2:]} == {
        "int_pods": 3,
        "int_nodes": 3,
        "int_pod_resource_requests": 3,
        "int_node_geometries": 11,
    }
    assert built[1] == built[1_000_000]
    written = (settings[1].build / "target" / "run" / "ai_finops" / "models" / "intermediate" / "gpu").glob("*.sql")
    inserts = {file.stem: file.read_text().count("insert into") for file in written if file.stem in MODELS}
    # the first statement makes the table; of the fourth day only its look-back is there
    assert inserts == dict.fromkeys(MODELS[:2], 2) | dict.fromkeys(MODELS[2:], 3)

    # two of the days are replaced, each by itself; the third is let be
    with duckdb.connect(str(settings[1].build_path)) as con:
        con.execute(
            "update intermediate.int_gpu_activity_hourly set activity_ratio = -1 where usage_date <> '2026-10-02'"
        )
        con.execute("update intermediate.int_device_hours set mean_power_watts = -1 where usage_date <> '2026-10-02'")
    assert build(settings[1], "2026-10-01,2026-10-03") == built[1]
