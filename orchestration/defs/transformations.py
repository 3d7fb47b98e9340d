"""The dbt project as assets, grouped by layer and source or domain; dbt tests are asset checks, blocking where severity
is error.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import metadata
from itertools import takewhile
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from packaging.version import Version

from orchestration import dbt_project
from orchestration.defs.resources import NightResource, progress_log, shown_days
from orchestration.settings import Settings


def group_of(resource_type: str, path: str) -> str:
    """Group of a node from its folder: `staging_slurm`, `focus`, `intermediate_gpu`, `marts_core`, `seeds`."""
    if resource_type == "seed":
        return "seeds"
    return "_".join(Path(path).parts[:-1])


def check_description(test: Mapping[str, Any]) -> str:
    """What a dbt test claims: its description; else the generic test and its arguments; else the comment that its SQL
    opens with.
    """
    if test.get("description"):
        return test["description"]
    if generic := test.get("test_metadata"):
        arguments = [
            f"{name} {', '.join(value) if isinstance(value, list) else value}".removeprefix("column_name ")
            for name, value in generic["kwargs"].items()
            if name != "model"
        ]
        return f"{generic['name'].replace('_', ' ')}: {'; '.join(arguments)}"
    lines = (line for line in test["raw_code"].splitlines() if line.strip() and not line.startswith("{{ config("))
    return " ".join(line.removeprefix("--").strip() for line in takewhile(lambda line: line.startswith("--"), lines))


class Translator(DagsterDbtTranslator):
    """dbt's names as Dagster shows them."""

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description, and a model's SQL. A seed has none to show."""
        if dbt_resource_props["resource_type"] == "seed":
            return dbt_resource_props["description"]
        return super().get_description(dbt_resource_props)

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """A dbt test as a check that says what it claims."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=check_description(manifest["nodes"][unique_id]))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Group by layer and domain."""
        return group_of(dbt_resource_props["resource_type"], dbt_resource_props["path"])

    def get_code_version(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Checksum of the node's text; Dagster marks what was built from other code."""
        return dbt_resource_props.get("checksum", {}).get("checksum") or super().get_code_version(dbt_resource_props)


def dbt_resource(settings: Settings) -> DbtCliResource:
    """dbt as the pipeline runs it: target `pipeline`, its own profile folder."""
    return DbtCliResource(
        project_dir=str(settings.project_dir),
        profiles_dir=str(dbt_project.profiles_dir(settings)),
        target=dbt_project.TARGET,
        dbt_executable=dbt_project.dbt_executable(),
    )


def transformation_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """All models and seeds. With nothing dirty the step yields nothing, dbt is not started, and what follows is
    skipped.
    """
    translator = Translator(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=False))

    @dbt_assets(manifest=manifest, name="build_models", dagster_dbt_translator=translator)
    def build_models(context: dg.AssetExecutionContext, dbt: DbtCliResource, night: NightResource) -> Iterator[Any]:
        """Build and test the dirty days."""
        this = night.current
        plan = this.plan()
        if plan.nothing:
            context.log.info("nothing is dirty: dbt is not started")
            return
        # dbt reads its paths from the environment; the resource hands this process's environment on.
        build = this.dbt_build()
        os.environ.update(dbt_project.dbt_environment(this.settings) | build.environment)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        target = dbt_project.target_dir(this.settings)
        with this.record.stage("dbt build", this.progress):
            if context.is_subset or this.dbt is None:
                # What was asked for in Dagster is selected there, views of the frame among it.
                asked = replace(build, on_frame=False)
                invocation = dbt.cli(asked.args, context=context, target_path=target, raise_on_error=False)
            else:
                # dbt has been waiting since the loads began; the resource would start another one, and a third for its version.
                this.dbt.begin(build.args, build.environment)
                invocation = DbtCliInvocation(
                    process=this.dbt.process, manifest=manifest, dagster_dbt_translator=translator,
                    project_dir=this.settings.project_dir, target_path=target, raise_on_error=False,
                    cli_version=Version(metadata.version("dbt-core")), context=context,
                )  # fmt: skip
            for event in invocation.stream():
                if isinstance(event, dg.Output):
                    # Dagster records the model itself: a line in its log besides would be one commit more.
                    progress_log.info("dbt: %s", event.output_name)
                    event = event.with_metadata({**event.metadata, "dirty_days": shown_days(plan.days)})
                yield event
        this.built(target, complete=not context.is_subset)

    return build_models
