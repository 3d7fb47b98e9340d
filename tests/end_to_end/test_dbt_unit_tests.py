"""The dbt unit tests judge code, not data, so no night runs them; here they do, against the columns of a real build."""

from __future__ import annotations

import json
import shutil

from orchestration import dbt_project
from orchestration.settings import Settings


def test_every_dbt_unit_test_passes(week_published, tmp_path):
    # A warehouse of its own, so that dbt's artifacts of the published night stay as they are.
    settings = Settings.from_env(tmp_path)
    settings.build.mkdir(parents=True)
    shutil.copyfile(week_published.settings.build_path, settings.build_path)
    log = tmp_path / "dbt.log"
    code = dbt_project.run_dbt(["test", "--select", "test_type:unit"], settings, log)
    assert code == 0, log.read_text()
    results = json.loads((dbt_project.target_dir(settings) / "run_results.json").read_text())["results"]
    manifest = json.loads((dbt_project.target_dir(settings) / "manifest.json").read_text())
    assert {result["unique_id"] for result in results if result["status"] == "pass"} == set(manifest["unit_tests"])
