"""Pages of Anthropic's organisation API (usage and cost reports): one row per result, with its bucket's start and end.

Options:

* `result_field`: a field that results of the wanted report have; a file whose results lack it is not for this table.
* `without_field`: a field that only another report has.
* `file_name`: pattern of the names of files that are of this report where their content does not tell: no bucket has a result, or
  it is no page.
* `group_cap`: the number of groups after which the vendor leaves the rest of a bucket out; at so many a warning is recorded.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.pages import open_pages, reading_of
from orchestration.landing.readers.reading import FileRefused, Reading
from orchestration.landing.schema import RawTable


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading | None:
    """Read one file of pages.

    Raises:
        FileRefused: If it is no page of results (an error body, another endpoint).
    """
    is_named = re.search(table.options["file_name"], path.name.lower()) is not None
    try:
        pages = open_pages(
            con,
            path,
            start="starting_at",
            end="ending_at",
            instant=_instant,
            endpoints="/v1/organizations/usage_report/messages, /cost_report or /analytics/cost",
        )
    except FileRefused:
        if is_named:
            raise
        return None
    wanted = has_field(table.options["result_field"])
    if "without_field" in table.options:
        wanted += f" and not {has_field(table.options['without_field'])}"
    results, own = con.execute(f"select count(*), count(*) filter ({wanted}) from ({pages.records})").fetchone()
    if not own and (results or not is_named):
        return None
    reading = reading_of(con, pages, table, delivery)
    cap = table.options.get("group_cap")
    if cap:
        [(full,)] = con.execute(
            f"select count(*) from (select 1 from ({pages.records}) group by starting_at having count(*) >= {int(cap)})"
        ).fetchall()
        if full:
            reading.warnings.append(
                f"{full} bucket(s) have {cap} groups or more: the vendor leaves out what is beyond, so their sum may be "
                f"short. Pull fewer dimensions, or the same days without groups"
            )
    return reading


def has_field(field: str) -> str:
    """SQL of whether a result has the field, itself or in one of its parts (`cost`)."""
    return f"(json_exists(r, '$.{field}') or json_exists(r, '$.cost.{field}'))"
