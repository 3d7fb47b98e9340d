"""What the night takes for dbt's account of its build."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration import dbt_project, pipeline, runs
from orchestration.settings import Settings


class DoesNotParse:
    """A dbt that ends before it builds anything."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings, self.log = settings, log

    def build(self, args: list[str], nightly: dict[str, str]) -> int:
        """No account is written."""
        return dbt_project.NOT_PARSED

    def close(self) -> None:
        """Nothing runs."""


def test_a_build_that_ends_without_an_account_is_not_judged_by_the_last_one(tmp_path, monkeypatch):
    settings = Settings.from_env(tmp_path)
    target = dbt_project.target_dir(settings)
    target.mkdir(parents=True)
    (target / "run_results.json").write_text('{"results": []}')
    (target / "manifest.json").write_text('{"nodes": {}}')
    monkeypatch.setattr(dbt_project, "Dbt", DoesNotParse)
    monkeypatch.setattr(pipeline.Night, "plan", lambda night: pipeline.Plan(None, {}, "code", False))

    def built() -> None:
        with pipeline.night(settings) as night:
            night.build()

    with pytest.raises(pipeline.BuildError, match="dbt left no results"):
        built()
    assert runs.read_runs(settings.home)[0]["status"] == runs.REFUSED
