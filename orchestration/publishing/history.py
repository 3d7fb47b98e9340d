"""What was published when: the earlier states of a mart, kept beside it with the period in which each was what readers saw.

A mart asks for it by `meta.history` (`name`, `key`, `values`). Its history is a table of marts.duckdb, carried from version
to version, so that it needs neither the lake's snapshots nor the build file. A night that publishes nothing leaves nothing in
it. Time of knowledge is the run's clock.

Columns: the key; the values; `previous_<value>`, as readers saw it before (NULL where the key is new); `known_from`, `known_to`
(exclusive; NULL while it holds). What a mart no longer has stays as a row whose numbers are 0.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.publishing.catalog import PublishedModel
from orchestration.publishing.columns import columns_of


def history_of(model: PublishedModel) -> tuple[str, str] | None:
    """Schema and name of a model's history, if it keeps one."""
    return (model.schema, model.history["name"]) if model.history else None


def carry_over(connection: duckdb.DuckDBPyConnection, models: Sequence[PublishedModel], previous: Path) -> None:
    """Copy the histories of the last version into a file that is written anew."""
    connection.execute(f"attach '{previous}' as previous (read_only)")
    for schema, name in filter(None, map(history_of, models)):
        if columns_of(connection, "previous", schema, name):
            connection.execute(f'create table marts."{schema}"."{name}" as select * from previous."{schema}"."{name}"')
    connection.execute("detach previous")


def record(
    connection: duckdb.DuckDBPyConnection, model: PublishedModel, days: Collection[date] | None, as_of: datetime
) -> None:
    """Close what has changed in a mart and add what holds from now on.

    A run with the same clock as an earlier one, or an older one, takes the place of what that one said of its days.

    Args:
        connection: With `build` and `marts` attached.
        model: A mart with a history.
        days: Days in which it can have changed; None for all.
        as_of: The run's clock, naive UTC.
    """
    schema, name = history_of(model)
    table = f'marts."{schema}"."{name}"'
    key, values = model.history["key"], model.history["values"]
    types = columns_of(connection, "build", model.schema, model.name)
    kept = columns_of(connection, "marts", schema, name)
    if not kept:
        days = None
        columns = [f'"{column}" {types[column]}' for column in [*key, *values]]
        columns += [f'"previous_{column}" {types[column]}' for column in values]
        connection.execute(f"create table {table} ({', '.join(columns)}, known_from timestamp, known_to timestamp)")
    for column in values if kept else ():
        if column not in kept:
            connection.execute(f'alter table {table} add column "{column}" {types[column]}')
            connection.execute(f'alter table {table} add column "previous_{column}" {types[column]}')
    touched = "true"
    if days is not None:
        touched = f'"{model.replace_by}" in ({", ".join(f"date {str(day)!r}" for day in sorted(days)) or "null"})'
    clock = f"timestamp '{as_of}'"
    connection.execute(f"delete from {table} where {touched} and known_from >= {clock}")
    connection.execute(f"update {table} set known_to = null where {touched} and known_to >= {clock}")

    same = " and ".join(f'new."{column}" = old."{column}"' for column in key)
    gone = {column: f'old."{column}"' if types[column] == "VARCHAR" else "0" for column in values}
    now = {column: f'case when new."{key[0]}" is null then {gone[column]} else new."{column}" end' for column in values}
    selected = [f'coalesce(new."{column}", old."{column}") as "{column}"' for column in key]
    selected += [f'{now[column]} as "{column}"' for column in values]
    selected += [f'old."{column}" as "previous_{column}"' for column in values]
    changed = " or ".join(f'({now[column]}) is distinct from old."{column}"' for column in values)
    connection.execute(
        f"""
        create or replace temp table changed as
        select {", ".join(selected)}, {clock} as known_from, cast(null as timestamp) as known_to
        from (select * from build.{model.relation} where {touched}) as new
        full outer join (select * from {table} where {touched} and known_to is null) as old on {same}
        where {changed}
        """
    )
    same = " and ".join(f'kept."{column}" = changed."{column}"' for column in key)
    connection.execute(
        f"update {table} as kept set known_to = changed.known_from from changed where kept.known_to is null and {same}"
    )
    connection.execute(f"insert into {table} by name select * from changed")
    connection.execute("drop table changed")
