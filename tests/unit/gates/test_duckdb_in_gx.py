"""The one-line fix of Great Expectations on DuckDB: needed, and enough. Each case runs in its own process, as the gate
does.
"""

import subprocess
import sys

PROGRAM = """
import great_expectations as gx
import great_expectations.expectations as gxe
{fix}
context = gx.get_context(mode="ephemeral")
source = context.data_sources.add_sql("s", connection_string="duckdb:///:memory:", create_temp_table=False)
asset = source.add_query_asset("t", query="select * from (values (1), (null)) as t(a)")
batch = asset.add_batch_definition_whole_table("b").get_batch()
good = batch.validate(gxe.ExpectTableRowCountToBeBetween(min_value=2, max_value=2))
bad = batch.validate(gxe.ExpectColumnValuesToNotBeNull(column="a"))
print("ANSWER", good.success, bad.success, bad.result.get("unexpected_count"))
"""
FIX = "from orchestration.gates.duckdb_in_gx import keep_one_connection; keep_one_connection()"


def answer(fix: str) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(fix=fix)], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    return lines[0] if lines else f"no answer: {done.stderr[-300:]}"


def test_with_the_line_gx_answers_right():
    assert answer(FIX) == "ANSWER True False 1"


def test_without_the_line_gx_is_still_broken():
    """When this fails, GX has learnt DuckDB: remove duckdb_in_gx.py and its callers."""
    assert answer("") != "ANSWER True False 1"
