"""GPU samples a minute of 1,000 GPUs: written as Prometheus pages, loaded into the lake, reduced to GPU-hours by the project's own models.

`python -m bench.telemetry load` and `reduce DAY…` are what is timed, each in a process of its own on the warehouse of `AI_FINOPS_HOME`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.dbt_project import dbt_environment, dbt_executable, location_args
from orchestration.lake.raw_views import register
from orchestration.landing.deliveries import land
from orchestration.landing.load import load_pending
from orchestration.settings import Settings

GPUS = 1000
GPUS_PER_NODE = 8
STEP_SECONDS = 60
PAGES_PER_DAY = 24
REDUCED = ["+int_gpu_activity_hourly", "+int_device_hours"]


def write_day(folder: Path, day: date) -> list[Path]:
    """Write a day of engine activity, a page an hour, each GPU held by a pod of its node; returns the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    with duckdb.connect() as con:
        for hour in range(PAGES_PER_DAY):
            start = midnight + hour * 3600
            page = folder / f"dcgm-{day:%Y%m%d}-{hour:02}.json"
            # numbers that look measured and are the same each time
            labels = (
                f"json_object('__name__', 'DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'gpu', gpu % {GPUS_PER_NODE} || '', 'UUID', 'GPU-' || gpu, "
                f"'modelName', 'NVIDIA H100 80GB HBM3', 'Hostname', 'node-' || (gpu // {GPUS_PER_NODE}), 'namespace', 'lab', "
                f"'pod', 'job-' || (gpu // {GPUS_PER_NODE}))"
            )
            series = f"""
                select json_object(
                    'metric', {labels},
                    'values', list([observed || '', '0.' || (hash(gpu * 86400 + observed) % 90 + 10)] order by observed)
                ) as one
                from range({GPUS}) as gpus (gpu), range({start}, {start + 3600}, {STEP_SECONDS}) as times (observed)
                group by gpu
            """
            [(body,)] = con.execute(f"select string_agg(cast(one as varchar), ',') from ({series})").fetchall()
            page.write_text(f'{{"status":"success","data":{{"resultType":"matrix","result":[{body}]}}}}')
            pages.append(page)
    return pages


def land_day(settings: Settings, folder: Path, day: date) -> None:
    """Write and land a day; the pages themselves are removed again."""
    pages = write_day(folder, day)
    land("dcgm", pages, settings=settings, feed="fleet", version=day.isoformat())
    for page in pages:
        page.unlink()


def load(settings: Settings) -> None:
    """Load what is landed.

    Raises:
        RuntimeError: If a row of it is not loaded.
    """
    for result in load_pending(settings, as_of=datetime.fromisoformat("2026-12-01")):
        if result.outcome != "loaded" or result.loaded != result.rows_in:
            raise RuntimeError(
                f"{result.table}: {result.outcome}, {result.loaded} of {result.rows_in}: {result.reason}"
            )


def reduce(settings: Settings, days: Sequence[str]) -> None:
    """Reduce the samples of the days to hours of GPUs; all days where none is named."""
    settings.build_path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.build_path)) as con:
        con.execute("set TimeZone = 'UTC'")
        register(con, settings)
    environment = dbt_environment(settings) | {"AI_FINOPS_DIRTY_DAYS": ",".join(days)}
    command = [
        dbt_executable(),
        "--quiet",
        "build",
        "--select",
        *REDUCED,
        "--exclude-resource-type",
        "test",
        "unit_test",
    ]
    subprocess.run(
        [*command, *location_args(settings)], env=os.environ | environment, cwd=settings.project_dir, check=True
    )


def days_from(first: date, count: int) -> list[date]:
    """Successive days."""
    return [first + timedelta(days=step) for step in range(count)]


if __name__ == "__main__":
    verb, *named = sys.argv[1:]
    warehouse = Settings.from_env()
    {"load": lambda: load(warehouse), "reduce": lambda: reduce(warehouse, named)}[verb]()
