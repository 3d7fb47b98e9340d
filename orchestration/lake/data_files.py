"""Parquet files as Iceberg's manifests describe them: partition, rows, bounds of columns, all from the file's footer.

pyiceberg's `add_files` does the same, and works out anew for each file what is the table's, and whether the file's form fits it:
8 ms a file, where reading a footer takes less than one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_file_to_data_file,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table


class DataFiles:
    """Describes files of one lake's tables; remembers which forms pyiceberg has found to fit a table."""

    def __init__(self) -> None:
        """Know no form yet."""
        self._fitting: dict[tuple[str, int], list[pa.Schema]] = {}

    def of(self, table: Table, paths: Iterable[str]) -> Iterator[DataFile]:
        """One description per file.

        Args:
            table: The Iceberg table that the files are for.
            paths: Parquet files, each of one partition.

        Raises:
            ValueError: If a file's columns do not fit the table's; the message is pyiceberg's.
        """
        metadata, schema = table.metadata, table.schema()
        fitting = self._fitting.setdefault((str(metadata.table_uuid), schema.schema_id), [])
        plan, ids = compute_statistics_plan(schema, metadata.properties), parquet_path_to_id_mapping(schema)
        for path in paths:
            footer = pq.read_metadata(path)
            form = footer.schema.to_arrow_schema()
            if form not in fitting:
                yield parquet_file_to_data_file(table.io, metadata, path)
                fitting.append(form)
                continue
            statistics = data_file_statistics_from_parquet_metadata(
                parquet_metadata=footer, stats_columns=plan, parquet_column_mapping=ids
            )
            yield DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=path,
                file_format=FileFormat.PARQUET,
                partition=statistics.partition(metadata.spec(), schema),
                file_size_in_bytes=os.stat(path).st_size,
                sort_order_id=None,
                spec_id=metadata.default_spec_id,
                equality_ids=None,
                key_metadata=None,
                **statistics.to_serialized_dict(),
            )
