"""Months that are over are read from one copy of their day files: the same rows, whatever happens to the files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.lake import month_copies
from orchestration.lake.raw_views import register, select_current
from orchestration.landing.schema import RawTable, load_schemas

HEAD = "id,Time,model,TokenCount\n"
ROWS = "select id, seen_at, model, tokens, _day, _load_id, _file from ({}) order by id"


def deliver(warehouse, *days: str, model: str = "m") -> None:
    warehouse.deliver("calls", HEAD + "".join(f"{day}-{model},{day}T10:00:00Z,{model},1\n" for day in days))


def days(month: str, count: int) -> list[str]:
    return [f"{month}-{day:02d}" for day in range(1, count + 1)]


def calls(warehouse) -> RawTable:
    return load_schemas(warehouse.settings.project_dir)["calls"]


def both(warehouse) -> tuple[list[tuple], list[tuple], list[Path]]:
    """Rows from the lake's files; from copies, made first; and the copies that there are."""
    lake, table = warehouse.lake, calls(warehouse)
    with duckdb.connect() as con:
        month_copies.make(con, lake, [table])
        plain = con.execute(ROWS.format(select_current(con, lake, table))).fetchall()
        copied = con.execute(ROWS.format(select_current(con, lake, table, copies=True))).fetchall()
    return plain, copied, sorted((lake.root / "month_copies" / "calls").glob("*"))


def test_a_month_that_is_over_is_read_from_one_file(warehouse):
    deliver(warehouse, *days("2026-08", 9))
    deliver(warehouse, *days("2026-09", 3), *days("2026-10", 12))
    lake, table = warehouse.lake, calls(warehouse)
    plain, copied, copies = both(warehouse)
    assert copied == plain
    assert len(plain) == 24
    # August. September has few files, October still grows.
    assert [copy.name[:7] for copy in copies] == ["2026-08"]
    with duckdb.connect() as con:
        listed = select_current(con, lake, table, copies=True)
        assert con.execute(f"select count(*) from read_parquet('{copies[0]}')").fetchall() == [(9,)]
    assert listed.count(".parquet") == 1 + 3 + 12


def test_a_row_that_comes_late_is_not_missed(warehouse):
    deliver(warehouse, *days("2026-08", 9), "2026-10-01")
    (before,) = both(warehouse)[2]
    deliver(warehouse, "2026-08-04", model="late")
    with duckdb.connect() as con:
        # Before another copy is made, the files themselves are read.
        rows = con.execute(ROWS.format(select_current(con, warehouse.lake, calls(warehouse), copies=True))).fetchall()
    assert len(rows) == 11
    plain, copied, copies = both(warehouse)
    assert copied == plain == rows
    assert len(copies) == 1
    assert copies[0] != before


def test_files_of_an_older_declaration_are_copied_in_the_present_one(warehouse):
    deliver(warehouse, *days("2026-08", 9))
    path = next(warehouse.settings.project_dir.glob("models/staging/*/*.yml"))
    column = "- {name: model, data_type: varchar}"
    path.write_text(
        path.read_text().replace(column, f"{column}\n          - {{name: price, data_type: 'decimal(18,4)'}}")
    )
    warehouse.deliver("calls", "id,Time,TokenCount,price\nz,2026-10-02T00:00:00Z,1,2.5\n")
    plain, copied, copies = both(warehouse)
    assert copied == plain
    assert len(copies) == 1
    with duckdb.connect() as con:
        rows = select_current(con, warehouse.lake, calls(warehouse), copies=True)
        found = con.execute(f"select typeof(price), count(*), count(price) from ({rows}) group by all").fetchall()
    assert found == [("DECIMAL(18,4)", 10, 1)]


def test_large_files_are_not_copied(warehouse, monkeypatch):
    deliver(warehouse, *days("2026-08", 9), "2026-10-01")
    monkeypatch.setattr(month_copies, "LARGEST_AVERAGE_BYTES", 10)
    plain, copied, copies = both(warehouse)
    assert copied == plain
    assert not copies


def test_only_the_file_of_the_one_writer_reads_copies(warehouse):
    deliver(warehouse, *days("2026-08", 9), "2026-10-01")
    both(warehouse)
    with duckdb.connect() as con:
        for asked, expected in ((False, False), (True, True)):
            register(con, warehouse.settings, as_of=datetime(2026, 11, 15), copies=asked)
            (text,) = con.execute("select sql from duckdb_views() where view_name = 'calls'").fetchone()
            assert ("month_copies" in text) is expected
