"""Observations of Langfuse in the forms of its exports, and the traces that its own tests keep."""

from __future__ import annotations

import io
import json
import os
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.settings import PROJECT_DIR

TRACES = Path(os.environ.get("AI_FINOPS_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data") / "langfuse_traces"

USAGE = {"input": 100, "input_cache_read": 1000, "input_cache_creation": 500, "output": 50, "total": 1650}
EXPORTED = {
    "id": "obs-1",
    "trace_id": "tr-1",
    "project_id": "p1",
    "type": "GENERATION",
    "start_time": "2026-11-03 10:15:00.000",
    "environment": "production",
    "provided_model_name": "claude-opus-4-8",
    "usage_details": USAGE,
    "total_cost": 0.005375,
    "metadata": {"team": "support", "attributes": {"gen_ai.system": "anthropic"}},
    "input": "SECRET",
    "output": "SECRET",
    "level": "DEFAULT",
    "event_ts": "2026-11-03 10:15:04.000",
}
SHOWN = "select id, model, provider, team, cast(usage_details as json), total_cost, cast(start_time as varchar) from raw.langfuse_observations"
READ = ("obs-1", "claude-opus-4-8", "anthropic", "support", USAGE, "0.005375", "2026-11-03 10:15:00")


def read(own_schemas) -> tuple:
    [row] = own_schemas.query(SHOWN)
    return *row[:4], json.loads(row[4]), *row[5:]


def lines(*rows: dict) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_json_lines(own_schemas):
    assert own_schemas.deliver("langfuse", lines(EXPORTED), "observations.jsonl").loaded == 1
    assert read(own_schemas) == READ
    assert "SECRET" not in str(own_schemas.query("select * from raw.langfuse_observations"))


def test_csv(own_schemas):
    row = EXPORTED | {"usage_details": json.dumps(USAGE), "metadata": json.dumps(EXPORTED["metadata"])}
    quoted = ['"' + str(value).replace('"', '""') + '"' for value in row.values()]
    own_schemas.deliver("langfuse", ",".join(row) + "\n" + ",".join(quoted) + "\n", "observations.csv")
    assert read(own_schemas) == READ


def test_parquet_with_a_map(own_schemas):
    usage = pa.array([list(USAGE.items())], type=pa.map_(pa.string(), pa.uint64()))
    columns = {name: [value] for name, value in EXPORTED.items() if name not in ("usage_details", "metadata")}
    metadata = pa.array([[("team", "support"), ("provider", "anthropic")]], type=pa.map_(pa.string(), pa.string()))
    sink = io.BytesIO()
    pq.write_table(pa.table(columns | {"usage_details": usage, "metadata": metadata}), sink)
    own_schemas.deliver("langfuse", sink.getvalue(), "observations.parquet")
    assert read(own_schemas) == READ


def test_the_newest_version_of_an_observation_is_valid_whatever_arrives_first(own_schemas):
    """Rows change until they are complete, and are deleted by a newer row."""
    late = EXPORTED | {"event_ts": "2026-11-03 10:20:00.000", "total_cost": 7}
    gone = EXPORTED | {"event_ts": "2026-11-03 10:30:00.000", "is_deleted": 1}
    own_schemas.deliver("langfuse", lines(late), "b.jsonl")
    early = own_schemas.deliver("langfuse", lines(EXPORTED), "a.jsonl")
    assert (early.loaded, early.superseded) == (0, 1)
    assert own_schemas.query("select total_cost, is_deleted from raw.langfuse_observations") == [("7", None)]
    own_schemas.deliver("langfuse", lines(gone), "c.jsonl")
    assert own_schemas.query("select is_deleted from raw.langfuse_observations") == [("1",)]


def test_half_a_trace_is_refused(own_schemas):
    whole = json.dumps({"trace": {"id": "t"}, "observations": [EXPORTED]})
    refused = own_schemas.deliver("langfuse", whole[: len(whole) // 2], "t.trace.json")
    assert refused.outcome == "refused"
    assert own_schemas.query("select count(*) from raw.langfuse_observations") == [(0,)]


@pytest.mark.skipif(not TRACES.is_dir(), reason=f"real data is not here: AI_FINOPS_SHARED_DATA ({TRACES})")
def test_real_traces(own_schemas):
    """Ten calls of three frameworks; figures added up from the files by hand."""
    for number, path in enumerate(sorted(TRACES.glob("*.trace.json"))):
        assert own_schemas.deliver("langfuse", path.read_bytes(), path.name, version=str(number)).outcome == "loaded"
    assert own_schemas.query("select type, count(*) from raw.langfuse_observations group by all order by all") == [
        ("AGENT", 2), ("GENERATION", 10), ("SPAN", 6), ("TOOL", 6),
    ]  # fmt: skip
    found = own_schemas.query(
        "select provider, model, count(*), count(response_id), sum(cast(usage_details->>'input' as bigint)), "
        "sum(cast(usage_details->>'output' as bigint)), sum(cast(total_cost as decimal(18, 9))) "
        "from raw.langfuse_observations where type = 'GENERATION' group by all order by all"
    )
    assert found == [
        ("anthropic", "claude-sonnet-4-5-20250929", 4, 0, 34, 232, Decimal("0.003582000")),
        ("openai", "gpt-4.1-2025-04-14", 2, 2, 140, 44, Decimal("0.000632000")),
        ("openai", "gpt-4o-mini-2024-07-18", 4, 4, 1315, 209, Decimal("0.000322650")),
    ]
