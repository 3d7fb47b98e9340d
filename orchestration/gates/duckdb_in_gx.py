"""The one line that lets Great Expectations 1.24 read from DuckDB.

GX hands its connection back before it fetches; duckdb-engine's result dies with the connection, and every expectation
fails with `IndexError: list index out of range`. For SQLite and SQL Server GX keeps one connection; this puts DuckDB on
that list. The name is private, so GX is pinned exactly and tests/unit/gates/test_duckdb_in_gx.py fails on the day the
line is not needed.
"""

from __future__ import annotations

from orchestration.gates.lean_gx import gx

sqlalchemy_engine = gx.execution_engine.sqlalchemy_execution_engine


class _Dialect(str):
    """A dialect name that compares and prints like GX's own enumeration."""

    value = property(str)


def keep_one_connection() -> None:
    """Make GX keep one connection per DuckDB datasource; calling it again changes nothing."""
    if "duckdb" not in sqlalchemy_engine._PERSISTED_CONNECTION_DIALECTS:
        sqlalchemy_engine._PERSISTED_CONNECTION_DIALECTS = (
            *sqlalchemy_engine._PERSISTED_CONNECTION_DIALECTS,
            _Dialect("duckdb"),
        )
