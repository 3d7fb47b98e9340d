"""The declared schema of each raw table, read from `models/staging/<source>/_<source>__sources.yml`.

One YAML feeds the loader, the Iceberg table, Great Expectations and dbt; docs/architecture.md describes its keys.
Beyond those:

* `options.nulls` (or `null_values`): texts that mean "no value" in columns of any type.
* `options.drop`: vendor fields that must never reach the lake (prompt texts).
* `shared_span` (bills): SQL, true for rows whose split over a span has one total, so that a change on any day of the span makes
  all of its days dirty (default: every row with a span). False for rows that are placed evenly: there each day is by itself.
* `binds_months` (reference data): SQL, true for rows that make each calendar month in which they hold one whole, so that a change on
  any day of the month makes all of its days dirty.
* `fills_days: true` (reference data): a row is a cost of its own on every day on which it holds, so those days exist even where nothing
  else was delivered for them.
* `keeps_versions: true` (snapshots): a delivery stands beside the earlier ones of its feed instead of taking their place, so that models
  can say what was known when (`_version`). Models choose; nothing may read such a table without choosing.
* `key_across_days: true`: a key may come again under another day; duplicates are then sought in the whole table, not
  only in the partitions that a load touches.
* `bill: true|false`: whether a day before the feed's completeness mark counts as billed (default: `replace_period` and
  `trailing_window` tables with `amounts`); `completeness_lag_days` (default 1): how many of the newest days are still
  filling.
* `currency` (bills): SQL over the typed columns, the currency of the row's amounts; what a load restates is kept by currency.
* `billed` (bills): SQL over the typed columns, what a row is billed where that is no amount column by itself; may look at the other rows
  of the load (a window). What a load restates is summed by it, too.
* A table without `load:` is not loaded from files (`load_ledger`, `load_rejects`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import yaml

RESTATEMENTS = ("append", "replace_period", "trailing_window", "snapshot")

# Columns that every raw table has behind the declared ones.
SYSTEM_COLUMNS = {
    "_feed": "varchar",
    "_load_id": "varchar",
    "_file": "varchar",
    "_partition": "varchar",
    "_day": "date",
    "_version": "varchar",
    "_extra": "varchar",
}


class SchemaError(ValueError):
    """A sources.yml declares something that the loader cannot do; the message names file, table and key."""


@dataclass(frozen=True)
class Column:
    """One declared column.

    Attributes:
        name: Column of the raw table.
        data_type: varchar, bigint, double, boolean, date, timestamp or decimal(p,s), lower case without spaces.
        origins: Where its value is found: the name itself, then the `from` entries. `$.a.b` is a JSON path, `label:x`
            a label of a Prometheus series, anything else a header.
        required: Whether a file without the column is refused, and a row without a value rejected.
        unless: SQL over the typed row, true where a required column may be without a value.
    """

    name: str
    data_type: str
    origins: tuple[str, ...]
    required: bool = False
    unless: str | None = None
    check: str | None = None
    min: float | int | None = None
    max: float | int | None = None


@dataclass(frozen=True)
class RawTable:
    """One raw table: what it holds, how its files are read and how a new delivery changes it."""

    name: str
    source: str
    columns: tuple[Column, ...]
    reader: str
    restatement: str
    options: dict = field(default_factory=dict)
    files: tuple[str, ...] = ("*",)
    day: str | None = None
    span_end: str | None = None
    shared_span: str | None = None
    binds_months: str | None = None
    fills_days: bool = False
    keeps_versions: bool = False
    partition: str | None = None
    key: tuple[str, ...] = ()
    key_across_days: bool = False
    version: str | None = None
    maps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    amounts: tuple[str, ...] = ()
    currency: str | None = None
    billed: str | None = None
    fingerprint_except: tuple[str, ...] = ()
    max_reject_ratio: float = 0.01
    cadence_hours: float | None = None
    bill: bool = False
    completeness_lag_days: int = 1
    meta: dict = field(default_factory=dict, compare=False)
    path: Path | None = None

    @property
    def types(self) -> dict[str, str]:
        """Column name to type, declared columns first, then the system columns; the order in every Parquet file."""
        return {column.name: column.data_type for column in self.columns} | SYSTEM_COLUMNS

    @property
    def schema_hash(self) -> str:
        """Changes when a column is added, dropped, renamed or retyped."""
        return hashlib.sha256(json.dumps(list(self.types.items())).encode()).hexdigest()[:12]

    @property
    def is_partitioned_by_day(self) -> bool:
        """Whether a partition never holds rows of two days."""
        return self.restatement == "trailing_window" or (self.restatement == "append" and self.partition is None)

    @property
    def is_dated(self) -> bool:
        """Whether rows say themselves when they hold (`valid_from`, `valid_to`)."""
        return {"valid_from", "valid_to"} <= {column.name for column in self.columns}

    def takes(self, file_name: str) -> bool:
        """Whether a file of a delivery feeds this table, by name."""
        return any(fnmatch(file_name.lower(), pattern.lower()) for pattern in self.files)


def _type(text: str) -> str:
    aliases = {"string": "varchar", "text": "varchar", "int": "bigint", "integer": "bigint", "float": "double"}
    plain = text.lower().replace(" ", "")
    return aliases.get(plain, plain)


def _column(entry: dict, where: str) -> Column:
    meta = (entry.get("config") or {}).get("meta") or {}
    data_type = _type(str(entry.get("data_type", "")))
    known = ("varchar", "bigint", "double", "boolean", "date", "timestamp")
    if data_type not in known and not data_type.startswith("decimal("):
        raise SchemaError(
            f"{where}: column {entry['name']} has the type `{data_type}`; the loader knows {', '.join(known)}, "
            f"decimal(p,s)"
        )
    origins = tuple(dict.fromkeys([*(str(name) for name in meta.get("from") or ()), entry["name"]]))
    return Column(
        name=entry["name"],
        data_type=data_type,
        origins=(entry["name"], *[name for name in origins if name != entry["name"]]),
        required=bool(meta.get("required")),
        unless=meta.get("unless"),
        check=meta.get("check"),
        min=meta.get("min"),
        max=meta.get("max"),
    )


def _table(source: str, entry: dict, path: Path) -> RawTable | None:
    meta = (entry.get("config") or {}).get("meta") or {}
    load = meta.get("load")
    if not load:
        return None
    where = f"{path.name}: {entry['name']}"
    if load.get("restatement") not in RESTATEMENTS:
        raise SchemaError(
            f"{where}: restatement is `{load.get('restatement')}`, must be one of {', '.join(RESTATEMENTS)}"
        )
    if load["restatement"] == "replace_period" and not load.get("partition"):
        raise SchemaError(
            f"{where}: replace_period needs `partition`, what a delivery replaces (account and billing month)"
        )
    if load["restatement"] in ("append", "trailing_window") and not load.get("day"):
        raise SchemaError(f"{where}: {load['restatement']} needs `day`")
    columns = tuple(_column(column, where) for column in entry.get("columns") or ())
    names = {column.name for column in columns}
    listed = [*load.get("key", ()), *load.get("amounts", ()), *load.get("fingerprint_except", ())]
    unknown = sorted(set(listed) - names)
    if unknown:
        raise SchemaError(
            f"{where}: key, amounts or fingerprint_except name columns that are not declared: {', '.join(unknown)}"
        )
    amounts = tuple(load.get("amounts", ()))
    return RawTable(
        name=entry["name"],
        source=source,
        columns=columns,
        reader=load["reader"],
        restatement=load["restatement"],
        options=load.get("options") or {},
        files=tuple(load.get("files") or ("*",)),
        day=load.get("day"),
        span_end=load.get("span_end"),
        shared_span=load.get("shared_span"),
        binds_months=load.get("binds_months"),
        fills_days=bool(load.get("fills_days")),
        keeps_versions=bool(load.get("keeps_versions")),
        partition=load.get("partition"),
        key=tuple(load.get("key", ())),
        key_across_days=bool(load.get("key_across_days")),
        version=load.get("version"),
        maps={name: tuple(prefixes) for name, prefixes in (load.get("maps") or {}).items()},
        amounts=amounts,
        currency=load.get("currency"),
        billed=load.get("billed"),
        fingerprint_except=tuple(load.get("fingerprint_except", ())),
        max_reject_ratio=float(load.get("max_reject_ratio", 0.01)),
        cadence_hours=load.get("cadence_hours"),
        bill=bool(load.get("bill", bool(amounts) and load["restatement"] in ("replace_period", "trailing_window"))),
        completeness_lag_days=int(load.get("completeness_lag_days", 1)),
        meta=load,
        path=path,
    )


@lru_cache(maxsize=256)
def _tables_of(path: Path, changed_ns: int, size: int) -> tuple[RawTable, ...]:
    """The tables of one file. Kept while its time of change and size stand: a run asks dozens of times."""
    # The parser in C where there is one: ten times as fast, the same documents.
    document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    tables = (
        _table(source["name"], entry, path)
        for source in document.get("sources") or ()
        for entry in source.get("tables") or ()
    )
    return tuple(table for table in tables if table is not None)


def load_schemas(project_dir: Path) -> dict[str, RawTable]:
    """Return every loadable raw table of the project by name, in a fixed order.

    Raises:
        SchemaError: If a declaration is unknown or contradicts itself, or two sources declare one table name.
    """
    tables: dict[str, RawTable] = {}
    for path in sorted(Path(project_dir).glob("models/staging/*/_*__sources.yml")):
        status = path.stat()
        for table in _tables_of(path, status.st_mtime_ns, status.st_size):
            if table.name in tables:
                raise SchemaError(
                    f"{path.name}: raw table {table.name} is declared twice, first in {tables[table.name].path}"
                )
            tables[table.name] = table
    return tables
