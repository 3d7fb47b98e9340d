"""The Iceberg catalog: tables after the declared schemas, one commit a load, and the commits' summaries read back."""

from __future__ import annotations

import fcntl
import json
import logging
import re
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import In
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table, TableProperties, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)
from sqlalchemy import select

from orchestration.lake.data_files import DataFiles
from orchestration.landing.schema import RawTable, SchemaError
from orchestration.settings import Settings

SUMMARY = "ai-finops.load"
NAMESPACE = "raw"

# Deleting nothing is normal here: the first load of a period replaces nothing.
logging.getLogger("pyiceberg.table").setLevel(logging.ERROR)

_PROPERTIES = {
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "10",
    "write.metadata.compression-codec": "gzip",
    # Every footer has the bounds of its columns; in the manifests, which each night reads whole, those by which files are chosen.
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column._partition": "full",
    "write.metadata.metrics.column._day": "full",
}
_TYPES = {
    "varchar": StringType,
    "bigint": LongType,
    "double": DoubleType,
    "boolean": BooleanType,
    "date": DateType,
    "timestamp": TimestampType,
}


def iceberg_type(data_type: str) -> IcebergType:
    """Iceberg type of a declared type."""
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", data_type)
    return DecimalType(int(decimal[1]), int(decimal[2])) if decimal else _TYPES[data_type]()


class _Transaction(Transaction):
    """pyiceberg's, which derives its metadata anew, all of it copied deeply, each of the 27 times that one commit asks for it;
    here once for each change that is staged.
    """

    _derived: tuple[TableMetadata, tuple, TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        """The table's metadata with the changes that are staged."""
        base, updates = self._table.metadata, self._updates
        if self._derived is None or self._derived[0] is not base or self._derived[1] is not updates:
            self._derived = (base, updates, super().table_metadata)
        return self._derived[2]


class Lake:
    """The raw tables of one warehouse. Tables are created on first use, empty, and follow their declaration."""

    def __init__(self, settings: Settings):
        """Open (and on first use create) the catalog."""
        self.settings = settings
        self.root = settings.lake
        self.root.mkdir(parents=True, exist_ok=True)
        self.catalog = SqlCatalog("lake", uri=settings.lake_catalog_uri, warehouse=f"file://{self.root / 'iceberg'}")
        self.catalog.create_namespace_if_not_exists(NAMESPACE)
        self._open: dict[str, Table] = {}
        self._summaries: dict[str, list[dict]] = {}
        self._files: dict[tuple[str, int], dict[str, list[str]]] = {}
        self._data_files = DataFiles()

    def data_dir(self, table: RawTable) -> Path:
        """Where a table's Parquet files lie, one folder a load."""
        return self.root / "data" / table.name

    def rejects_path(self, table: RawTable, load_id: str) -> Path:
        """Where the rejected rows of a load are kept."""
        return self.root / "rejects" / table.name / f"{load_id}.parquet"

    @contextmanager
    def writing(self) -> Iterable[None]:
        """Hold the lake's one writer's place; a second writer waits. The system frees it when a process dies."""
        with (self.root / ".writer.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._forget_changed()
            yield

    def _forget_changed(self) -> None:
        """Read again what another process has committed to since it was opened; reading all 80 tables takes a second."""
        of_lake = (IcebergTables.catalog_name == self.catalog.name, IcebergTables.table_namespace == NAMESPACE)
        locations = select(IcebergTables.table_name, IcebergTables.metadata_location).where(*of_lake)
        with self.catalog.engine.connect() as connection:
            now = {table_name: location for table_name, location in connection.execute(locations)}
        for table_name, opened in list(self._open.items()):
            if now.get(table_name) != opened.metadata_location:
                del self._open[table_name]
                self._summaries.pop(table_name, None)

    def table(self, table: RawTable) -> Table:
        """The Iceberg table of a declaration, created or extended where needed.

        Raises:
            SchemaError: If a declared type cannot follow from the stored one.
        """
        if table.name not in self._open:
            identifier = f"{NAMESPACE}.{table.name}"
            try:
                opened = self.catalog.load_table(identifier)
            except NoSuchTableError:
                fields = [
                    NestedField(position, column, iceberg_type(data_type), required=False)
                    for position, (column, data_type) in enumerate(table.types.items(), start=1)
                ]
                schema = Schema(*fields)
                spec = PartitionSpec(
                    PartitionField(schema.find_field("_partition").field_id, 1000, IdentityTransform(), "_partition")
                )
                opened = self.catalog.create_table(identifier, schema, partition_spec=spec, properties=_PROPERTIES)
            self._open[table.name] = self._follow(opened, table)
        return self._open[table.name]

    def _follow(self, opened: Table, table: RawTable) -> Table:
        stored = {field.name: field.field_type for field in opened.schema().fields}
        wanted = {column: iceberg_type(data_type) for column, data_type in table.types.items()}
        changed = {column: kind for column, kind in wanted.items() if stored.get(column) != kind}
        retyped = {column: kind for column, kind in changed.items() if column in stored}
        for column, kind in retyped.items():
            if not (
                isinstance(kind, DecimalType)
                and isinstance(stored[column], DecimalType)
                and kind.scale == stored[column].scale
            ):
                raise SchemaError(
                    f"{table.name}.{column} is {stored[column]} in the lake and {kind} in its declaration. "
                    "Give the column a new name; stored files keep their type."
                )
        if changed:
            with opened.update_schema() as update:
                for column, kind in changed.items():
                    if column in stored:
                        update.update_column(column, field_type=kind)
                    else:
                        update.add_column(column, kind)
        return opened

    def summaries(self, table: RawTable) -> list[dict]:
        """The summaries of all loads of a table, oldest first, each with `snapshot_id` and `committed_at` (epoch
        ms).
        """
        if table.name not in self._summaries:
            found = []
            for snapshot in self.table(table).metadata.snapshots:
                packed = (snapshot.summary.additional_properties if snapshot.summary else {}).get(SUMMARY)
                if packed:
                    found.append(
                        json.loads(packed)
                        | {"snapshot_id": snapshot.snapshot_id, "committed_at": snapshot.timestamp_ms}
                    )
            self._summaries[table.name] = found
        return self._summaries[table.name]

    def files(self, table: RawTable, snapshot_id: int | None = None) -> dict[str, list[str]]:
        """Partition to its Parquet files, now or as of a snapshot."""
        opened = self.table(table)
        current = opened.current_snapshot()
        if current is None:
            return {}
        wanted = (table.name, snapshot_id or current.snapshot_id)
        if wanted not in self._files:
            listed: dict[str, list[str]] = {}
            # Not by a scan's plan, which weighs each file against a filter that lets all of them through.
            for manifest in opened.snapshot_by_id(wanted[1]).manifests(opened.io):
                for entry in manifest.fetch_manifest_entry(opened.io):
                    path = entry.data_file.file_path.removeprefix("file://")
                    listed.setdefault(entry.data_file.partition[0], []).append(path)
            self._files[wanted] = {partition: sorted(paths) for partition, paths in sorted(listed.items())}
        return {partition: list(paths) for partition, paths in self._files[wanted].items()}

    def commit(self, table: RawTable, summary: dict, add: Iterable[Path] = (), drop: Iterable[str] = ()) -> None:
        """Commit a load: drop whole partitions, add files and put the load on record, as one atomic step.

        Without files and partitions the commit is empty and only records the load (refused, duplicate).
        """
        opened = self.table(table)
        properties = {SUMMARY: json.dumps(summary, separators=(",", ":"), sort_keys=True)}
        added, dropped = [str(path) for path in add], sorted(drop)
        with _Transaction(opened) as transaction:
            if dropped:
                transaction.delete(In("_partition", dropped))
            properties_now = transaction.table_metadata.properties
            wanted = {key: value for key, value in _PROPERTIES.items() if properties_now.get(key) != value}
            if added and transaction.table_metadata.name_mapping() is None:
                # The files hold no field ids: readers find columns by their names.
                names = transaction.table_metadata.schema().name_mapping.model_dump_json()
                wanted[TableProperties.DEFAULT_NAME_MAPPING] = names
            if wanted:
                transaction.set_properties(wanted)
            snapshot = transaction.update_snapshot(snapshot_properties=properties)
            with snapshot.merge_append() if added else snapshot.fast_append() as append:
                for data_file in self._data_files.of(opened, added):
                    append.append_data_file(data_file)
        self._summaries.pop(table.name, None)
