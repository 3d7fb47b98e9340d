"""Files as Iceberg's manifests describe them: the same that pyiceberg says, without asking it for each."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.io import pyarrow as pyiceberg_files

from orchestration.lake import data_files
from orchestration.lake.data_files import DataFiles
from orchestration.landing.schema import load_schemas

HEAD = "id,Time,model,TokenCount\n"


def test_a_file_is_described_as_pyiceberg_does(warehouse, monkeypatch):
    rows = "".join(f"c{day},2026-11-{day:02d}T10:00:00Z,m{day},{day}\n" for day in (1, 2, 3))
    warehouse.deliver("calls", HEAD + rows)
    lake = warehouse.lake
    calls = load_schemas(warehouse.settings.project_dir)["calls"]
    table = lake.table(calls)
    paths = [path for listed in lake.files(calls).values() for path in listed]
    assert len(paths) == 3
    expected = [pyiceberg_files.parquet_file_to_data_file(table.io, table.metadata, path) for path in paths]
    asked = []

    def judged(io, metadata, path):
        asked.append(path)
        return pyiceberg_files.parquet_file_to_data_file(io, metadata, path)

    monkeypatch.setattr(data_files, "parquet_file_to_data_file", judged)
    described = list(DataFiles().of(table, paths))
    assert [str(one) for one in described] == [str(one) for one in expected]
    # only the first of a form is judged by pyiceberg
    assert asked == paths[:1]


def test_a_file_of_another_form_is_refused(warehouse, tmp_path):
    warehouse.deliver("calls", HEAD + "c1,2026-11-01T10:00:00Z,m,1\n")
    lake = warehouse.lake
    calls = load_schemas(warehouse.settings.project_dir)["calls"]
    good = next(path for listed in lake.files(calls).values() for path in listed)
    bad = tmp_path / "bad.parquet"
    table = pq.read_table(good)
    tokens = table.schema.get_field_index("tokens")
    pq.write_table(table.set_column(tokens, "tokens", pa.array(["one"])), bad)
    with pytest.raises(ValueError, match="tokens"):
        list(DataFiles().of(lake.table(calls), [good, str(bad)]))
