"""JSON lines (or one JSON array of objects), plain or gzip: top-level fields as text, nested ones as JSON text.

An origin `$.a.b` is a path into the top-level field `a`; all paths into one field are taken in one parse. An origin
`#$.a[*].b` is the number of distinct values there, `#word$.a[*].b` the number of those that are the word: what is counted so
never leaves the landing folder itself. `@$.a[*].b` is the distinct values, sorted, with blanks between. A line that is no JSON object becomes a row of NULLs, which its missing required fields then reject. Fields that nobody declared
are looked for in samples spread over the file, because reading all keys of each line costs a quarter of the load
again; declared ones are read wherever they are. Options: `drop` (fields that must never be landed), `nulls`.
"""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import (
    FILE_COLUMN,
    FileRefused,
    Reading,
    form_of,
    match,
    name,
    refuse_unless,
    split_path,
    text,
)
from orchestration.landing.schema import RawTable

SAMPLED_LINES = 100
SAMPLED_PLACES = 20


def sample_keys(path: Path, is_array: bool) -> tuple[tuple[str, ...], bool]:
    """Top-level keys of sampled records in order of first sight, and whether every record was looked at.

    Raises:
        FileRefused: If no sampled line is a JSON object.
    """
    status = path.stat()
    return _sample(path, is_array, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _sample(path: Path, is_array: bool, changed_ns: int, size: int) -> tuple[tuple[str, ...], bool]:
    """The sample, kept while the file's time of change and size stand: each table of a source asks about the same files.

    Raises:
        FileRefused: If no sampled line is a JSON object.
    """
    keys: dict[str, None] = {}
    objects = 0
    is_whole = True

    def note(record: object) -> None:
        nonlocal objects
        if isinstance(record, dict):
            objects += 1
            keys.update(dict.fromkeys(record))

    if is_array:
        with gzip.open(path) if is_gzip(path) else path.open("rb") as stream:
            try:
                for record in json.load(stream):
                    note(record)
            except (ValueError, EOFError, OSError) as error:
                raise FileRefused(f"it is no complete JSON ({error}). Deliver it again") from error
    else:
        places = 1 if is_gzip(path) else SAMPLED_PLACES
        with gzip.open(path) if is_gzip(path) else path.open("rb") as stream:
            try:
                for place in range(places):
                    start = size * place // places
                    # Never back: in a file of some thousand lines the places overlap, and one line would be read ten times.
                    if start > stream.tell():
                        is_whole = False
                        stream.seek(start)
                        stream.readline()
                    for _ in range(SAMPLED_LINES * (SAMPLED_PLACES // places)):
                        line = stream.readline()
                        if not line:
                            break
                        try:
                            note(json.loads(line.decode("utf-8-sig", errors="replace")))
                        except ValueError:
                            continue
                is_whole = is_whole and not stream.read(1)
            except (EOFError, OSError) as error:
                raise FileRefused(f"the gzip file is broken or cut off ({error}). Deliver it again") from error
    if not objects:
        raise FileRefused("none of its lines is a JSON object. One JSON object a line is expected")
    return tuple(keys), is_whole


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading | None:
    """Read one JSON lines file; None where its fields say that it is for another table of the source."""
    form = form_of(path)
    refuse_unless(form, ("json", "json_array"), "JSON with one object a line")
    drop = {str(column).lower() for column in table.options.get("drop", ())}
    by_lower: dict[str, str] = {}
    keys, is_whole = sample_keys(path, form == "json_array")
    with_key, without_key = table.options.get("with_key"), table.options.get("without_key")
    if (with_key and with_key not in keys) or (without_key and without_key in keys):
        return None
    for key in keys:
        if key.lower() not in drop:
            by_lower.setdefault(key.lower(), key)  # DuckDB takes keys that differ in case only for the same
    unseen = set() if is_whole else _add_unseen(by_lower, table, drop)
    columns = dict.fromkeys(by_lower.values(), "VARCHAR")

    wanted: dict[str, list[str]] = {}
    for origin in (origin for column in table.columns for origin in column.origins if origin.startswith("$.")):
        base, rest = split_path(origin)
        base = base if base in columns else by_lower.get(base.lower(), base)
        if base in columns and rest != "$":
            wanted.setdefault(base, []).append(rest)
    paths: dict[str, str] = {}
    parsed: list[str] = []
    for position, (base, rests) in enumerate(wanted.items()):
        unique = list(dict.fromkeys(rests))
        # A field may hold JSON or, in some exports, JSON as a string; read as VARCHAR both are the same text.
        parsed.append(
            f"try(json_extract_string({name(base)}, [{', '.join(text(rest) for rest in unique)}])) as "
            f"__paths_{position}"
        )
        for index, rest in enumerate(unique, start=1):
            paths[f"$.{base}{rest[1:]}"] = f"__paths_{position}[{index}]"
            paths[f'$."{base}"{rest[1:]}'] = f"__paths_{position}[{index}]"
    for origin in (origin for column in table.columns for origin in column.origins if origin.startswith(("#", "@"))):
        word, path_of_values = _counted(origin)
        base, rest = split_path(path_of_values)
        base = base if base in columns else by_lower.get(base.lower(), base)
        if base in columns:
            values = _joined(name(base), rest) if origin.startswith("@") else _count(name(base), word, rest)
            parsed.append(f"{values} as __count_{len(parsed)}")
            paths[origin] = f"__count_{len(parsed) - 1}"
    declared = ", ".join(f"{text(column)}: 'VARCHAR'" for column in columns)
    shape = "array" if form == "json_array" else "newline_delimited"
    lenient = ", ignore_errors=true" if form == "json" else ""
    scan = (
        f"read_json({text(path)}, format='{shape}', columns={{{declared}}}, "
        f"compression='{'gzip' if is_gzip(path) else 'none'}', "
        f"maximum_object_size=16777216, filename={FILE_COLUMN}{lenient})"
    )
    bases = set(wanted)
    reading = match(columns, table, delivery, paths=paths, relation=f"select {', '.join(['*', *parsed])} from {scan}")
    # A field that is read by paths is declared by them, the rest of it is not kept.
    only_declared = bool(table.options.get("only_declared"))
    reading.extra = {
        key: expression for key, expression in reading.extra.items() if key not in bases and not only_declared
    }
    reading.unseen = unseen
    reading.file = text(path)
    return reading


def _counted(origin: str) -> tuple[str, str]:
    """The word and the path of an origin that takes many values."""
    word, _, path = origin[1:].partition("$")
    return word, f"${path}"


def _count(field: str, word: str, path: str) -> str:
    """SQL text of how many values a path into a field has; most fields are passed over without a parse."""
    values = f"json_extract_string({field}, {text(path)})"
    counted = (
        f"[x for x in {values} if x = {text(word)}]" if word else f"list_distinct([x for x in {values} if x <> ''])"
    )
    return f"cast(try(case when contains({field}, {text(word or _last_key(path))}) then len({counted}) end) as varchar)"


def _joined(field: str, path: str) -> str:
    """SQL text of the values that a path into a field has; NULL where it has none."""
    values = f"list_sort(list_distinct(json_extract_string({field}, {text(path)})))"
    return (
        f"nullif(try(case when contains({field}, {text(_last_key(path))}) then array_to_string({values}, ' ') end), '')"
    )


def _last_key(path: str) -> str:
    return path.rsplit(".", 1)[-1].split("[", 1)[0]


def _field_of(origin: str) -> str:
    """Top-level field that an origin reads."""
    if origin.startswith(("#", "@")):
        origin = _counted(origin)[1]
    return split_path(origin)[0] if origin.startswith("$.") else origin


def _add_unseen(by_lower: dict[str, str], table: RawTable, drop: set[str]) -> set[str]:
    """Add the fields of declared columns of which the sample has none: a rare field is read all the same.

    A required column that no sampled record has stays out, so that the file is refused.

    Args:
        by_lower: Field in lower case to the sampled field; extended.
        table: The declared schema.
        drop: Fields that must never be read, in lower case.

    Returns:
        Names of the columns that were added.
    """
    unseen = set()
    sampled = set(by_lower)
    for column in table.columns:
        fields = [_field_of(origin) for origin in column.origins]
        if column.required or any(one.lower() in sampled for one in fields):
            continue
        unseen.add(column.name)
        for one in fields:
            if one.lower() not in drop:
                by_lower.setdefault(one.lower(), one)
    return unseen
