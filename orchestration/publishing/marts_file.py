"""marts.duckdb of one version: the last published file with the dirty days replaced, or written anew.

The caller attaches `build` (the build file, read-only) and `marts` (the file being made) to one in-memory connection.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.publishing.catalog import PublishedModel
from orchestration.publishing.columns import columns_of
from orchestration.publishing.history import history_of

# Any DuckDB from 1.2 on opens the file; BI drivers lag behind the pipeline's engine.
STORAGE_VERSION = "v1.2.0"

GATE_RESULTS_DDL = """
create table if not exists marts.quality.gate_results (
    run_id varchar, check_name varchar, kind varchar, scope varchar, severity varchar, status varchar,
    failed_rows bigint, dollars decimal(38, 12), message varchar, evaluated_at timestamp
)
"""


@dataclass(frozen=True)
class Written:
    """What happened to one table: rows it has now, and whether only some days of it were replaced."""

    rows: int
    replaced_days_only: bool


def start_file(path: Path, previous: Path | None) -> None:
    """Copy the previous version's file, or make an empty one that older readers can open."""
    if previous is not None:
        shutil.copyfile(previous, path)
        return
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as marts (storage_version '{STORAGE_VERSION}')")
        connection.execute("detach marts")


def _days_condition(replace_by: str, days: Collection[date]) -> str:
    """Rows of the dirty days, or of their months where the table is kept by month."""
    values = sorted({day.replace(day=1) if replace_by.endswith("_month") else day for day in days})
    return f'"{replace_by}" in ({", ".join(f"date {str(value)!r}" for value in values) or "null"})'


def write_table(connection: duckdb.DuckDBPyConnection, model: PublishedModel, days: Collection[date] | None) -> Written:
    """Bring one table of the marts file up to the build file.

    Args:
        connection: With `build` and `marts` attached.
        model: A table.
        days: Dirty days; None replaces everything.
    """
    build, marts = (columns_of(connection, catalog, model.schema, model.name) for catalog in ("build", "marts"))
    same_shape = list(build.items()) == list(marts.items())
    partial = days is not None and model.replace_by is not None and same_shape
    if partial:
        condition = _days_condition(model.replace_by, days)
        connection.execute(f"delete from marts.{model.relation} where {condition}")
        connection.execute(f"insert into marts.{model.relation} select * from build.{model.relation} where {condition}")
    else:
        connection.execute(f"create or replace table marts.{model.relation} as select * from build.{model.relation}")
    rows = connection.execute(f"select count(*) from marts.{model.relation}").fetchone()[0]
    return Written(rows, partial)


def write_views(connection: duckdb.DuckDBPyConnection, models: Sequence[PublishedModel], parquet: Path) -> None:
    """Make the views of a version: over its own Parquet, and over its own tables."""
    for model in models:
        if model.kind == "parquet":
            folder = parquet / model.schema / model.name
            if next(folder.glob("*/*.parquet"), None) is not None:
                # Folders are named for their days: who asks for a day opens that day's file alone. All files are of one code.
                day = f"hive_partitioning = true, hive_types = {{'{model.replace_by}': date}}"
                query = f"select * from read_parquet('{folder}/*/*.parquet', {day})"
            else:
                types = columns_of(connection, "build", model.schema, model.name)
                columns = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in types.items())
                query = f"select {columns} where false"
            connection.execute(f"create or replace view marts.{model.relation} as {query}")
    connection.execute("use marts")
    for model in models:
        if model.kind == "view":
            connection.execute(f"create or replace view {model.relation} as {model.view_sql}")
    connection.execute("use memory")


def drop_unknown(connection: duckdb.DuckDBPyConnection, models: Sequence[PublishedModel]) -> None:
    """Drop what is no longer published. `quality.gate_results` and histories are this package's own tables and stay."""
    own = {("quality", "gate_results"), *filter(None, map(history_of, models))}
    known = {(model.schema, model.name) for model in models} | own
    for kind in ("view", "table"):
        present = connection.execute(
            f"select schema_name, {kind}_name from duckdb_{kind}s() where database_name = 'marts' and not internal"
        ).fetchall()
        wrong_kind = {(model.schema, model.name) for model in models if (model.kind == "table") != (kind == "table")}
        for schema, name in present:
            if (schema, name) not in known or (schema, name) in wrong_kind:
                connection.execute(f'drop {kind} marts."{schema}"."{name}" cascade')


def write_file(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[PublishedModel],
    *,
    days: Collection[date] | None,
    parquet: Path,
    progress: Callable[[str], None] = lambda message: None,
) -> dict[str, Written]:
    """Write all tables and views; returns what happened to each table by `schema.name`."""
    for schema in sorted({model.schema for model in models} | {"quality"}):
        connection.execute(f'create schema if not exists marts."{schema}"')
    connection.execute(GATE_RESULTS_DDL)
    drop_unknown(connection, models)
    written = {}
    for model in models:
        if model.kind == "table":
            progress(f"publishing {model.schema}.{model.name}")
            written[f"{model.schema}.{model.name}"] = write_table(connection, model, days)
    write_views(connection, models, parquet)
    return written
