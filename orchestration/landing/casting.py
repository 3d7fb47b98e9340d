"""SQL that turns a reading into typed rows and says of each row whether and why it is rejected."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.landing.deliveries import Delivery, snapshot_partition
from orchestration.landing.readers.reading import FILE_COLUMN, FileRefused, Reading, name, nulls_of, text
from orchestration.landing.schema import Column, RawTable

EARLIEST = "2000-01-01"
# A clock a little ahead of ours is no error; a row of the day after tomorrow is.
AHEAD_DAYS = 2
# Ends of terms and periods may lie ahead (a three year commitment), but not for ever.
AHEAD_YEARS_DAYS = 3653
LONGEST_SPAN_DAYS = 366

_OFFSET_WITH_SPACE = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d+)?) ?([+-]\d{2}):?(\d{2})?( [A-Z]{2,5})?$"


@dataclass(frozen=True)
class Problem:
    """A reason to reject a row: SQL condition over the typed row, the field, words, and SQL of the offending value."""

    condition: str
    field: str
    reason: str
    value: str


@dataclass(frozen=True)
class TypedFile:
    """The typed relation of one file.

    Attributes:
        sql: SELECT of every column of the raw table except `_partition`, plus `_accepted` and `_target` (the
            partition).
        rejects_sql: SELECT (row_number, field, reason, value), one row per rejected record, its first problem.
        columns_missing: Declared columns that the file (of JSON lines: its sample) does not have.
    """

    sql: str
    rejects_sql: str
    columns_missing: list[str]


def _timestamp(raw: str) -> str:
    """UTC timestamp of ISO texts with or without offset, Go's `+0000 UTC`, and epoch seconds or milliseconds."""
    spaced = rf"regexp_replace({raw}, '{_OFFSET_WITH_SPACE}', '\1 \2\3:\4')"
    return (
        f"coalesce(case when ends_with({raw}, 'Z') then try_cast({raw} as timestamp) "
        f"else cast(try_cast({raw} as timestamptz) as timestamp) end, "
        f"cast(try_cast(rtrim({spaced}, ':') as timestamptz) as timestamp), "
        f"case when regexp_full_match({raw}, '\\d{{9,10}}(\\.\\d+)?') "
        f"then make_timestamp(cast(cast({raw} as decimal(24, 6)) * 1000000 as bigint)) "
        f"when regexp_full_match({raw}, '\\d{{12,13}}') then make_timestamp(cast({raw} as bigint) * 1000) end)"
    )


def _cast_text(raw: str, data_type: str) -> str:
    if data_type == "varchar":
        return raw
    if data_type == "timestamp":
        return _timestamp(raw)
    if data_type == "date":
        return f"coalesce(try_cast({raw} as date), cast({_timestamp(raw)} as date))"
    if data_type == "bigint":
        # DuckDB rounds '3.7' to 4; a count with a fraction is an error, '3.0' and '1e3' are not.
        return (
            f"case when (contains({raw}, '.') or contains({raw}, 'e') or contains({raw}, 'E')) "
            f"and not regexp_full_match({raw}, '\\s*[+-]?\\d+(\\.0*)?([eE]\\+?\\d+)?\\s*') then null "
            f"else try_cast({raw} as bigint) end"
        )
    return f"try_cast({raw} as {data_type})"


def _is_native(source: str, data_type: str) -> bool:
    """Whether a value of the file's own type can be cast without going through text."""
    integers = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")
    if data_type == "bigint":
        return source in integers
    if data_type == "timestamp":
        return source.startswith("TIMESTAMP") or source == "DATE"
    if data_type == "date":
        return source.startswith("TIMESTAMP") or source == "DATE"
    if data_type == "double":
        return source in integers or source in ("FLOAT", "DOUBLE") or source.startswith("DECIMAL")
    if data_type == "boolean":
        return source == "BOOLEAN"
    if data_type.startswith("decimal("):
        return source in integers or source.startswith("DECIMAL")
    return False


def _day_column(table: RawTable, expression: str | None) -> str:
    """The declared column that a day expression is made of, for messages."""
    words = set(re.findall(r"\w+", expression or ""))
    return next((column.name for column in table.columns if column.name in words), "_day")


def _problems(table: RawTable, typed: dict[str, str], raw: dict[str, str], as_of: datetime) -> list[Problem]:
    problems: list[Problem] = []
    term_end = (as_of + timedelta(days=AHEAD_YEARS_DAYS)).date()
    latest = (as_of + timedelta(days=AHEAD_DAYS)).date()

    def add(condition: str, field: str, reason: str, value: str) -> None:
        problems.append(Problem(condition, field, reason, value))

    def column_problems(column: Column) -> None:
        own = name(column.name)
        shown = f"cast({raw.get(column.name, own)} as varchar)"
        if column.name in raw:
            # A blank is no value; casts already ignore blanks around one. CASE, not AND, looks again only at rows
            # without a typed value.
            add(
                f"case when {own} is null then trim(cast({raw[column.name]} as varchar)) <> '' end",
                column.name,
                f"is no {column.data_type}",
                shown,
            )
        if column.required:
            excused = f" and not coalesce({column.unless}, false)" if column.unless else ""
            add(f"{own} is null{excused}", column.name, "is missing", shown)
        if column.data_type == "double":
            add(f"not isfinite({own})", column.name, "is not a finite number", shown)
        if column.data_type in ("timestamp", "date") and table.restatement != "snapshot":
            bounds = f"{own} < date '{EARLIEST}' or {own} > date '{term_end}'"
            add(bounds, column.name, f"lies outside {EARLIEST} to {term_end}", shown)
        if column.min is not None:
            add(f"{own} < {column.min}", column.name, f"is below {column.min}", shown)
        if column.max is not None:
            add(f"{own} > {column.max}", column.name, f"is above {column.max}", shown)
        if column.name in table.amounts:
            unreadable = f"{own} is not null and try_cast({own} as decimal(38, 20)) is null"
            add(unreadable, column.name, "is no amount of money", shown)
        if column.check:
            add(f"not ({column.check})", column.name, f"fails the check {column.check}", shown)

    for column in table.columns:
        if column.name in typed:
            column_problems(column)
    if table.day and table.restatement != "snapshot":
        field = _day_column(table, table.day)
        shown = f"cast({raw.get(field, name(field) if field != '_day' else '_day')} as varchar)"
        add("_day is null", field, "gives no day", shown)
        add(f"_day < date '{EARLIEST}' or _day > date '{latest}'", field, f"lies outside {EARLIEST} to {latest}", shown)
    if table.span_end:
        field = _day_column(table, table.span_end)
        too_long = f"_span_end > _day + {LONGEST_SPAN_DAYS}"
        add(too_long, field, f"ends more than {LONGEST_SPAN_DAYS} days after its start", "cast(_span_end as varchar)")
    if table.partition:
        add("_target is null", "_partition", "does not say which period it belongs to", "null")
    return problems


def _value(reading: Reading, column: Column, nulls: list[str]) -> tuple[str, bool]:
    """SQL of the column's vendor value, and whether it is text."""
    pairs = reading.found[column.name]
    if len(pairs) == 1 and _is_native(pairs[0][1], column.data_type):
        return pairs[0][0], False
    texts = [pair[0] if pair[1] == "VARCHAR" else f"cast({pair[0]} as varchar)" for pair in pairs]
    if column.data_type != "varchar" and len(texts) > 1:
        texts = [f"nullif({one}, '')" for one in texts]
    if nulls:
        listed = ", ".join(text(value) for value in nulls)
        texts = [f"case when {one} not in ({listed}) then {one} end" for one in texts]
    return (texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"), True


def _member(key: str, value: str) -> str:
    """SQL of `"key":"value"` in JSON; NULL where the value is. Far cheaper a row than building and merging objects."""
    return f"{text(json.dumps(key, ensure_ascii=False) + ':')} || cast(to_json(cast({value} as varchar)) as varchar)"


def _json_object(members: list[str]) -> str:
    """SQL of a JSON object of the members that are not NULL; NULL if none is."""
    return f"'{{' || nullif(concat_ws(',', {', '.join(members)}), '') || '}}'"


def _extra(reading: Reading) -> str:
    assumed = dict(sorted(reading.assumptions.items()))
    members = [_member(key, value) for key, value in reading.extra.items() if not (assumed and key == "assumed")]
    if assumed:
        constants = json.dumps(assumed, ensure_ascii=False, separators=(",", ":"))
        members.append(text(f'"assumed":{constants}'))
    return _json_object(members) if members else "cast(null as varchar)"


def typed_file(
    reading: Reading, table: RawTable, delivery: Delivery, file_name: str | None, as_of: datetime
) -> TypedFile:
    """Build the typed relation of one file, or of several that were joined.

    Args:
        reading: What the reader returned.
        table: The declared schema.
        delivery: Where the file came from.
        file_name: Name of the file; None where each row says it (FILE_COLUMN).
        as_of: The run's clock.

    Raises:
        FileRefused: If required columns are not in the file.
    """
    missing = [
        column.name for column in table.columns if column.name not in reading.found and column.name not in table.maps
    ]
    required = [column for column in table.columns if column.required and column.name in missing]
    if required:
        wanted = "; ".join(f"{column.name} ({' or '.join(column.origins)})" for column in required)
        raise FileRefused(
            f"its header is wrong: {len(required)} required column(s) are not there: {wanted}. "
            f"It has: {', '.join(reading.headers[:40]) or 'no column'}. Check that this is an export for {table.name}"
        )
    nulls = nulls_of(table)
    raw_list, typed_list = [], []
    typed: dict[str, str] = {}
    raw: dict[str, str] = {}
    for position, column in enumerate(table.columns):
        own = name(column.name)
        if column.name in reading.found:
            value, is_text = _value(reading, column, nulls)
            raw_list.append(f"{value} as __r{position}")
            if column.data_type == "varchar":
                typed_list.append(f"__r{position} as {own}")
            elif is_text:
                raw[column.name] = f"__r{position}"
                typed_list.append(
                    f"cast({_cast_text(f'__r{position}', column.data_type)} as {column.data_type}) as {own}, "
                    f"__r{position}"
                )
            else:
                raw[column.name] = f"__r{position}"
                typed_list.append(f"try_cast(__r{position} as {column.data_type}) as {own}, __r{position}")
            typed[column.name] = own
        elif reading.maps.get(column.name):
            members = [_member(key, value) for key, value in reading.maps[column.name].items()]
            raw_list.append(f"{_json_object(members)} as __r{position}")
            typed_list.append(f"__r{position} as {own}")
        else:
            typed_list.append(f"cast(null as {column.data_type}) as {own}")
    raw_list.append(f"{_extra(reading)} as _extra")
    problems = _problems(table, typed, raw, as_of)
    feed = text(delivery.feed)
    file = text(file_name) if file_name else f"parse_filename({FILE_COLUMN})"
    day = f"cast({table.day} as date)" if table.day else "cast(null as date)"
    span_end = f"cast({table.span_end} as date)" if table.span_end else "cast(null as date)"
    if table.restatement == "snapshot":
        target = text(snapshot_partition(table, delivery))
    elif table.restatement == "append":
        target = table.partition or "cast(_day as varchar)"
    elif table.restatement == "trailing_window":
        target = f"{feed} || '|' || cast(_day as varchar)"
    else:
        target = f"{feed} || '|' || ({table.partition})"
    version = f"cast({table.version} as varchar)" if table.version else text(delivery.version)

    def layers(source: str, carried: str) -> str:
        return f"""
            select *, {target} as _target from (
                select *, {day} as _day, {span_end} as _span_end, {version} as _version from (
                    select {", ".join(typed_list)}, _extra{carried} from (
                        select {", ".join(raw_list)}{carried} from ({source})
                    )
                )
            )
        """

    # NULL or true is true, NULL or false is NULL: one coalesce serves all conditions.
    bad = f"coalesce({' or '.join(f'({problem.condition})' for problem in problems)}, false)" if problems else "false"
    columns = ", ".join(name(column.name) for column in table.columns)
    sql = f"""
        select {columns}, {feed} as _feed, {text(delivery.delivery_id)} as _load_id, {file} as _file,
            _day, _version,
            _extra, _target, not ({bad}) as _accepted
        from ({layers(reading.sql, "" if file_name else f", {FILE_COLUMN}")})
    """
    if reading.row:
        numbered = f"select *, {reading.row} as __n from ({reading.sql})"
    else:
        numbered = f"select *, row_number() over () + {reading.first_row - 1} as __n from ({reading.sql})"

    def ladder(part: str) -> str:
        arms = []
        for problem in problems:
            shown = {"field": text(problem.field), "reason": text(problem.reason), "value": problem.value}[part]
            arms.append(f"when {problem.condition} then {shown}")
        return f"case {' '.join(arms)} end"

    rejects = (
        f"select cast(__n as bigint) as row_number, {ladder('field')} as field, {ladder('reason')} as reason, "
        f"cast({ladder('value')} as varchar) as value from ({layers(numbered, ', __n')}) where {bad}"
        if problems
        else "select cast(0 as bigint) as row_number, '' as field, '' as reason, '' as value where false"
    )
    missing = [column.name for column in table.columns if column.name in missing or column.name in reading.unseen]
    return TypedFile(sql=sql, rejects_sql=rejects, columns_missing=missing)
