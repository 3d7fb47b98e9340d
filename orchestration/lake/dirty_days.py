"""Which days must be built again: those whose fingerprint differs from the published or the built one.

A day's fingerprint holds, for every raw table and feed: rows and content hash of the rows that touch the day; for
every bill, whether the day lies before its completeness mark (estimate or bill) and whether the billing months of its
lines are closed; for commitments whose last day it is, whether they are over; for reference data, the rows that hold on the day; and the hash of the models' code. A month that comes again with equal content so dirties
nothing, and a failed night stays dirty until it is published.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.lake.bill_marks import bill_marks, is_period_closed
from orchestration.lake.catalog import Lake
from orchestration.lake.commitment_days import TABLE as COMMITMENTS
from orchestration.lake.commitment_days import CommitmentSpan, commitment_spans, depending_days, ended
from orchestration.lake.raw_views import select_current
from orchestration.lake.state import current_state
from orchestration.landing.connection import connect
from orchestration.landing.readers.reading import name
from orchestration.landing.schema import RawTable, load_schemas
from orchestration.settings import Settings

PUBLISHED_FINGERPRINTS = "fingerprints.json"
BUILT_TABLE = "pipeline.built_days"
BUILDING = "building"

PRICES = "token_prices"
# Tables that change a day only through the prices that hold on it: names of models select them, days of books choose between
# them, declared prices and LiteLLM's are part of a book.
_COUNTED_THROUGH_PRICES = {"model_aliases", "price_book_days", "price_overrides", "litellm_prices"}


def code_hash(project_dir: Path) -> str:
    """Hash of every file that decides what the models do."""
    digest = hashlib.sha256()
    roots = [project_dir / part for part in ("models", "macros", "seeds")]
    files = [
        path
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and path.suffix in (".sql", ".yml", ".csv", ".py")
    ]
    for path in sorted([*files, project_dir / "dbt_project.yml"]):
        if path.is_file():
            digest.update(str(path.relative_to(project_dir)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _reference_parts(
    con: duckdb.DuckDBPyConnection, lake: Lake, tables: Mapping[str, RawTable], days: list[str]
) -> dict[str, list[str]]:
    """Day to the contributions of reference tables: dated rows on the days on which they hold, undated tables on every
    day.
    """
    parts: dict[str, list[str]] = {day: [] for day in days}
    if not days:
        return parts
    con.execute("create or replace temp table known_days (day date)")
    con.executemany("insert into known_days values (?)", [(day,) for day in days])
    for table in tables.values():
        if table.restatement != "snapshot" or table.day or table.name in _COUNTED_THROUGH_PRICES:
            continue
        columns = [column.name for column in table.columns if column.name not in table.fingerprint_except]
        rows = select_current(con, lake, table)
        if table.name == PRICES:
            # A price that will end or has begun is the same price on the days between.
            columns = [
                *(column for column in columns if not column.startswith("valid_")),
                "raw_model",
                "raw_provider_id",
            ]
            rows = _prices_in_use(
                rows, *(select_current(con, lake, tables[one]) for one in ("model_aliases", "price_book_days"))
            )
        if table.keeps_versions:
            rows, columns = _ever_said(rows, columns), [*columns, "is_newest"]
        hashed = f"hash({', '.join(map(name, columns))})"
        if not table.is_dated:
            total = con.execute(
                f"select count(*), cast(coalesce(sum({hashed}), 0) as varchar) from ({rows})"
            ).fetchone()
            for day in days:
                parts[day].append(f"{table.name}:{total[0]}:{total[1]}")
            continue
        held = con.execute(
            f"""
            with hashed as (
                select * from (
                    select {hashed} as h, cast(valid_from as date) as valid_from, cast(valid_to as date) as valid_to
                    from ({rows})
                )
                where valid_to is null or valid_from is null or valid_from < valid_to
            ),
            events as (
                select coalesce(valid_from, date '0001-01-01') as day, cast(h as hugeint) as delta, 1 as step from
                    hashed
                union all
                select valid_to, -cast(h as hugeint), -1 from hashed where valid_to is not null
                union all
                select day, 0, 0 from known_days
            )
            select cast(day as varchar), cast(sum(sum(delta)) over (order by day) as varchar), sum(sum(step)) over
                (order by day)
            from events group by day
            qualify day in (from known_days)
            """
        ).fetchall()
        for day, hashes, rows_held in held:
            parts[day].append(f"{table.name}:{rows_held}:{hashes}")
    return parts


def _filled_days(
    con: duckdb.DuckDBPyConnection, lake: Lake, tables: Mapping[str, RawTable], newest: str, as_of: datetime | None
) -> set[str]:
    """ISO days on which a row of reference data is a cost of its own, up to the newest day with data and before the run's own."""
    last = date.fromisoformat(newest) if newest else date.min
    if as_of is not None:
        last = min(last, as_of.date() - timedelta(days=1))
    found: set[str] = set()
    for table in (table for table in tables.values() if table.fills_days):
        for first, end in con.execute(
            f"select distinct cast(valid_from as date), cast(valid_to as date) from ({select_current(con, lake, table)})"
        ).fetchall():
            stop = min(last, end - timedelta(days=1)) if end else last
            found |= {(first + timedelta(days=step)).isoformat() for step in range((stop - first).days + 1)}
    return found


def _ever_said(rows: str, columns: list[str]) -> str:
    """SELECT of what any kept delivery said, once, and of what the newest of each feed says: a delivery that repeats the
    others changes no day, one that takes a row back does.
    """
    said = ", ".join(map(name, dict.fromkeys([*columns, "valid_from", "valid_to"])))
    known_from = "coalesce(try_cast(_version as timestamp), timestamp '0001-01-01')"
    newest = f"{known_from} = max({known_from}) over (partition by _feed)"
    return f"""
        select distinct {said}, false as is_newest from ({rows})
        union all
        select {said}, true from ({rows}) qualify {newest}
    """


def _prices_in_use(prices: str, aliases: str, book_days: str) -> str:
    """SELECT of the prices of models that were seen, each on the days on which it holds in the book of those days.

    A new price of a model that nobody uses changes no day, nor does a book of other days, nor the first use of a model a
    day before it. The alias is part of the rows, so mapping a name to another price changes days too.
    """
    return f"""
        select
            prices.* exclude (valid_from, valid_to),
            used.raw_model,
            used.provider_id as raw_provider_id,
            greatest(coalesce(prices.valid_from, books.valid_from), books.valid_from, coalesce(used.first_used_on, date '0001-01-01')) as valid_from,
            least(coalesce(prices.valid_to, books.valid_to), coalesce(books.valid_to, prices.valid_to)) as valid_to
        from ({prices}) as prices
        join ({book_days}) as books
            on prices._feed = books.book_id
            and (books.valid_to is null or prices.valid_from is null or prices.valid_from < books.valid_to)
            and (prices.valid_to is null or prices.valid_to > books.valid_from)
        join ({aliases}) as used on prices.provider_id = used.price_provider_id and prices.model_id = used.model_id
    """


def fingerprints(settings: Settings, lake: Lake | None = None, as_of: datetime | None = None) -> dict[str, str]:
    """Fingerprint of every day that any raw table has rows for, by ISO day.

    Args:
        settings: Which warehouse.
        lake: An open lake, to spare opening it again.
        as_of: The run's clock, naive UTC; a billing month that ends by it changes the days of its lines, once.
    """
    lake = lake or Lake(settings)
    tables = load_schemas(settings.project_dir)
    states = {table.name: current_state(lake.summaries(table)) for table in tables.values()}
    snapshots = {table.name for table in tables.values() if table.restatement == "snapshot"}
    content: dict[str, dict[tuple[str, str], tuple[int, int]]] = {}
    for table_name, state in states.items():
        for part in state.values():
            for feed, stats in part.feeds.items():
                for day, (rows, hashes) in stats.days.items():
                    of_day = content.setdefault(day, {})
                    old = of_day.get((table_name, feed), (0, 0))
                    of_day[table_name, feed] = (old[0] + rows, old[1] + hashes)
    # Reference rows may lie ahead (next year's budget); a day exists once something was used or billed up to it.
    newest = max(
        (day for day, of_day in content.items() for table_name, _ in of_day if table_name not in snapshots), default=""
    )
    with connect(settings) as con:
        filled = _filled_days(con, lake, tables, newest, as_of)
    days = sorted({day for day in content if day <= newest} | filled)
    marks = bill_marks(tables.values(), states, as_of)
    closed: dict[str, set[str]] = {}
    for table in (table for table in tables.values() if table.bill):
        for partition, part in states[table.name].items():
            status = f"{table.name}/{partition}:{is_period_closed(table, partition, as_of)}"
            for day in part.days():
                closed.setdefault(day, set()).add(status)
    with connect(settings) as con:
        reference = _reference_parts(con, lake, tables, days)
        spans = _commitment_spans(con, lake, tables)
    lapsed = ended(spans, as_of, max((mark.lag_days for mark in marks), default=1))
    code = code_hash(settings.project_dir)
    result = {}
    for day in days:
        rows = [
            f"{table}/{feed}:{count}:{hashes}"
            for (table, feed), (count, hashes) in sorted(content.get(day, {}).items())
        ]
        billed = [
            f"{mark.table}/{mark.feed}/{mark.account}:{mark.open_from is not None and day < mark.open_from.isoformat()}"
            for mark in marks
        ]
        parts = [code, *rows, *billed, *sorted(closed.get(day, ())), *reference[day], *lapsed.get(day, ())]
        result[day] = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    return result


def _commitment_spans(
    con: duckdb.DuckDBPyConnection, lake: Lake, tables: Mapping[str, RawTable]
) -> list[CommitmentSpan]:
    return commitment_spans(con, lake, tables[COMMITMENTS]) if COMMITMENTS in tables else []


def published_fingerprints(settings: Settings) -> dict[str, str]:
    """Fingerprints of the days as last published; empty before the first publish."""
    path = settings.published / "current" / PUBLISHED_FINGERPRINTS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def built_fingerprints(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Fingerprints that the build file's days were last built with; `building` for a build that never ended."""
    exists = con.execute(
        "select count(*) from information_schema.tables where table_schema = 'pipeline' and table_name = 'built_days' "
        "and table_catalog = current_database()"
    ).fetchone()[0]
    if not exists:
        return {}
    return {
        day.isoformat(): fingerprint
        for day, fingerprint in con.execute(f"select day, fingerprint from {BUILT_TABLE}").fetchall()
    }


def bound_months(settings: Settings, lake: Lake, days: Iterable[str]) -> set[tuple[str, str]]:
    """First and last known day of the calendar months that reference data makes one whole.

    Args:
        settings: Which warehouse.
        lake: An open lake.
        days: ISO days that are known; spans begin and end on one of them.
    """
    months: dict[str, list[str]] = {}
    for day in sorted(days):
        months.setdefault(day[:7], []).append(day)
    tables = [table for table in load_schemas(settings.project_dir).values() if table.binds_months]
    if not tables or not months:
        return set()
    with connect(settings) as con:
        periods = [
            (valid_from or date.min, valid_to or date.max)
            for table in tables
            for valid_from, valid_to in con.execute(
                "select distinct cast(valid_from as date), cast(valid_to as date)"
                f" from ({select_current(con, lake, table)}) where {table.binds_months}"
            ).fetchall()
        ]
    return {
        (known[0], known[-1])
        for known in months.values()
        if any(start <= date.fromisoformat(known[-1]) and end > date.fromisoformat(known[0]) for start, end in periods)
    }


def with_shared_spans(days: Iterable[str], spans: Iterable[tuple[str, str]]) -> set[str]:
    """Add the days that a bill row longer than a day shares with one of the days: such a row is placed over its span
    as a whole.

    Args:
        days: ISO days.
        spans: First and last day (inclusive) of such rows.
    """
    known = {date.fromisoformat(day) for day in days}
    open_spans = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in spans]
    grown = bool(known)
    while grown:
        grown = False
        for first, last in open_spans:
            span = {first + timedelta(days=step) for step in range((last - first).days + 1)}
            if known & span and not span <= known:
                known |= span
                grown = True
    return {day.isoformat() for day in known}


def dirty(
    settings: Settings,
    build_con: duckdb.DuckDBPyConnection,
    lake: Lake | None = None,
    as_of: datetime | None = None,
    now: Mapping[str, str] | None = None,
) -> list[date]:
    """Days to build: new, changed or vanished against what is published, or against what the build file holds.

    Args:
        settings: Which warehouse.
        build_con: Connection to the build file.
        lake: An open lake, to spare opening it again.
        as_of: The run's clock, naive UTC.
        now: What `fingerprints` says of lake and clock, to spare asking again.
    """
    lake = lake or Lake(settings)
    now = fingerprints(settings, lake, as_of) if now is None else now
    published, built = published_fingerprints(settings), built_fingerprints(build_con)
    changed = {
        day
        for day in {*now, *published, *built}
        if now.get(day) != published.get(day) or now.get(day) != built.get(day)
    }
    spans = {
        span
        for table in load_schemas(settings.project_dir).values()
        for part in current_state(lake.summaries(table)).values()
        for span in part.spans
    }
    if changed:
        known = {*now, *published, *built}
        spans |= bound_months(settings, lake, known)
        with connect(settings) as con:
            changed |= depending_days(_commitment_spans(con, lake, load_schemas(settings.project_dir)), changed, known)
    return sorted(date.fromisoformat(day) for day in with_shared_spans(changed, spans))


def mark_building(con: duckdb.DuckDBPyConnection, days: Iterable[date]) -> None:
    """Note that the days are being built, so that a build which dies leaves them dirty."""
    con.execute("create schema if not exists pipeline")
    con.execute(f"create table if not exists {BUILT_TABLE} (day date primary key, fingerprint varchar not null)")
    con.execute(
        f"insert or replace into {BUILT_TABLE} select unnest(cast(? as date[])), ?",
        [[str(day) for day in days], BUILDING],
    )


def mark_built(con: duckdb.DuckDBPyConnection, built: Mapping[date | str, str | None]) -> None:
    """Note the fingerprints that the days were built with; a day without fingerprint has vanished and is forgotten."""
    mark_building(con, [])
    marks = pa.table(
        {"day": [str(day) for day in built], "fingerprint": pa.array(built.values(), pa.string())},
    )
    con.register("marks", marks)
    con.execute(f"delete from {BUILT_TABLE} where day in (select cast(day as date) from marks)")
    con.execute(
        f"insert into {BUILT_TABLE} select cast(day as date), fingerprint from marks where fingerprint is not null"
    )
    con.unregister("marks")
