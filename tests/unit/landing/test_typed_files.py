"""From rows as they come to Parquet files of one partition each."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.landing import typed_files
from orchestration.landing.typed_files import REJECTED, Placed, batches, place


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def staged(con: duckdb.DuckDBPyConnection, folder: Path, *files: list[tuple[str, str, int]]) -> list[Path]:
    """A staged file for each list of (vendor file, partition, number of rows)."""
    folder.mkdir()
    paths = []
    for held in files:
        paths.append(folder / f"{len(paths)}.parquet")
        rows = " union all ".join(
            f"select '{file}' as _file, '{partition}' as _partition, '{file} ' || i as id from range({count}) t(i)"
            for file, partition, count in held
        )
        con.execute(f"copy ({rows}) to '{paths[-1]}' (format parquet)")
    return paths


def content(con: duckdb.DuckDBPyConnection, placed: Placed) -> list[tuple]:
    """Per placed file: its partitions, its vendor files, its rows."""
    return [
        con.execute(
            f"select list(distinct _partition order by _partition), list(distinct _file order by _file), count(distinct id)"
            f" from read_parquet('{path}', hive_partitioning = false)"
        ).fetchone()
        for path in placed.paths
    ]


def test_large_files_are_typed_alone_small_ones_together():
    assert batches({"a": 5, "b": typed_files.SMALL_BYTES, "c": 6}) == [["b"], ["a", "c"]]
    assert batches({"a": typed_files.SMALL_BYTES}) == [["a"]]


def test_a_file_of_one_partition_is_only_moved(con, tmp_path):
    (path,) = staged(con, tmp_path / "staging", [("x.csv", "d1", 3)])
    inode = path.stat().st_ino
    placed = place(con, [path], tmp_path)
    assert [one.stat().st_ino for one in placed.paths] == [inode]
    assert (placed.accepted, placed.rejected) == ({"x.csv": 3}, {})


def test_rejected_rows_are_counted_and_left_out(con, tmp_path):
    files = staged(con, tmp_path / "staging", [("x.csv", "d1", 3), ("x.csv", REJECTED, 2)], [("y.csv", REJECTED, 4)])
    placed = place(con, files, tmp_path)
    assert content(con, placed) == [(["d1"], ["x.csv"], 3)]
    assert (placed.accepted, placed.rejected) == ({"x.csv": 3}, {"x.csv": 2, "y.csv": 4})


@pytest.mark.parametrize("few", [31, 1], ids=["a copy a partition", "partitioned copy"])
def test_every_file_lies_in_one_partition(con, tmp_path, monkeypatch, few):
    monkeypatch.setattr(typed_files, "FEW_PARTITIONS", few)
    monkeypatch.setattr(typed_files, "WHOLE_ROWS", 100)
    files = staged(
        con,
        tmp_path / "staging",
        [("big", "d1", 150)],
        [("small", "d1", 7)],
        [("two days", "d1", 200), ("two days", "d2", 1), ("two days", REJECTED, 1)],
        [("other", "d2", 9)],
        [("alone", "d3", 1)],
    )
    placed = place(con, files, tmp_path)
    assert sorted(content(con, placed)) == [
        (["d1"], ["big"], 150),
        (["d1"], ["small", "two days"], 207),
        (["d2"], ["other", "two days"], 10),
        (["d3"], ["alone"], 1),
    ]
    assert placed.accepted == {"big": 150, "small": 7, "two days": 201, "other": 9, "alone": 1}


def test_no_row_gives_no_file(con, tmp_path):
    assert place(con, [], tmp_path).paths == []
    assert place(con, staged(con, tmp_path / "staging", [("x.csv", "d1", 0)]), tmp_path).paths == []
