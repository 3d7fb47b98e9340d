"""Loading: typing, origins, duplicates, versions and the ways of restatement."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from orchestration.landing.deliveries import LandingError, land, land_inbox, version_order
from orchestration.landing.load import pending
from orchestration.landing.readers import json_lines

CALLS = "id,Time,model,TokenCount,updated_at\n"


def call(key: str, tokens: int, updated: str = "", day: str = "2026-11-03") -> str:
    return f"{key},{day}T10:00:00Z,m,{tokens},{updated}\n"


def bill(*lines: tuple[str, str, str]) -> str:
    """(account, day, cost)"""
    return "account,starts_at,ends_at,cost\n" + "".join(
        f"{account},{day} 00:00:00,{day} 01:00:00,{cost}\n" for account, day, cost in lines
    )


def page(*buckets: tuple[str, list[float]]) -> str:
    """One page of costs with a day bucket each."""
    data = []
    for day, amounts in buckets:
        start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        results = [
            {"object": "organization.costs.result", "amount": {"value": amount, "currency": "usd"}, "line_item": "x"}
            for amount in amounts
        ]
        data.append({"object": "bucket", "start_time": start, "end_time": start + 86400, "results": results})
    return json.dumps({"object": "page", "data": data, "has_more": False, "next_page": None})


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-11-03T10:15:00.000Z", "2026-11-03 10:15:00"),
        ("2026-11-03 10:15:00+02:00", "2026-11-03 08:15:00"),
        ("2026-11-03T10:15:00-0500", "2026-11-03 15:15:00"),
        ("2026-11-03 10:15:00 +0000 UTC", "2026-11-03 10:15:00"),
        ("2026-11-03 10:15:00 +0100 CET", "2026-11-03 09:15:00"),
        ("2026-11-03 10:15:00.1234567", "2026-11-03 10:15:00.123456"),
        ("1793700900", "2026-11-03 10:15:00"),
        ("1793700900000", "2026-11-03 10:15:00"),
        ("1793700900.5", "2026-11-03 10:15:00.5"),
    ],
)
def test_times_become_utc(warehouse, written, utc):
    assert warehouse.deliver("calls", f"id,Time,TokenCount\na,{written},1\n").loaded == 1
    assert warehouse.query("select cast(seen_at as varchar) from raw.calls") == [(utc,)]


@pytest.mark.parametrize(("written", "count"), [("3", 3), ("3.0", 3), ("1e3", 1000), (" 7 ", 7)])
def test_counts(warehouse, written, count):
    warehouse.deliver("calls", f"id,Time,TokenCount\na,2026-11-03T00:00:00Z,{written}\n")
    assert warehouse.query("select tokens from raw.calls") == [(count,)]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("3.7", "is no bigint"),
        ("15e-1", "is no bigint"),
        ("many", "is no bigint"),
        ("9223372036854775808", "is no bigint"),
        ("NaN", "is no bigint"),
        ("", "is missing"),
        ("   ", "is missing"),
        ("N/A", "is missing"),
        ("-1", "is below 0"),
    ],
)
def test_a_count_that_is_none_is_rejected_for_its_own_reason(warehouse, written, reason):
    sound = "b,2026-11-03T00:00:00Z,2\n"
    warehouse.deliver("calls", f"id,Time,TokenCount\na,2026-11-03T00:00:00Z,{written}\n{sound}")
    assert warehouse.query("select row_number, field, reason from raw.load_rejects") == [(2, "tokens", reason)]
    assert warehouse.query("select id, tokens from raw.calls") == [("b", 2)]


def test_account_ids_keep_their_zeros_and_quoted_newlines_their_line(warehouse):
    warehouse.deliver("calls", 'id,Time,model,TokenCount\n007,2026-11-03T00:00:00Z,"two\nlines",1\n')
    assert warehouse.query("select id, model from raw.calls") == [("007", "two\nlines")]


def test_mapping_names_columns_and_marks_constants(warehouse):
    mapping = {"id": "Key", "seen_at": "When", "tokens": "N", "model": "=gpt-x"}
    warehouse.deliver("calls", "Key,When,N,Other\na,2026-11-03T00:00:00Z,5,z\n", mapping=mapping)
    assert warehouse.query("select id, model, tokens, _extra from raw.calls") == [
        ("a", "gpt-x", 5, '{"Other":"z","assumed":{"model":"gpt-x"}}')
    ]


def test_mapping_to_a_column_that_is_not_there(warehouse):
    result = warehouse.deliver("calls", CALLS + call("a", 1), mapping={"tokens": "Nope"})
    assert result.outcome == "refused"
    assert "takes tokens from `Nope`, which the file does not have" in result.reason


def test_prefixed_headers_become_a_map(warehouse):
    text = "account,starts_at,cost,tag/team,tag/Team\n1,2026-11-01,1,red,\n1,2026-11-02,1,,\n"
    warehouse.deliver("bill", text)
    assert warehouse.query("select tags from raw.bill order by starts_at") == [('{"team":"red"}',), (None,)]


def test_exact_sum_and_rounding_residue_of_amounts(warehouse):
    # 0.1234567890125 is a tie at 12 places: half-even keeps ...012, so 0.0000000000005 is the residue.
    warehouse.deliver("bill", bill(("1", "2026-11-01", "0.1234567890125"), ("1", "2026-11-02", "1.81E-8")))
    (amounts,) = warehouse.query("select amounts from raw.load_ledger")[0]
    assert json.loads(amounts)["cost"] == {
        "sum": "0.1234568071125000000000000000",
        "residue": "0.0000000000005000000000000000",
    }


def test_json_paths_take_the_first_that_has_a_value(warehouse):
    lines = [
        {
            "id": "a",
            "seen_at": "2026-11-03T00:00:00Z",
            "usage": {"details": {"cached": 4}},
            "labels": ["x"],
            "messages": ["secret"],
        },
        {"id": "b", "seen_at": "2026-11-03T00:00:00Z", "usage": {"cached": 5}, "new_field": {"k": 1}},
        {"id": "c", "seen_at": "2026-11-03T00:00:00Z", "usage": json.dumps({"cached": 6})},
    ]
    warehouse.deliver("logs", "\n".join(json.dumps(line) for line in lines), "log.jsonl")
    assert warehouse.query("select id, cached, labels, _extra from raw.logs order by id") == [
        ("a", 4, '["x"]', None),
        ("b", 5, None, '{"new_field":"{\\"k\\":1}"}'),
        ("c", 6, None, None),
    ]


def test_a_declared_field_that_only_one_line_in_thousands_has_is_read(warehouse, monkeypatch):
    monkeypatch.setattr(json_lines, "SAMPLED_LINES", 2)
    lines = [{"id": str(number), "seen_at": "2026-11-03T00:00:00Z"} for number in range(1000)]
    lines[333] |= {"labels": "rare", "usage": {"cached": 5}}
    result = warehouse.deliver("logs", "\n".join(json.dumps(line) for line in lines), "log.jsonl")
    assert result.loaded == 1000
    assert warehouse.query(
        "select id, labels, cached from raw.logs where labels is not null or cached is not null"
    ) == [("333", "rare", 5)]
    assert warehouse.query("select missing_columns from raw.load_ledger") == [('["cached", "labels"]',)]


def test_a_large_file_without_a_required_field_is_refused(warehouse, monkeypatch):
    monkeypatch.setattr(json_lines, "SAMPLED_LINES", 2)
    result = warehouse.deliver(
        "logs", "\n".join(json.dumps({"id": str(number)}) for number in range(1000)), "log.jsonl"
    )
    assert result.outcome == "refused"
    assert "1 required column(s) are not there: seen_at" in result.reason


def test_small_files_of_one_form_are_typed_together_and_counted_apart(warehouse):
    files = {
        "a.jsonl": [{"id": "1", "seen_at": "2026-11-03T00:00:00Z"}, {"id": "2", "seen_at": "2026-11-04T00:00:00Z"}],
        "it's b.jsonl": [{"id": "3", "seen_at": "2026-11-03T00:00:00Z"}, {"id": "4", "seen_at": None}],
        "of another form.jsonl": [{"id": "5", "seen_at": "2026-11-03T00:00:00Z", "more": 1}],
    }
    lines = {name: "\n".join(json.dumps(record) for record in records) for name, records in files.items()}
    warehouse.land_files("logs", lines)
    warehouse.load()
    assert warehouse.query("select id, _file, _extra from raw.logs order by id") == [
        ("1", "a.jsonl", None),
        ("2", "a.jsonl", None),
        ("3", "it's b.jsonl", None),
        ("5", "of another form.jsonl", '{"more":"1"}'),
    ]
    counts = "select file_name, rows_in, rows_loaded, rows_rejected from raw.load_ledger order by file_name"
    assert warehouse.query(counts) == [
        ("a.jsonl", 2, 2, 0),
        ("it's b.jsonl", 2, 1, 1),
        ("of another form.jsonl", 1, 1, 0),
    ]
    assert warehouse.query("select file_name, row_number, field from raw.load_rejects") == [
        ("it's b.jsonl", 2, "seen_at")
    ]


def test_prometheus_matrix_and_dump_give_the_same_labels(warehouse):
    matrix = {
        "status": "success",
        "warnings": ["partial"],
        "data": {
            "resultType": "matrix",
            "result": [
                {
                    "metric": {"__name__": "up", "b": "2", "UUID": "G", "a": 'q"x'},
                    "values": [[1793700000, "0.5"], [1793700060.5, "NaN"]],
                }
            ],
        },
    }
    result = warehouse.deliver("metrics", json.dumps(matrix | {"warnings": ["partial"]}), "range.json")
    assert (result.rows_in, result.loaded) == (2, 0)
    assert result.outcome == "refused"  # one of two is NaN, more than the default 1 %
    assert result.warnings == ('range.json: Prometheus: "partial"',)
    sample = 'up{b="2",UUID="G",a="q\\"x"} 0.5\n'
    dump = "# HELP up x\n# TYPE up gauge\n" + sample + sample + "plain 3 1793700000000\n"
    result = warehouse.deliver("metrics", dump, "dump.prom", observed_at="2026-11-03T12:00:00+02:00")
    assert (result.rows_in, result.loaded, result.duplicate) == (3, 2, 1)
    assert warehouse.query(
        "select metric, uuid, labels, cast(observed_at as varchar), value from raw.metrics order by metric"
    ) == [
        ("plain", None, "{}", "2026-11-03 10:00:00", 3.0),
        ("up", "G", '{"UUID":"G","a":"q\\"x","b":"2"}', "2026-11-03 10:00:00", 0.5),
    ]


def test_newer_version_replaces_older_one_is_superseded(warehouse):
    warehouse.deliver("calls", CALLS + call("a", 1, "2026-11-03T11:00:00Z") + call("b", 1, "2026-11-03T11:00:00Z"))
    result = warehouse.deliver(
        "calls", CALLS + call("a", 2, "2026-11-03T12:00:00Z") + call("b", 9, "2026-11-03T10:00:00Z")
    )
    assert (result.rows_in, result.loaded, result.superseded, result.replaced) == (2, 1, 1, 1)
    assert warehouse.query("select id, tokens from raw.calls order by id") == [("a", 2), ("b", 1)]


def test_order_of_arrival_does_not_matter(warehouse):
    newest = CALLS + call("a", 3, "2026-11-03T13:00:00Z")
    middle = CALLS + call("a", 2, "2026-11-03T12:00:00Z")
    warehouse.deliver("calls", newest)
    assert warehouse.deliver("calls", middle).superseded == 1
    assert warehouse.query("select tokens from raw.calls") == [(3,)]


def test_contradicting_rows_of_one_version_show_as_rejects(warehouse):
    result = warehouse.deliver("calls", CALLS + call("a", 1) + call("a", 2) + call("a", 1) + call("b", 1))
    assert (result.rows_in, result.loaded, result.rejected + result.duplicate) == (4, 2, 2)
    assert result.rejected >= 1
    rejects = warehouse.query("select distinct field, reason, value from raw.load_rejects")
    assert rejects == [("id", "contradicts another row of the same key and version", "a")]


def test_feeds_do_not_share_keys(warehouse):
    warehouse.deliver("calls", CALLS + call("a", 1), feed="one")
    assert warehouse.deliver("calls", CALLS + call("a", 1), feed="two").loaded == 1
    assert warehouse.query("select count(*) from raw.calls") == [(2,)]


def test_running_job_is_replaced_by_its_end(warehouse):
    head = "JobIDRaw|Start|End\n"
    warehouse.deliver("jobs", head + "1|2026-11-02T08:00:00|Unknown\n", "a.psv")
    result = warehouse.deliver("jobs", head + "1|2026-11-02T08:00:00|2026-11-04T01:00:00\n", "b.psv")
    assert (result.loaded, result.replaced) == (1, 1)
    assert result.days == (date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 4))
    assert warehouse.query("select cast(ended_at as varchar) from raw.jobs") == [("2026-11-04 01:00:00",)]


def test_a_month_replaces_only_its_own_account_and_month(warehouse):
    warehouse.deliver(
        "bill", bill(("1", "2026-10-31", "1"), ("1", "2026-11-01", "1"), ("2", "2026-11-01", "1")), version="1"
    )
    result = warehouse.deliver("bill", bill(("1", "2026-11-01", "5"), ("1", "2026-11-02", "5")), version="2")
    assert (result.loaded, result.replaced) == (2, 1)
    assert warehouse.query("select account, cast(_day as varchar), cost from raw.bill order by all") == [
        ("1", "2026-10-31", "1"),
        ("1", "2026-11-01", "5"),
        ("1", "2026-11-02", "5"),
        ("2", "2026-11-01", "1"),
    ]


def test_a_month_delivered_twice_with_equal_content_is_a_duplicate_only_while_current(warehouse):
    first, second = bill(("1", "2026-11-01", "1")), bill(("1", "2026-11-01", "2"))
    warehouse.deliver("bill", first, version="1")
    assert warehouse.deliver("bill", first, version="2").outcome == "duplicate"
    warehouse.deliver("bill", second, version="3")
    assert warehouse.deliver("bill", first, version="4").outcome == "loaded"
    assert warehouse.query("select cost from raw.bill") == [("1",)]


def test_window_replaces_days_without_rows_too(warehouse):
    warehouse.deliver(
        "costs", page(("2026-11-01", [1.5]), ("2026-11-02", [2.5]), ("2026-11-03", [3.5])), "p.json", version="1"
    )
    result = warehouse.deliver(
        "costs", page(("2026-11-02", []), ("2026-11-03", [4.5, 0.25])), "costs.json", version="2"
    )
    assert (result.outcome, result.loaded, result.replaced) == ("loaded", 2, 2)
    assert warehouse.query("select cast(_day as varchar), amount from raw.costs order by all") == [
        ("2026-11-01", "1.5"),
        ("2026-11-03", "0.25"),
        ("2026-11-03", "4.5"),
    ]


def test_window_that_misses_buckets_is_refused(warehouse):
    warehouse.deliver("costs", page(("2026-11-01", [1.5]), ("2026-11-02", [2.5])), "p.json", version="1")
    result = warehouse.deliver(
        "costs", page(("2026-11-02", [2.5])), "p.json", version="2", window=("2026-11-01", "2026-11-03")
    )
    assert result.outcome == "refused"
    assert "missing: 2026-11-01" in result.reason
    assert warehouse.query("select count(*) from raw.costs") == [(2,)]


def test_snapshot_is_the_whole_table(warehouse):
    head = "unit,owner,valid_from,valid_to\n"
    warehouse.deliver("units", head + "a,x,2026-01-01,\nb,y,2026-01-01,\n", version="1")
    warehouse.deliver("units", head + "a,z,2026-01-01,\n", version="2")
    assert warehouse.query("select unit, owner from raw.units") == [("a", "z")]
    assert warehouse.deliver("units", head, version="3").outcome == "refused"


def test_several_files_are_counted_apart(warehouse, tmp_path):
    paths = []
    for file, text in (
        ("one.csv", CALLS + call("a", 1) + call("b", -1)),
        ("two.csv", "Time,id,TokenCount\n2026-11-04T00:00:00Z,c,1\n"),
    ):
        path = tmp_path / file
        path.write_text(text)
        paths.append(path)
    land("calls", paths, settings=warehouse.settings)
    (result,) = warehouse.load()
    assert (result.rows_in, result.loaded, result.rejected) == (3, 2, 1)
    assert warehouse.query("select file_name, rows_in, rows_loaded, rows_rejected from raw.load_ledger order by 1") == [
        ("one.csv", 2, 1, 1),
        ("two.csv", 1, 1, 0),
    ]


def test_landing_is_byte_for_byte_and_refuses_what_it_does_not_know(warehouse, tmp_path):
    content = b"\xef\xbb\xbfid,Time\r\n"
    delivery = warehouse.land("calls", content, "raw.csv")
    assert (delivery.path / "raw.csv").read_bytes() == content
    assert pending(warehouse.settings) == [delivery]
    with pytest.raises(LandingError, match="is no source of this project. Known: bill, calls"):
        warehouse.land("nothing", "x")
    with pytest.raises(LandingError, match="No such file"):
        land("calls", [tmp_path / "absent.csv"], settings=warehouse.settings)


def test_manifest_gives_the_version_and_must_be_complete(warehouse, tmp_path):
    part = tmp_path / "part-1.csv"
    part.write_text(bill(("1", "2026-11-01", "1")))
    manifest = tmp_path / "cur-Manifest.json"
    manifest.write_text(
        json.dumps({"createdTime": "2026-11-05T00:00:00Z", "reportKeys": ["a/part-1.csv", "a/part-2.csv"]})
    )
    with pytest.raises(LandingError, match="part-2.csv"):
        land("bill", [part, manifest], settings=warehouse.settings)
    manifest.write_text(json.dumps({"createdTime": "2026-11-05T00:00:00Z", "reportKeys": ["a/part-1.csv"]}))
    assert land("bill", [part, manifest], settings=warehouse.settings).version == "2026-11-05T00:00:00Z"
    (result,) = warehouse.load()
    assert (result.outcome, result.loaded) == ("loaded", 1)


def test_inbox_is_landed_with_its_options_and_emptied(warehouse):
    folder = warehouse.settings.landing / "inbox" / "bill" / "payer-1"
    folder.mkdir(parents=True)
    (folder / "nov.csv").write_text(bill(("1", "2026-11-01", "1")))
    (folder / "delivery.yml").write_text("version: '7'\n")
    half = warehouse.settings.landing / "inbox" / "calls"
    half.mkdir()
    (half / "calls.csv.part").write_text("id")
    (delivery,) = land_inbox(warehouse.settings)
    assert (delivery.source, delivery.feed, delivery.version) == ("bill", "payer-1", "7")
    assert list(folder.iterdir()) == []
    assert (half / "calls.csv.part").exists()


def test_versions_order_as_people_mean_them():
    ordered = ["", "9", "10", "2026-11-04T23:00:00Z", "2026-11-05T00:30:00+01:00", "2026-11-05T00:00:00Z", "v2"]
    assert sorted(reversed(ordered), key=version_order) == ordered


@pytest.mark.parametrize(
    "value", ['say "x"', "back\\slash", "tab\tand\nline", "é€😀", "\x01", "{}", "", " ", "null", "}", '"assumed":1']
)
@pytest.mark.parametrize("mapping", [None, {"labels": "=x}"}], ids=["", "with a constant"])
def test_unknown_fields_keep_their_value_and_name(warehouse, value, mapping):
    record = {"id": "a", "seen_at": "2026-11-03T00:00:00Z", f'odd "{value}': value, "none": None, "it's": "1"}
    warehouse.deliver("logs", json.dumps(record), "log.jsonl", mapping=mapping)
    ((extra,),) = warehouse.query("select _extra from raw.logs")
    expected = {f'odd "{value}': value, "it's": "1"} | ({"assumed": {"labels": "x}"}} if mapping else {})
    assert json.loads(extra) == expected
