"""Dagster's entry point. Assembles `orchestration/defs`; loads without network, secret or database.

What does not belong here: anything that does work. The dbt manifest is parsed when it is missing or older than the
models.
"""

from __future__ import annotations

import json

import dagster as dg

from orchestration.dbt_parse import Parse
from orchestration.defs.automation import failure_sensor, landing_sensor, nightly, nightly_schedule
from orchestration.defs.published import published_asset
from orchestration.defs.raw import raw_assets
from orchestration.defs.resources import NightResource
from orchestration.defs.transformations import dbt_resource, transformation_assets
from orchestration.settings import Settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions of one warehouse."""
    manifest = json.loads(Parse(settings).manifest().read_text())
    models = transformation_assets(manifest)
    marts = sorted(spec.key for spec in models.specs if (spec.group_name or "").startswith("marts_"))
    return dg.Definitions(
        assets=[raw_assets(manifest), models, published_asset(marts)],
        jobs=[nightly],
        schedules=[nightly_schedule(settings)],
        sensors=[landing_sensor, failure_sensor],
        resources={"night": NightResource(), "dbt": dbt_resource(settings)},
        # Every other process would import Dagster and dbt again, and DuckDB has one writer.
        executor=dg.in_process_executor,
    )


defs = build_definitions(Settings.from_env())
