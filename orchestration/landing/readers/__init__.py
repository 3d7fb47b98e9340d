"""Readers: one module a file format, each turning one vendor file into a relation of vendor values.

A reader is `read(con, path, table, delivery) -> Reading | None`; None says that the file holds nothing for this table
(a costs page for the usage table). It types nothing and judges nothing but the form of the file: what it cannot read
as a whole it refuses with `FileRefused`, whose message names what to do.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestration.landing.readers import (
    anthropic_pages,
    azure_export,
    cloud_monitoring,
    delimited,
    ecb_history,
    json_lines,
    json_objects,
    langfuse_observations,
    litellm_map,
    mlflow_runs,
    openai_pages,
    opencost,
    otlp_json,
    parquet,
    prometheus,
    tabular,
)
from orchestration.landing.readers.reading import FileRefused, Reading

READERS: dict[str, Callable[..., Reading | None]] = {
    "delimited": delimited.read,
    "csv": delimited.read,
    "parquet": parquet.read,
    "json_lines": json_lines.read,
    "json_objects": json_objects.read,
    "tabular": tabular.read,
    "openai_pages": openai_pages.read,
    "otlp_json": otlp_json.read,
    "ecb_history": ecb_history.read,
    "langfuse_observations": langfuse_observations.read,
    "litellm_map": litellm_map.read,
    "anthropic_pages": anthropic_pages.read,
    "azure_export": azure_export.read,
    "prometheus": prometheus.read,
    "cloud_monitoring": cloud_monitoring.read,
    "opencost": opencost.read,
    "mlflow_runs": mlflow_runs.read,
}

__all__ = ["READERS", "FileRefused", "Reading"]
