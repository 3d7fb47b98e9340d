"""What a raw table holds now, folded from the summaries of its loads: rows, days and fingerprints of each partition.

A summary's partition says `set` (its rows are now exactly these), `add` (these came on top) or `drop` (nothing is
left); its feeds say rows, the newest `_day`, and per covered day [rows, sum of row hashes]. Sums of hashes do not
depend on order, so they add up where rows are added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.landing.duplicates import scan
from orchestration.landing.readers.reading import name
from orchestration.landing.schema import RawTable


@dataclass
class FeedState:
    """One feed inside a partition.

    Attributes:
        rows: Its rows.
        max_day: Newest `_day`; of bills with a `shared_span` only of the lines of use, since a purchase may lie ahead.
        days: Covered day to [rows, sum of hashes].
        starts: Days on which rows start.
    """

    rows: int = 0
    max_day: str | None = None
    days: dict[str, tuple[int, int]] = field(default_factory=dict)
    starts: set[str] = field(default_factory=set)


@dataclass
class PartitionState:
    """A partition as it is now, with the load that wrote it last.

    Attributes:
        load_id: Load that wrote it last.
        version: That load's version.
        schemas: Hashes of the declarations that its files were written with.
        feeds: What each feed has in it.
        spans: First and last day of the bill rows that are longer than a day.
    """

    load_id: str
    version: str
    schemas: set[str] = field(default_factory=set)
    feeds: dict[str, FeedState] = field(default_factory=dict)
    spans: set[tuple[str, str]] = field(default_factory=set)

    @property
    def rows(self) -> int:
        """Rows of all feeds."""
        return sum(feed.rows for feed in self.feeds.values())

    def days(self) -> set[str]:
        """Covered days of all feeds, ISO."""
        return {day for feed in self.feeds.values() for day in feed.days}

    def starting_days(self) -> set[str]:
        """Days on which a row starts, ISO: what an export really holds (one monthly fee covers every day)."""
        return {day for feed in self.feeds.values() for day in feed.starts}

    def empty_feeds(self) -> dict[str, dict]:
        """The feeds of a partition that was dropped."""
        return {feed: {"rows": 0, "max_day": None, "days": {}, "starts": []} for feed in self.feeds}


def current_state(summaries: Iterable[dict]) -> dict[str, PartitionState]:
    """Fold the loads of one table, oldest first, into partition -> state. Dropped partitions stay, empty, with their
    version.
    """
    state: dict[str, PartitionState] = {}
    for summary in summaries:
        for partition, part in summary["partitions"].items():
            if part["op"] != "add" or partition not in state:
                state[partition] = PartitionState(summary["load_id"], summary["version"])
            now = state[partition]
            now.load_id, now.version = summary["load_id"], summary["version"]
            now.schemas.add(summary["schema"])
            now.spans |= {(first, last) for first, last in part.get("spans", ())}
            for feed, stats in part["feeds"].items():
                mine = now.feeds.setdefault(feed, FeedState())
                mine.rows += stats["rows"]
                mine.max_day = max(filter(None, (mine.max_day, stats["max_day"])), default=None)
                mine.starts |= set(stats["starts"])
                for day, (rows, hashes) in stats["days"].items():
                    old_rows, old_hashes = mine.days.get(day, (0, 0))
                    mine.days[day] = (old_rows + rows, old_hashes + int(hashes))
    return state


def statistics(con: duckdb.DuckDBPyConnection, table: RawTable, files: dict[str, list[Path]]) -> dict[str, dict]:
    """Summary entries (without `op`) of the partitions: rows, newest day and day fingerprints per feed.

    A row counts for each day from `_day` to its span's end, so a change in it dirties all of them.
    """
    paths = [path for listed in files.values() for path in listed]
    result: dict[str, dict] = {partition: {"feeds": {}} for partition in files}
    if not paths:
        return result
    content = [name(column.name) for column in table.columns if column.name not in table.fingerprint_except]
    hashed = f"hash({', '.join(content)})"
    span = f"greatest(coalesce(cast({table.span_end} as date), _day), _day)" if table.span_end else "_day"
    shared = table.shared_span or "true"
    rows = con.execute(
        f"""
        with grouped as (
            select _partition, _feed, _day, last_day, count(*) as rows, sum(h) as hashes, bool_or(is_use) as is_use
            from (
                select _partition, _feed, _day, {span} as last_day, {hashed} as h, ({shared}) as is_use
                from {scan(paths)}
            )
            group by _partition, _feed, _day, last_day
        ),
        covered as (
            select _partition, _feed, _day, rows, hashes, is_use, cast(unnest(generate_series(_day, last_day, interval 1
                day)) as date) as day
            from grouped where _day is not null
            union all
            select _partition, _feed, _day, rows, hashes, is_use, null from grouped where _day is null
        )
        select _partition, _feed, cast(day as varchar), sum(rows), cast(sum(hashes) as varchar),
            sum(case when day is null or day = _day then rows else 0 end),
            cast(max(case when is_use then _day end) as varchar)
        from covered group by _partition, _feed, day order by all
        """
    ).fetchall()
    for partition, feed, day, count, hashes, starting, max_day in rows:
        stats = result[partition]["feeds"].setdefault(feed, {"rows": 0, "max_day": None, "days": {}, "starts": []})
        stats["rows"] += int(starting)
        stats["max_day"] = max(filter(None, (stats["max_day"], max_day)), default=None)
        if day is not None:
            stats["days"][day] = [int(count), hashes]
            if starting:
                stats["starts"].append(day)
    if table.bill and table.span_end:
        for partition, first, last in con.execute(
            f"""
            select distinct _partition, cast(_day as varchar), cast(last_day as varchar)
            from (select *, {span} as last_day from {scan(paths)}) where last_day > _day and ({shared}) order by all
            """
        ).fetchall():
            result[partition].setdefault("spans", []).append([first, last])
    return result
