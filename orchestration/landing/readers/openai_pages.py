"""Pages of OpenAI's organisation API (costs, usage): one row per result, with the start and end of its bucket.

Option `result_object`: only results of this object type; a file that holds only others is not for this table.
"""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.pages import open_pages, reading_of
from orchestration.landing.readers.reading import Reading, text
from orchestration.landing.schema import RawTable

_RESULT = re.compile(rb'"object"\s*:\s*"([^"\\]+\.result)"')


def _instant(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


@lru_cache(maxsize=1024)
def _result_kinds(path: Path, changed_ns: int, size: int) -> frozenset[str]:
    """Object types of the results that a file names. Kept: each table of the source asks about each file of a delivery."""
    with gzip.open(path) if is_gzip(path) else path.open("rb") as stream:
        return frozenset(kind.decode() for kind in _RESULT.findall(stream.read()))


def _is_for_others(path: Path, wanted: str) -> bool:
    """Whether a file names results, but none of the wanted type; one that cannot be read is for nobody else."""
    status = path.stat()
    try:
        kinds = _result_kinds(path, status.st_mtime_ns, status.st_size)
    except (OSError, EOFError):
        return False
    return bool(kinds) and wanted not in kinds


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading | None:
    """Read one file of pages.

    Raises:
        FileRefused: If it is no page of results (an error body, another endpoint).
    """
    wanted = table.options.get("result_object")
    if wanted and _is_for_others(path, wanted):
        return None
    pages = open_pages(
        con,
        path,
        start="start_time",
        end="end_time",
        instant=_instant,
        endpoints="/organization/costs or /organization/usage/…",
    )
    if not wanted:
        return reading_of(con, pages, table, delivery)
    kind = "json_extract_string(r, '$.object')"
    kinds = {found for (found,) in con.execute(f"select distinct {kind} from ({pages.records})").fetchall()}
    # Only empty buckets: the file's name tells the endpoint.
    endpoint = wanted.removesuffix(".result").rsplit(".", 1)[-1]
    if wanted not in kinds if kinds else endpoint not in path.name.lower():
        return None
    return reading_of(con, pages, table, delivery, where=f"{kind} = {text(wanted)}")
