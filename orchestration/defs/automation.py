"""What starts a night, and what says that one died: job, schedule, landing sensor, failure sensor.

Schedule and sensors are off until somebody turns them on: a developer's `dagster dev` must not begin to work by itself.
"""

import hashlib
from collections.abc import Iterator

import dagster as dg

from orchestration import alerts, runs
from orchestration.settings import Settings

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="Load, build the dirty days, judge, publish.",
    tags={"dagster/max_retries": "0"},
)


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Every night at the time of AI_FINOPS_SCHEDULE_CRON, UTC."""
    return dg.ScheduleDefinition(
        name="nightly_schedule",
        job=nightly,
        cron_schedule=settings.schedule_cron,
        execution_timezone="UTC",
        description="Every night; with nothing new it ends in seconds. The time is AI_FINOPS_SCHEDULE_CRON, UTC.",
    )


@dg.sensor(
    name="landing_sensor",
    job=nightly,
    minimum_interval_seconds=60,
    description="Starts a night when something has landed or lies in the inbox; each set of deliveries once.",
)
def landing_sensor() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Start a night when something has landed or lies in the inbox. One request per set of pending deliveries."""
    # The lake's libraries cost seconds; definitions must load without them.
    from orchestration.nightly_loads import land_and_list_pending

    pending = land_and_list_pending(Settings.from_env())
    if not pending:
        yield dg.SkipReason("nothing has landed")
        return
    yield dg.RunRequest(run_key=hashlib.sha256("\n".join(sorted(pending)).encode()).hexdigest()[:16])


@dg.run_failure_sensor(
    name="failure_sensor",
    monitored_jobs=[nightly],
    description="Alerts for a run that could not do so itself: its process died, or it failed before the night began.",
)
def failure_sensor(context: dg.RunFailureSensorContext) -> None:
    """Alert for a run that could not do so itself: its process died, or it failed before the night began."""
    settings = Settings.from_env()
    started = context.instance.get_run_stats(context.dagster_run.run_id).start_time or 0.0
    told = [
        run
        for run in runs.read_runs(settings.home)
        if run["status"] in (runs.REFUSED, runs.FAILED) and runs.epoch(run["started_at"]) >= started - 60
    ]
    if not told:
        alerts.notify(
            settings,
            f"AI FinOps: Dagster run {context.dagster_run.run_id} failed",
            [context.failure_event.message or "no message"],
        )
