"""Worlds and nights for the end-to-end tests. A night costs most of a minute, so worlds are built once a session and shared."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from warehouses import Warehouse, warehouse

from orchestration.simulation import World, simulate


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Warehouse:
    """Three months of the demo company, small, published."""
    world = simulate(tmp_path_factory.mktemp("demo") / "world", requests_per_day=150, gpu_scale=0.25)
    built = warehouse(tmp_path_factory.mktemp("demo-warehouse"), world)
    assert built.night().version
    return built


@pytest.fixture(scope="session")
def week(tmp_path_factory) -> World:
    """One week of one open month: small enough for tests that need several nights."""
    as_of = datetime(2026, 10, 8, 6, tzinfo=UTC)
    return simulate(
        tmp_path_factory.mktemp("week") / "world", months=1, as_of=as_of, requests_per_day=150, gpu_scale=0.1
    )


@pytest.fixture(scope="session")
def week_published(week, tmp_path_factory) -> Warehouse:
    """The week, landed at once and published by one undisturbed night."""
    built = warehouse(tmp_path_factory.mktemp("week-warehouse"), week)
    assert built.night().version
    return built
