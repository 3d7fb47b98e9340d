"""Cost Management exports of Azure: delimited text or Parquet, whose rows do not say whether they are actual or amortized
cost. The manifest of the run says it, else the file's name, else the delivery's mapping (`cost_dataset`).

Dates of CSV exports are written month first, `09/22/2023`, whatever the locale of the account.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers import tabular
from orchestration.landing.readers.reading import FileRefused, Reading, text
from orchestration.landing.schema import RawTable

DATASET = "cost_dataset"
# exportConfig.type of the manifest
DATASETS = {"actualcost": "actual", "usage": "actual", "amortizedcost": "amortized"}
OTHER_EXPORTS = {"focuscost": "source `focus`"}
DATE_FORMATS = ["%m/%d/%Y", "%m/%d/%Y %H:%M:%S"]


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one file of an export.

    Raises:
        FileRefused: If nothing says which kind of cost it holds, or it is an export of another kind.
    """
    reading = tabular.read(con, path, table, delivery)
    if DATASET not in reading.found:
        reading.found[DATASET] = [(text(dataset_of(path, delivery)), "VARCHAR")]
    for column in (column for column in table.columns if column.data_type == "date"):
        pairs = reading.found.get(column.name, [])
        reading.found[column.name] = [
            (_iso_date(expression), kind) if kind == "VARCHAR" else (expression, kind) for expression, kind in pairs
        ]
        if not pairs:
            del reading.found[column.name]
    return reading


def _iso_date(expression: str) -> str:
    formats = ", ".join(text(one) for one in DATE_FORMATS)
    return f"coalesce(strftime(try_strptime({expression}, [{formats}]), '%Y-%m-%d'), {expression})"


def dataset_of(path: Path, delivery: Delivery) -> str:
    """`actual` or `amortized`.

    Raises:
        FileRefused: If neither the manifest nor the name of the file tells.
    """
    for manifest in sorted(file for file in delivery.files if file.lower().endswith("manifest.json")):
        content = json.loads((delivery.path / manifest).read_text(encoding="utf-8-sig"))
        kind = str((content.get("exportConfig") or {}).get("type", "")).lower()
        if kind in DATASETS:
            return DATASETS[kind]
        if kind:
            home = OTHER_EXPORTS.get(kind, "no source of this project")
            raise FileRefused(f"its manifest says that it is a {kind} export, which belongs to {home}. Land it there")
    plain = path.name.lower()
    if "amorti" in plain:
        return "amortized"
    if "actual" in plain:
        return "actual"
    raise FileRefused(
        f"nothing says whether it holds actual or amortized cost. Land it with its manifest.json, or with "
        f"--map {DATASET}==actual or --map {DATASET}==amortized"
    )
