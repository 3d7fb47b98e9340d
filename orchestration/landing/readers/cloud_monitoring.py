"""Google Cloud Monitoring: pages of `projects.timeSeries.list`, or the array that gcloud prints. One row per series and point.

Origins: `$.series.…` is a path into the time series without its points, `$.point.…` into the point, `$.labels` the labels of metric and
resource together.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import Reading, form_of, refuse_unless, text
from orchestration.landing.readers.records import matched
from orchestration.landing.schema import RawTable

_SERIES = "STRUCT(metric JSON, resource JSON, metadata JSON, points JSON[])[]"


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one page."""
    form = form_of(path)
    refuse_unless(form, ("json", "json_array"), "A page of timeSeries.list")
    options = (
        f"maximum_object_size={max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)}, "
        f"compression='{'gzip' if is_gzip(path) else 'none'}'"
    )
    if form == "json":
        scan = f"read_json({text(path)}, format='unstructured', columns={{timeSeries: '{_SERIES}'}}, {options})"
        series = f"select unnest(timeSeries) as s from {scan}"
    else:
        fields = "metric: 'JSON', resource: 'JSON', metadata: 'JSON', points: 'JSON[]'"
        scan = f"read_json({text(path)}, format='array', columns={{{fields}}}, {options})"
        series = f"select {{metric: metric, resource: resource, metadata: metadata, points: points}} as s from {scan}"
    labels = "json_object('metric', s.metric -> '$.labels', 'resource', s.resource -> '$.labels')"
    head = "json_object('metric', s.metric, 'resource', s.resource, 'metadata', s.metadata)"
    records = (
        f"select json_object('series', {head}, 'labels', {labels}, 'point', point) as r "
        f"from (select s, unnest(s.points) as point from ({series}))"
    )
    return matched(records, table, delivery)
