"""CSV, TSV and other delimited text: every column VARCHAR; UTF-8 with or without BOM, UTF-16, else Latin-1; plain or
gzip.

Options: `delimiter` (default: the one of comma, tab, semicolon and pipe that the header holds most of), `nulls`.
Lines with too few or too many fields, or an unclosed quote, become rejects; the other rows are read.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import uuid
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.reading import FileRefused, Reading, form_of, head_of, match, refuse_unless, text
from orchestration.landing.schema import RawTable

BLOCK = 1 << 22
_CONTROL = bytes(byte for byte in range(32) if byte not in (9, 10, 11, 12, 13, 27))
_PYTHON_NAMES = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "latin-1": "latin-1"}


def is_gzip(path: Path) -> bool:
    """Whether the file is gzip, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def examine(path: Path) -> tuple[str, bool]:
    """Return DuckDB's name of the encoding and whether all line ends are alike; reads the file once, a block at a time.

    Raises:
        FileRefused: If it is not text in any of the encodings that vendors use, or a gzip that ends early.
    """
    if head_of(path)[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", True
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, line_feeds, pairs, last = True, 0, 0, b""
    with gzip.open(path) if is_gzip(path) else path.open("rb") as stream:
        try:
            while block := stream.read(BLOCK):
                if block.translate(None, _CONTROL) != block:
                    raise FileRefused(
                        "it holds control characters, so it is no text file. Export it again as UTF-8 CSV"
                    )
                line_feeds += block.count(b"\n")
                pairs += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
                last = block[-1:]
                if utf8:
                    utf8 = _decodes(decoder, block)
        except (EOFError, OSError) as error:
            raise FileRefused(f"the gzip file is broken or cut off ({error}). Deliver it again") from error
    utf8 = utf8 and _decodes(decoder, b"", final=True)
    return ("utf-8" if utf8 else "latin-1"), pairs in (0, line_feeds)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def header_of(path: Path, encoding: str, delimiter: str | None) -> tuple[list[str], str]:
    """Column names of the first record, and the delimiter."""
    start = head_of(path).decode(_PYTHON_NAMES[encoding], errors="ignore")
    if delimiter is None:
        delimiter = max(",\t;|", key=start.split("\n", 1)[0].count)
    try:
        names = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise FileRefused(f"its header cannot be read ({error})") from error
    names = [column.strip() for column in names]
    if not any(names):
        raise FileRefused("its first line is blank; a header line is expected")
    return names, delimiter


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one delimited file."""
    refuse_unless(form_of(path), ("text",), "Delimited text with a header line")
    encoding, is_uniform = examine(path)
    names, delimiter = header_of(path, encoding, table.options.get("delimiter"))
    columns: dict[str, str] = {}
    for position, column in enumerate(names):
        unique = column or f"column_{position + 1}"
        while unique in columns:
            unique += "_again"
        columns[unique] = "VARCHAR"
    expressions = {column: f"c{position}" for position, column in enumerate(columns)}
    declared = ", ".join(f"{expression}: 'VARCHAR'" for expression in expressions.values())
    errors = f"csv_errors_{uuid.uuid4().hex[:8]}"
    scan = (
        f"read_csv({text(path)}, header=true, auto_detect=false, columns={{{declared}}}, delim={text(delimiter)}, "
        f"quote='\"', "
        f"escape='\"', encoding='{encoding}', compression='{'gzip' if is_gzip(path) else 'none'}', "
        f"strict_mode={'true' if is_uniform else 'false'}, max_line_size=33554432, "
        f"store_rejects=true, rejects_table='{errors}', rejects_scan='{errors}_scan')"
    )
    return match(
        columns,
        table,
        delivery,
        expressions=expressions,
        relation=f"select * from {scan}",
        first_row=2,
        broken=(
            f"select line as row_number, any_value(error_type || ': ' || error_message) as reason, "
            f"any_value(csv_line) as value from {errors} group by line"
        ),
    )
