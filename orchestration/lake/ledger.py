"""The load ledger: the summaries of all loads as one table, one row per (load, table, file)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa

from orchestration.lake.catalog import Lake
from orchestration.landing.schema import load_schemas
from orchestration.settings import Settings

SCHEMA = pa.schema(
    [
        ("load_id", pa.string()),
        ("source", pa.string()),
        ("feed", pa.string()),
        ("table_name", pa.string()),
        ("file_name", pa.string()),
        ("file_sha256", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("version", pa.string()),
        ("forced", pa.bool_()),
        ("rows_in", pa.int64()),
        ("rows_loaded", pa.int64()),
        ("rows_rejected", pa.int64()),
        ("rows_duplicate", pa.int64()),
        ("rows_superseded", pa.int64()),
        ("load_rows_replaced", pa.int64()),
        ("unknown_columns", pa.string()),
        ("missing_columns", pa.string()),
        ("amounts", pa.string()),
        ("restated", pa.string()),
        ("first_day", pa.date32()),
        ("last_day", pa.date32()),
        ("days", pa.int64()),
        ("gate", pa.string()),
        ("warnings", pa.string()),
        ("committed_at", pa.timestamp("us")),
        ("snapshot_id", pa.int64()),
    ]
)


def ledger(settings: Settings, lake: Lake | None = None) -> pa.Table:
    """Every load of every raw table, in order of commit.

    `amounts` is JSON {column: {sum, residue}} of the whole load (not of one file): the exact sum as text and what
    rounding each row to 12 places half-even takes away. `restated` is JSON of what the load replaced: {amounts: {currency:
    {column: {before, after, load}}}}, before and after for the days that were there before, and the newest of them
    (last_day). `days` counts the days that the load wrote, `committed_at` is
    UTC.
    """
    lake = lake or Lake(settings)
    rows: list[dict] = []
    for table in load_schemas(settings.project_dir).values():
        for summary in lake.summaries(table):
            feeds = [feed for part in summary["partitions"].values() for feed in part["feeds"].values()]
            days = sorted({day for feed in feeds for day in feed["days"]})
            load = {
                "load_id": summary["load_id"],
                "source": summary["source"],
                "feed": summary["feed"],
                "table_name": table.name,
                "outcome": summary["outcome"],
                "reason": summary["reason"] or None,
                "version": summary["version"] or None,
                "forced": summary.get("forced", False),
                "load_rows_replaced": summary["replaced"],
                "amounts": _json(summary["amounts"]),
                "restated": _json(summary.get("restated")),
                "first_day": datetime.fromisoformat(days[0]).date() if days else None,
                "last_day": datetime.fromisoformat(days[-1]).date() if days else None,
                "days": len(days),
                "gate": _json(summary["gate"]),
                "warnings": _json(summary["warnings"]),
                "committed_at": datetime.fromtimestamp(summary["committed_at"] / 1000, UTC).replace(tzinfo=None),
                "snapshot_id": summary["snapshot_id"],
            }
            for file in summary["files"]:
                rows.append(
                    load
                    | {
                        "file_name": file["file"],
                        "file_sha256": file["sha256"],
                        "rows_in": file["rows_in"],
                        "rows_loaded": file["loaded"],
                        "rows_rejected": file["rejected"],
                        "rows_duplicate": file["duplicate"],
                        "rows_superseded": file["superseded"],
                        "unknown_columns": _json(file["unknown_columns"]),
                        "missing_columns": _json(file["missing_columns"]),
                    }
                )
    rows.sort(key=lambda row: (row["committed_at"], row["table_name"], row["load_id"], row["file_name"]))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _json(value: dict | list | None) -> str | None:
    return json.dumps(value, sort_keys=True, default=str) if value else None
