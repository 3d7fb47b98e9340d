"""Pages of OpenAI's organisation API (costs, usage): one row per result, with the start and end of its bucket.

Option `result_object`: only results of this object type; a file that holds only others is not for this table.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.pages import open_pages, reading_of
from orchestration.landing.readers.reading import Reading, text
from orchestration.landing.schema import RawTable


def _instant(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading | None:
    """Read one file of pages.

    Raises:
        FileRefused: If it is no page of results (an error body, another endpoint).
    """
    pages = open_pages(
        con,
        path,
        start="start_time",
        end="end_time",
        instant=_instant,
        endpoints="/organization/costs or /organization/usage/…",
    )
    wanted = table.options.get("result_object")
    if not wanted:
        return reading_of(con, pages, table, delivery)
    kind = "json_extract_string(r, '$.object')"
    kinds = {found for (found,) in con.execute(f"select distinct {kind} from ({pages.records})").fetchall()}
    # Only empty buckets: the file's name tells the endpoint.
    endpoint = wanted.removesuffix(".result").rsplit(".", 1)[-1]
    if wanted not in kinds if kinds else endpoint not in path.name.lower():
        return None
    return reading_of(con, pages, table, delivery, where=f"{kind} = {text(wanted)}")
