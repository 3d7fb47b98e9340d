"""dbt-duckdb plugin: the one thing that the `parquet_days` materialization needs and SQL cannot do, replacing
day folders.

Configured in the profile (`plugins: [{module: orchestration.dbt_plugin}]`). Nothing else belongs here.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin


def replace_day_folders(root: str, column: str, days: str, new_days: str) -> int:
    """Remove `root/column=day/` for each comma-separated ISO day, or every day folder for `*`, and make the new ones.

    Returns the number of folders removed. Folders of other names are left alone.
    """
    names = [f"{column}={day}" for day in days.split(",")] if days != "*" else None
    folders = [Path(root) / name for name in names] if names is not None else list(Path(root).glob(f"{column}=*"))
    existing = [folder for folder in folders if folder.is_dir()]
    for folder in existing:
        shutil.rmtree(folder)
    Path(root).mkdir(parents=True, exist_ok=True)
    for day in filter(None, new_days.split(",")):
        (Path(root) / f"{column}={day}").mkdir()
    return len(existing)


class Plugin(BasePlugin):
    """Registers `replace_day_folders(root, column, days, new_days)` on each connection."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Make the function known; it changes files, so it is never folded away."""
        conn.create_function("replace_day_folders", replace_day_folders, side_effects=True)
