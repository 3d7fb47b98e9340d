"""Pages of Anthropic's organisation API (usage and cost reports): one row per result, with its bucket's start and end.

Option `result_field`: a field that results of the wanted report have; a file whose results lack it is not for this
table.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.pages import open_pages, reading_of
from orchestration.landing.readers.reading import Reading
from orchestration.landing.schema import RawTable


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading | None:
    """Read one file of pages.

    Raises:
        FileRefused: If it is no page of results (an error body, another endpoint).
    """
    pages = open_pages(
        con,
        path,
        start="starting_at",
        end="ending_at",
        instant=_instant,
        endpoints="/v1/organizations/usage_report/messages",
    )
    results, wanted = con.execute(
        f"select count(*), count(*) filter (json_exists(r, '$.{table.options['result_field']}')) from ({pages.records})"
    ).fetchone()
    if results and not wanted:
        return None
    return reading_of(con, pages, table, delivery)
