"""One small world for all tests: three months, few requests, a sixth of the fleet."""

from __future__ import annotations

import pytest

from orchestration.simulation import World, simulate


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    return simulate(tmp_path_factory.mktemp("world") / "w", seed=11, requests_per_day=60, gpu_scale=0.15)


@pytest.fixture(scope="session")
def delivered(world):
    """`delivered(source, feed)` = the manifest entries of a source, in order of arrival, with absolute paths."""

    def find(source: str, feed: str | None = None) -> list[dict]:
        return [
            {**entry, "paths": [world.manifest.parent / name for name in entry["files"]]}
            for entry in world.deliveries
            if entry["source"] == source and feed in (None, entry["feed"])
        ]

    return find


@pytest.fixture(scope="session")
def truth(world):
    """`truth(table)` = rows of a truth table as dictionaries."""
    import duckdb

    def read(name: str, where: str = "true") -> list[dict]:
        relation = duckdb.sql(f"select * from read_parquet('{world.truth / name}') where {where}")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]

    return read
