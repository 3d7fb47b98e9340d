"""What a reader returns, and what readers share: matching headers to declared columns, sniffing content, quoting
SQL.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from orchestration.landing.deliveries import Delivery
from orchestration.landing.schema import RawTable

HEAD_BYTES = 65_536
# About how much larger the text of a Parquet or gzip file is.
PACKED_TIMES = 10
# Column of a relation that holds the path of the row's file.
FILE_COLUMN = "__file"


class FileRefused(ValueError):
    """A file cannot be read as a whole; the message says why and what to do (the loader adds the file's name)."""


@dataclass
class Reading:
    """One vendor file as a relation.

    Attributes:
        sql: A SELECT with one row per record. Streamed with `preserve_insertion_order` its rows come in file order.
        found: Declared column to the (SQL expression, DuckDB type) pairs that give its value, in order of preference.
        extra: Vendor name to SQL expression of the columns that nobody declared.
        maps: Declared map column to {key: SQL expression}.
        assumptions: Declared column to the constant that the delivery's mapping gives it.
        headers: Every column of the file, for messages.
        first_row: Number of the first record as people count (2 after a header line).
        row: SQL expression of the record's number where the relation knows it.
        broken: SELECT of the records that could not be split into columns (row_number, reason, value); filled by
            running `sql`.
        covered_days: Days that the file speaks for even where it has no rows (buckets of a window).
        warnings: What the vendor or the reader wants people to know.
        unseen: Declared columns that are read although no sampled record has them.
        file: The file's path as `sql` has it, where a list of such files may stand in its place; the relation then has
            FILE_COLUMN.
    """

    sql: str
    found: dict[str, list[tuple[str, str]]]
    extra: dict[str, str] = field(default_factory=dict)
    maps: dict[str, dict[str, str]] = field(default_factory=dict)
    assumptions: dict[str, str] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    first_row: int = 1
    row: str | None = None
    broken: str | None = None
    covered_days: set[date] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    file: str | None = None

    @property
    def form(self) -> str:
        """Equal for readings that differ in nothing but their file."""
        sql = self.sql.replace(self.file, "") if self.file else self.sql
        return repr((sql, self.found, self.extra, self.maps, self.assumptions))


def joined(readings: Sequence[Reading]) -> Reading:
    """One reading of several of the same form: planning a statement takes longer than reading a small file."""
    first = readings[0]
    files = f"[{', '.join(str(reading.file) for reading in readings)}]"
    return replace(first, sql=first.sql.replace(first.file, files))


def name(identifier: str) -> str:
    """Quote an SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: object) -> str:
    """Quote an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def head_of(path: Path) -> bytes:
    """First bytes of the file, unpacked if gzip.

    Raises:
        FileRefused: If the file is empty or a broken gzip.
    """
    with path.open("rb") as stream:
        start = stream.read(HEAD_BYTES)
    if not start:
        raise FileRefused("the file is empty (0 bytes). Deliver it again; nothing was changed")
    if start[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path) as stream:
                start = stream.read(HEAD_BYTES)
        except (OSError, EOFError) as error:
            raise FileRefused(f"the gzip file is broken or cut off ({error}). Deliver it again") from error
        if not start:
            raise FileRefused("the gzip file holds nothing. Deliver it again; nothing was changed")
    if start[:4] == b"PK\x03\x04":
        raise FileRefused("this is a ZIP archive. Unpack it and land its files")
    return start


def unpacked_bytes(path: Path) -> int:
    """About how many bytes of text a file holds."""
    with path.open("rb") as stream:
        is_packed = stream.read(4).startswith((b"PAR1", b"\x1f\x8b"))
    return path.stat().st_size * (PACKED_TIMES if is_packed else 1)


def form_of(path: Path) -> str:
    """What the content looks like: parquet, json (lines or pages), json_array, html, binary or text."""
    head = head_of(path)
    if head[:4] == b"PAR1":
        return "parquet"
    if path.suffix == ".parquet":
        return "parquet"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    low = start[:512].lower()
    if low.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "html"
    if b"\x00" in head:
        return "binary"
    if start[:1] == b"{":
        return "json"
    if start[:1] == b"[":
        return "json_array"
    return "text"


def refuse_unless(form: str, allowed: Iterable[str], wanted: str) -> None:
    """Refuse a file whose content is not what the reader reads, in words that say what it is."""
    if form in allowed:
        return
    what = {
        "html": "an HTML or XML page (often a login or error page saved in place of the export)",
        "binary": "binary data",
        "parquet": "Parquet",
        "json": "JSON",
        "json_array": "a JSON array",
        "text": "plain text",
    }[form]
    raise FileRefused(f"{wanted} is expected, this is {what}. Download the export again and land that")


def nulls_of(table: RawTable) -> list[str]:
    """Texts that mean "no value" in this table."""
    return [
        str(value) for value in (*table.options.get("nulls", ()), *table.options.get("null_values", ())) if value != ""
    ]


def split_path(origin: str) -> tuple[str, str]:
    """`$.base.rest` -> (`base`, `$.rest`); the base may be quoted."""
    rest = origin[2:]
    if rest.startswith('"'):
        base, _, tail = rest[1:].partition('"')
    else:
        base = rest.split(".", 1)[0].split("[", 1)[0]
        tail = rest[len(base) :]
    return base, "$" + tail


def match(
    available: dict[str, str],
    table: RawTable,
    delivery: Delivery,
    *,
    paths: dict[str, str] | None = None,
    expressions: dict[str, str] | None = None,
    relation: str,
    **rest: object,
) -> Reading:
    """Match a file's columns to the declared ones: exact, then without regard to case, on the name and its `from`
    entries.

    Args:
        available: Column of the file to its DuckDB type, in file order.
        table: The declared schema.
        delivery: Its mapping takes part: our column to the file's, or to `=constant`.
        paths: `$.` and `label:` origins to the SQL expression that gives them.
        expressions: Column of the file to the SQL expression that gives it, where that is not its quoted name (DuckDB
            takes names that differ in case only for the same).
        relation: The SELECT that yields `available`.
        rest: Further attributes of the Reading.
    """
    paths = paths or {}
    expressions = expressions or {column: name(column) for column in available}
    folded: dict[str, str] = {}
    for column in available:
        folded.setdefault(column.lower(), column)
    drop = {str(column).lower() for column in table.options.get("drop", ())}
    known: set[str] = {column for column in available if column.lower() in drop}
    known |= {column for column in available if column.startswith("__")}
    found: dict[str, list[tuple[str, str]]] = {}
    assumptions: dict[str, str] = {}
    declared = {column.name for column in table.columns}
    unknown_targets = sorted(set(delivery.mapping) - declared)
    if unknown_targets:
        raise FileRefused(
            f"the mapping names {', '.join(unknown_targets)}, which {table.name} does not have. It has: "
            f"{', '.join(sorted(declared))}"
        )
    for column in table.columns:
        if column.name in table.maps:
            continue
        mapped = delivery.mapping.get(column.name)
        if mapped is not None and mapped.startswith("="):
            assumptions[column.name] = mapped[1:]
            found[column.name] = [(text(mapped[1:]), "VARCHAR")]
            continue
        hits: list[tuple[str, str]] = []
        for origin in (mapped,) if mapped is not None else column.origins:
            if origin in paths:
                hits.append((paths[origin], "VARCHAR"))
                continue
            header = origin if origin in available else folded.get(origin.lower())
            if header is None or header in drop:
                continue
            known.add(header)
            if (expressions[header], available[header]) not in hits:
                hits.append((expressions[header], available[header]))
        if mapped is not None and not hits:
            raise FileRefused(
                f"the mapping takes {column.name} from `{mapped}`, which the file does not have. It has: "
                f"{', '.join(available)}"
            )
        if hits:
            found[column.name] = hits
    maps: dict[str, dict[str, str]] = {}
    for column, prefixes in table.maps.items():
        members: dict[str, str] = {}
        whole = folded.get(column.lower())
        if whole is not None:
            known.add(whole)
            found[column] = [(expressions[whole], available[whole])]
            continue
        for header in available:
            prefix = next((prefix for prefix in prefixes if header.lower().startswith(prefix.lower())), None)
            if prefix is not None and header not in known:
                members[header[len(prefix) :]] = expressions[header]
                known.add(header)
        maps[column] = members
    extra = {header: expressions[header] for header in available if header not in known}
    return Reading(
        sql=relation,
        found=found,
        extra=extra,
        maps=maps,
        assumptions=assumptions,
        headers=[header for header in available if not header.startswith("__")],
        **rest,
    )
