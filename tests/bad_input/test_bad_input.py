"""Bad input: each kind gets a message that names file, row and reason; good rows are kept; what was current stays."""

from __future__ import annotations

import gzip
import io
import json
import random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEADER = "id,Time,model,TokenCount,seconds\n"
GOOD = HEADER + "a,2026-11-03T10:00:00Z,m1,10,0.5\nb,2026-11-03T11:00:00Z,m2,20,0.7\n"
BILL = "account,starts_at,ends_at,cost\n"


def bill(*days: int, cost: str = "1.5", month: str = "2026-11") -> str:
    """One line a day of account 1."""
    return BILL + "".join(f"1,{month}-{day:02d} 00:00:00,{month}-{day:02d} 01:00:00,{cost}\n" for day in days)


@pytest.fixture
def current(warehouse):
    """A warehouse with two good calls."""
    assert warehouse.deliver("calls", GOOD, "good.csv").loaded == 2
    return warehouse


def assert_unchanged(warehouse) -> None:
    assert warehouse.query("select id, tokens from raw.calls order by id") == [("a", 10), ("b", 20)]


def parquet_bytes(**columns: list) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_truncated_parquet(current):
    whole = parquet_bytes(id=["c"] * 1000, Time=["2026-11-03T10:00:00Z"] * 1000, TokenCount=list(range(1000)))
    result = current.deliver("calls", whole[: len(whole) // 2], "cut.parquet")
    assert (result.outcome, result.rows_in) == ("refused", 0)
    assert result.reason.startswith("cut.parquet: it is no complete Parquet file (cut off in transfer?)")
    assert "Deliver it again" in result.reason
    assert_unchanged(current)


def test_wrong_header(current):
    result = current.deliver("calls", "kind,when\nx,y\n", "other.csv")
    assert result.outcome == "refused"
    assert (
        "other.csv: its header is wrong: 3 required column(s) are not there: id (id); seen_at (seen_at or Time); tokens"
        in result.reason
    )
    assert "It has: kind, when" in result.reason
    assert_unchanged(current)


@pytest.mark.parametrize("left", [0.5, 0.99], ids=["half", "all but the end"])
def test_gzip_cut_in_transfer(current, left):
    """A reader that takes what it gets would load a part of the file as if it were all of it."""
    seeded = random.Random(7)
    rows = "".join(f"c{seeded.getrandbits(64):x},2026-11-04T10:00:00Z,m,{row},1\n" for row in range(50_000))
    whole = gzip.compress((HEADER + rows).encode())
    result = current.deliver("calls", whole[: int(len(whole) * left)], "cut.csv.gz")
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert result.reason.startswith("cut.csv.gz: ")
    assert_unchanged(current)


def test_html_instead_of_csv(current):
    result = current.deliver("calls", "\n<!DOCTYPE html><html><body>Sign in</body></html>", "calls.csv")
    assert result.outcome == "refused"
    assert "calls.csv: CSV, Parquet or JSON lines is expected, this is an HTML or XML page" in result.reason
    assert_unchanged(current)


def test_byte_order_mark(warehouse):
    assert warehouse.deliver("calls", b"\xef\xbb\xbf" + GOOD.encode()).loaded == 2
    assert_unchanged(warehouse)


def test_byte_order_mark_before_a_quoted_header(warehouse):
    quoted = GOOD.replace(HEADER, '"id","Time","model","TokenCount","seconds"\n')
    assert warehouse.deliver("calls", b"\xef\xbb\xbf" + quoted.encode()).loaded == 2


def test_latin_1(warehouse):
    text = HEADER + "a,2026-11-03T10:00:00Z,modèle,10,0.5\n"
    assert warehouse.deliver("calls", text.encode("latin-1")).loaded == 1
    assert warehouse.query("select model from raw.calls") == [("modèle",)]


def test_utf_16(warehouse):
    assert warehouse.deliver("calls", GOOD.encode("utf-16")).loaded == 2


def test_mixed_line_ends(warehouse):
    assert warehouse.deliver("calls", GOOD.replace("0.5\n", "0.5\r\n")).loaded == 2


def test_negative_and_nan_tokens(current):
    rows = (
        "c,2026-11-04T10:00:00Z,m,-5,1\nd,2026-11-04T10:00:00Z,m,NaN,1\n"
        "e,2026-11-04T10:00:00Z,m,3.7,1\nf,2026-11-04T10:00:00Z,m,7,1\n"
    )
    good = "".join(f"g{number},2026-11-04T10:00:00Z,m,1,1\n" for number in range(5))
    result = current.deliver("calls", HEADER + rows + good, "tokens.csv")
    assert (result.outcome, result.rows_in, result.loaded, result.rejected) == ("loaded", 9, 6, 3)
    rejects = current.query(
        "select file_name, row_number, field, reason, value from raw.load_rejects order by row_number"
    )
    assert rejects == [
        ("tokens.csv", 2, "tokens", "is below 0", "-5"),
        ("tokens.csv", 3, "tokens", "is no bigint", "NaN"),
        ("tokens.csv", 4, "tokens", "is no bigint", "3.7"),
    ]
    assert current.query("select count(*), sum(tokens) from raw.calls") == [(8, 42)]


def test_nan_and_infinity_as_measured_values(current):
    rows = (
        "c,2026-11-04T10:00:00Z,m,1,NaN\nd,2026-11-04T10:00:00Z,m,1,inf\n"
        "e,2026-11-04T10:00:00Z,m,1,N/A\nf,2026-11-04T10:00:00Z,m,1,\n"
    )
    result = current.deliver("calls", HEADER + rows)
    assert (result.loaded, result.rejected) == (2, 2)
    assert current.query("select distinct field, reason from raw.load_rejects") == [
        ("seconds", "is not a finite number")
    ]


def test_date_in_2099(current):
    rows = (
        "c,2099-01-01T00:00:00Z,m,1,1\nd,2026-11-16T23:00:00Z,m,1,1\n"
        "e,1970-01-01T00:00:00Z,m,1,1\nf,2026-11-04T00:00:00Z,m,1,1\n"
    )
    result = current.deliver("calls", HEADER + rows, "future.csv")
    assert (result.loaded, result.rejected) == (2, 2)
    rejects = current.query("select row_number, field, value from raw.load_rejects order by row_number")
    assert rejects == [(2, "seen_at", "2099-01-01T00:00:00Z"), (4, "seen_at", "1970-01-01T00:00:00Z")]


def test_same_file_again_is_the_same_delivery(current):
    assert (
        current.land("calls", GOOD, "good.csv").delivery_id
        == current.query("select load_id from raw.load_ledger")[0][0]
    )
    assert current.load() == []


def test_same_content_under_another_name(current):
    result = current.deliver("calls", GOOD, "renamed.csv")
    assert (result.outcome, result.rows_in, result.loaded, result.duplicate) == ("duplicate", 2, 0, 2)
    assert "already here as load" in result.reason
    assert_unchanged(current)


def test_same_rows_in_another_file(current):
    result = current.deliver("calls", GOOD + "c,2026-11-03T12:00:00Z,m1,5,0.5\n", "more.csv")
    assert (result.outcome, result.rows_in, result.loaded, result.duplicate) == ("loaded", 3, 1, 2)
    assert current.query("select count(*), sum(tokens) from raw.calls") == [(3, 35)]


def test_unknown_column(current):
    text = "id,Time,TokenCount,colour,shape\nc,2026-11-04T10:00:00Z,1,red,\nd,2026-11-04T11:00:00Z,2,,\n"
    assert current.deliver("calls", text, "wider.csv").loaded == 2
    assert current.query("select id, _extra from raw.calls where _file = 'wider.csv' order by id") == [
        ("c", '{"colour":"red"}'),
        ("d", None),
    ]
    assert current.query("select unknown_columns from raw.load_ledger where file_name = 'wider.csv'") == [
        ('["colour", "shape"]',)
    ]


def test_retyped_column(current):
    text = HEADER + "".join(f"x{number},2026-11-04T10:00:00Z,m,many,1\n" for number in range(4))
    result = current.deliver("calls", text, "retyped.csv")
    assert (result.outcome, result.rows_in, result.rejected) == ("refused", 4, 4)
    assert "4 of 4 rows are rejected, more than the 50.00%" in result.reason
    assert "4 x tokens is no bigint (first in retyped.csv, row 2: many)" in result.reason
    assert_unchanged(current)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00"], ids=["no bytes", "broken gzip"])
def test_empty_file(current, content):
    result = current.deliver("calls", content, "empty.csv")
    assert result.outcome == "refused"
    assert result.reason.startswith("empty.csv: the ")
    assert_unchanged(current)


def test_header_without_rows_loads_nothing(current):
    result = current.deliver("calls", HEADER, "bare.csv")
    assert (result.outcome, result.rows_in, result.loaded) == ("loaded", 0, 0)
    assert_unchanged(current)


def test_binary_file(current):
    result = current.deliver("calls", b"\x7fELF\x02\x01\x01\x00\x00\x00", "calls.csv")
    assert result.outcome == "refused"
    assert "this is binary data" in result.reason


def test_lines_of_the_wrong_length(current):
    text = (
        HEADER
        + "c,2026-11-04T10:00:00Z,m,1,1\nd,2026-11-04\ne,2026-11-04T10:00:00Z,m,1,1,9,9\n"
        + "".join(f"g{number},2026-11-04T10:00:00Z,m,1,1\n" for number in range(3))
    )
    result = current.deliver("calls", text, "ragged.csv")
    assert (result.outcome, result.rows_in, result.loaded, result.rejected) == ("loaded", 6, 4, 2)
    rows = current.query("select row_number, reason, value from raw.load_rejects order by row_number")
    assert [row[0] for row in rows] == [3, 4]
    assert rows[0][1].startswith("MISSING COLUMNS")
    assert rows[1][2] == "e,2026-11-04T10:00:00Z,m,1,1,9,9"


def test_rows_are_counted_as_records_where_a_quoted_value_holds_line_ends(current):
    """What a spreadsheet shows: the header is row 1 and a value of three lines is one row."""
    good = "".join(f"g{number},2026-11-04T10:00:00Z,m,1,1\n" for number in range(4))
    text = HEADER + 'c,2026-11-04T10:00:00Z,"one\ntwo\nthree",1,1\nd,2026-11-04T10:00:00Z,m,-5,1\n' + good
    result = current.deliver("calls", text + "e,2026-11-04T10:00:00Z,m,-6,1\n", "quoted.csv")
    assert (result.outcome, result.rows_in, result.loaded, result.rejected) == ("loaded", 7, 5, 2)
    assert current.query("select row_number, value from raw.load_rejects order by row_number") == [(3, "-5"), (8, "-6")]
    assert current.query("select model from raw.calls where id = 'c'") == [("one\ntwo\nthree",)]


def test_rejects_name_the_row_that_a_spreadsheet_shows(current):
    text = (
        HEADER
        + 'a1,2026-11-04T10:00:00Z,"two\nlines",many,1\n'  # row 2
        + "a2,2026-11-04T10:00:00Z\n"  # row 3
        + "a3,2026-11-04T10:00:00Z,m,1,1\n"
        + "a4,2026-11-04T10:00:00Z,m,1,1,1,1,1\n"  # row 5
        + "a5,2026-11-04T10:00:00Z,m,1,1\n"
        + "a6,2026-11-04T10:00:00Z,m,-1,1\n"  # row 7
        + "a7,2026-11-04T10:00:00Z,m,1,1\n"
        + "a8,2026-11-04T10:00:00Z,m,1,1\n"
    )
    result = current.deliver("calls", text, "odd.csv")
    assert (result.rows_in, result.loaded, result.rejected) == (8, 4, 4)
    rows = "select row_number, field, value from raw.load_rejects where file_name = 'odd.csv' order by row_number"
    assert [(row, field) for row, field, _ in current.query(rows)] == [(2, "tokens"), (3, ""), (5, ""), (7, "tokens")]


def test_month_with_fewer_days(warehouse):
    assert warehouse.deliver("bill", bill(1, 2, 3), "full.csv", version="1").loaded == 3
    result = warehouse.deliver("bill", bill(1, 2), "short.csv", version="2")
    assert (result.outcome, result.rows_in, result.rejected) == ("refused", 2, 2)
    assert "short.csv: bill|1|2026-11 covers 2 days, but 3 are current; missing: 2026-11-03" in result.reason
    assert "--force" in result.reason
    assert warehouse.query("select count(*) from raw.bill") == [(3,)]
    assert warehouse.deliver("bill", bill(1, 2), "short.csv", version="3", force=True).loaded == 2
    assert warehouse.query("select count(*) from raw.bill") == [(2,)]


def test_older_version_of_a_month(warehouse):
    warehouse.deliver("bill", bill(1, 2, cost="2"), version="2026-11-05T00:00:00Z")
    result = warehouse.deliver("bill", bill(1, 2, cost="1"), version="2026-11-04T00:00:00Z")
    assert (result.outcome, result.superseded) == ("refused", 2)
    assert "is older than" in result.reason
    assert warehouse.query("select distinct cost from raw.bill") == [("2",)]


def test_two_contents_of_one_version(warehouse):
    warehouse.deliver("bill", bill(1, 2, cost="2"))
    result = warehouse.deliver("bill", bill(1, 2, cost="1"))
    assert result.outcome == "refused"
    assert "--version" in result.reason
    assert warehouse.query("select distinct cost from raw.bill") == [("2",)]


def test_amount_that_is_no_number(warehouse):
    result = warehouse.deliver("bill", bill(1) + "1,2026-11-02 00:00:00,2026-11-02 01:00:00,n/a\n", "bill.csv")
    assert result.outcome == "refused"
    assert "1 x cost is no amount of money (first in bill.csv, row 3: n/a)" in result.reason


def test_labels_cut_out_of_a_dump(warehouse):
    dump = 'up{UUID="GPU-1",host="a"} 1\nup{UUID="GPU-2",...} 1\n'
    result = warehouse.deliver("metrics", dump, "dump.prom", observed_at="2026-11-03T10:00:00Z")
    assert result.outcome == "refused"
    assert "dump.prom: line 2 has labels that are cut out" in result.reason


def test_dump_without_observation_time(warehouse):
    result = warehouse.deliver("metrics", 'up{UUID="GPU-1"} 1\n', "dump.prom")
    assert result.outcome == "refused"
    assert "--observed-at" in result.reason


def test_line_that_is_no_json(warehouse):
    good = '{"id": "%s", "seen_at": "2026-11-03T10:00:00Z"}\n'
    text = good % "a" + '{"id": "b", "seen_at": \n' + good % "c"
    result = warehouse.deliver("logs", text, "log.jsonl")
    assert (result.loaded, result.rejected) == (2, 1)
    assert warehouse.query("select row_number, field, reason from raw.load_rejects") == [(2, "id", "is missing")]


def test_error_body_instead_of_a_page(warehouse):
    result = warehouse.deliver("costs", '{"error": {"message": "Incorrect API key"}}', "costs.json")
    assert result.outcome == "refused"
    assert "holds the API's error instead of a page: Incorrect API key" in result.reason


def test_gate_refuses_and_the_reason_is_on_record(current):
    from orchestration.landing.load import Verdict

    current.land("calls", HEADER + "z,2026-11-04T10:00:00Z,m,1,1\n", "judged.csv")
    (result,) = current.load(
        judge=lambda candidates: {one.candidate_id: Verdict(False, "volume is off") for one in candidates}
    )
    assert (result.outcome, result.rejected) == ("refused", 1)
    assert current.query("select reason from raw.load_ledger where file_name = 'judged.csv'") == [
        ("judged.csv: gate 1: volume is off",)
    ]
    assert_unchanged(current)


def test_candidate_files_hold_one_schema(current):
    """Files of differing decimal scale read together change money silently: every file must have exactly the declared
    types.
    """
    current.deliver("calls", parquet_bytes(id=["p"], Time=["2026-11-05T00:00:00Z"], TokenCount=[3]), "more.parquet")
    paths = [str(path) for path in (current.settings.lake / "data" / "calls").rglob("*.parquet")]
    described = {tuple(duckdb.sql(f"describe select * from '{path}'").fetchall()) for path in paths}
    assert len(paths) >= 2
    assert len(described) == 1


def test_prometheus_answer_that_is_cut_off(warehouse):
    series = {"metric": {"__name__": "up"}, "values": [[1793700900, "1"], [1793700960, "1"]]}
    body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series]}})
    assert warehouse.deliver("metrics", body, "whole.json").loaded == 2
    result = warehouse.deliver("metrics", body[:-30], "cut.json")
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert result.reason.startswith("cut.json: reading stopped: ")
    assert result.reason.endswith("Deliver it again.")
    assert warehouse.query("select count(*) from raw.metrics") == [(2,)]


def test_the_file_of_a_delivery_that_cannot_be_read_is_named_alone(warehouse):
    series = {"metric": {"__name__": "up"}, "values": [[1793700900, "1"], [1793700960, "1"]]}
    body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series]}})
    warehouse.land_files("metrics", {"a.json": body, "b.json": body[:-30], "c.json": body})
    (result,) = warehouse.load()
    assert (result.outcome, result.loaded) == ("refused", 0)
    assert result.reason.startswith("b.json: reading stopped: ")
