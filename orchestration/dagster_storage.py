"""Dagster's event log in SQLite, with one open connection a database.

Dagster's own opens an engine for each of the three statements of an event, so that each is compiled anew, and waits for the disk at
each: a night has some two thousand events, and they took as long as half of dbt's build. What is written is the same, in the
same files. `dagster.yaml` names this class (dagster_run.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

# A database a run: a server that shows runs must not keep each of them open.
OPEN_DATABASES = 8


def _in_a_hurry(connection: object, _: object) -> None:
    """The log that is written ahead keeps a database whole without a wait for the disk at each commit; a power cut may cost the
    last events of a run, which are Dagster's history and nothing that a night depends on.
    """
    connection.execute("pragma synchronous = normal")


class EventLog(SqliteEventLogStorage):
    """Dagster's event log below DAGSTER_HOME."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open it."""
        self._engines: dict[str, Engine] = {}
        self._present: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict:
        """Nothing: it lies where Dagster's own would."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: dict) -> EventLog:
        """As `dagster.yaml` has it."""
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data)

    def has_table(self, table_name: str) -> bool:
        """Whether there is such a table; asked for every check."""
        return self._once_present(f"table {table_name}", lambda: super(EventLog, self).has_table(table_name))

    def has_secondary_index(self, name: str) -> bool:
        """Whether a migration of Dagster's has been done; asked for every asset that is read."""
        return self._once_present(f"index {name}", lambda: super(EventLog, self).has_secondary_index(name))

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        found = super()._has_asset_key_col_on_connection
        return self._once_present(f"column {column_name}", lambda: found(conn, column_name))

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the table of assets has such a column; asked for every materialization."""
        return self._once_present(f"column {column_name}", lambda: super(EventLog, self).has_asset_key_col(column_name))

    def _once_present(self, what: str, look: Callable[[], bool]) -> bool:
        """A schema grows and never shrinks: what was there once is not looked for again."""
        if what not in self._present and look():
            self._present.add(what)
        return what in self._present

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            # Dagster forgets its databases when it removes them.
            if shard not in self._initialized_dbs or shard not in self._engines:
                self._open(shard)
            with self._engines[shard].connect() as connection, connection.begin():
                yield connection

    def _open(self, shard: str) -> None:
        while len(self._engines) >= OPEN_DATABASES or shard in self._engines:
            closed = shard if shard in self._engines else next(iter(self._engines))
            self._engines.pop(closed).dispose()
        engine = create_engine(
            self.conn_string_for_shard(shard),
            # Only the holder of the lock has a connection.
            poolclass=StaticPool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _in_a_hurry)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        self._engines[shard] = engine
