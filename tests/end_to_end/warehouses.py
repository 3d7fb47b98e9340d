"""A warehouse fed by a simulated world, and the comparison of two published files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration import pipeline
from orchestration.landing.manifest import land_manifest
from orchestration.settings import Settings
from orchestration.simulation import World

# What may differ between two runs over the same inputs: run ids and clock times live there, and only there.
RUN_TABLES = {("quality", "gate_results"), ("quality", "load_ledger")}


@dataclass(frozen=True)
class Warehouse:
    """A warehouse and the world that it was fed with."""

    settings: Settings
    world: World

    @property
    def published(self) -> Path:
        return self.settings.published / "current"

    @property
    def marts(self) -> Path:
        return self.published / "marts.duckdb"

    def night(self, as_of: datetime | None = None) -> pipeline.runs.RunRecord:
        return pipeline.run(self.settings, as_of or self.world.timeline.as_of)


def warehouse(home: Path, world: World, *, arrived_by: str | None = None) -> Warehouse:
    """A new warehouse with the world's deliveries landed."""
    settings = Settings.from_env(home)
    land_manifest(world.manifest, settings=settings, arrived_by=arrived_by)
    return Warehouse(settings, world)


def tables_of(path: Path) -> set[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return set(
            con.execute(
                "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
            ).fetchall()
        )


def differences(left: Path, right: Path) -> dict[str, int]:
    """Rows that only one of two published files has, by table; empty when they hold the same."""
    with duckdb.connect() as con:
        con.execute(f"attach '{left}' as a (read_only); attach '{right}' as b (read_only)")
        found = {}
        for schema, name in sorted((tables_of(left) | tables_of(right)) - RUN_TABLES):
            one, other = f"a.{schema}.{name}", f"b.{schema}.{name}"
            [(rows,)] = con.execute(
                f"select count(*) from ((from {one} except all from {other}) union all (from {other} except all from {one}))"
            ).fetchall()
            if rows:
                found[f"{schema}.{name}"] = rows
        return found
