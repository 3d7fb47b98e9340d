"""The lake: as-of files, orphans, views, fingerprints and dirty days."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pytest

from orchestration.lake import dirty_days
from orchestration.landing.deliveries import land
from orchestration.landing.load import pending
from orchestration.landing.schema import load_schemas
from orchestration.settings import PROJECT_DIR

HEAD = "id,Time,model,TokenCount\n"
BILL = "account,starts_at,ends_at,cost\n"


def calls(*days: int, tokens: int = 1) -> str:
    return HEAD + "".join(f"c{day},2026-11-{day:02d}T10:00:00Z,m,{tokens}\n" for day in days)


def bill(*days: int, cost: str = "1") -> str:
    return BILL + "".join(f"1,2026-11-{day:02d} 00:00:00,2026-11-{day:02d} 01:00:00,{cost}\n" for day in days)


def publish(warehouse) -> dict[str, str]:
    """Pretend that everything was built and published; returns the fingerprints."""
    now = dirty_days.fingerprints(warehouse.settings)
    current = warehouse.settings.published / "current"
    current.mkdir(parents=True, exist_ok=True)
    (current / "fingerprints.json").write_text(json.dumps(now))
    with duckdb.connect(str(warehouse.inputs.parent / "build.duckdb")) as con:
        dirty_days.mark_built(con, now)
    return now


def dirty(warehouse) -> list[str]:
    with duckdb.connect(str(warehouse.inputs.parent / "build.duckdb")) as con:
        return [day.isoformat() for day in dirty_days.dirty(warehouse.settings, con)]


def test_every_raw_table_exists_from_the_start(warehouse):
    names = {
        row[0] for row in warehouse.query("select table_name from information_schema.tables where table_schema = 'raw'")
    }
    assert names == {
        "calls",
        "bill",
        "units",
        "costs",
        "logs",
        "metrics",
        "jobs",
        "desks",
        "chairs",
        "load_ledger",
        "load_rejects",
        "bill_marks",
    }
    assert warehouse.query("select count(*) from raw.bill") == [(0,)]
    assert warehouse.query(
        "select typeof(seen_at), typeof(tokens), typeof(_day) from (select null) left join raw.calls on true"
    ) == [("TIMESTAMP", "BIGINT", "DATE")]


def test_what_was_known_before_stays_readable(warehouse):
    warehouse.deliver("bill", bill(1, cost="1"), version="1")
    before = warehouse.lake.summaries(load_schemas(warehouse.settings.project_dir)["bill"])[-1]["snapshot_id"]
    warehouse.deliver("bill", bill(1, cost="2"), version="2")
    table = load_schemas(warehouse.settings.project_dir)["bill"]
    old = [path for paths in warehouse.lake.files(table, before).values() for path in paths]
    assert duckdb.sql(f"select cost from read_parquet({old})").fetchall() == [("1",)]
    assert warehouse.query("select cost from raw.bill") == [("2",)]


def test_a_column_added_later_is_null_in_older_files(warehouse):
    warehouse.deliver("calls", calls(1))
    path = next(warehouse.settings.project_dir.glob("models/staging/*/*.yml"))
    text = path.read_text()
    path.write_text(
        text.replace(
            "- {name: model, data_type: varchar}",
            "- {name: model, data_type: varchar}\n          - {name: price, data_type: 'decimal(18,4)'}",
        )
    )
    warehouse.deliver("calls", "id,Time,TokenCount,price\nz,2026-11-02T00:00:00Z,1,2.5\n")
    assert warehouse.query("select id, cast(price as varchar) from raw.calls order by id") == [
        ("c1", None),
        ("z", "2.5000"),
    ]
    path.write_text(path.read_text().replace("decimal(18,4)", "decimal(18,6)"))
    with pytest.raises(ValueError, match="Give the column a new name"):
        warehouse.query("select 1")


def test_nothing_is_dirty_after_publishing_and_equal_content_stays_clean(warehouse):
    warehouse.deliver("bill", bill(1, 2, 3), version="1")
    assert dirty(warehouse) == ["2026-11-01", "2026-11-02", "2026-11-03"]
    publish(warehouse)
    assert dirty(warehouse) == []
    reordered = BILL + "".join(reversed(bill(1, 2, 3).removeprefix(BILL).splitlines(keepends=True)))
    assert warehouse.deliver("bill", reordered, version="2").outcome == "loaded"
    assert dirty(warehouse) == []


def test_only_changed_new_and_vanished_days_are_dirty(warehouse):
    warehouse.deliver("calls", calls(1, 2, 3))
    publish(warehouse)
    warehouse.deliver("calls", HEAD + "x,2026-11-02T11:00:00Z,m,1\ny,2026-11-05T11:00:00Z,m,1\n")
    assert dirty(warehouse) == ["2026-11-02", "2026-11-05"]
    publish(warehouse)
    warehouse.deliver("bill", bill(1, 2), version="1")
    publish(warehouse)
    warehouse.deliver("bill", bill(1), version="2", force=True)
    # The 2nd lost its bill row; the 1st is now the feed's newest day and so no longer complete.
    assert "2026-11-02" in dirty(warehouse)


def test_a_day_turns_billed_when_the_mark_passes_it(warehouse):
    warehouse.deliver("calls", calls(1, 2, 3, 4))
    warehouse.deliver("bill", bill(1, 2), version="1")
    publish(warehouse)
    warehouse.deliver("bill", bill(1, 2, 3), version="2")
    # Of the newest days one is still filling: the 2nd is complete now; the 3rd has a new row; the 1st and 4th keep.
    assert dirty(warehouse) == ["2026-11-02", "2026-11-03"]


def test_the_span_of_a_long_charge_is_built_together(warehouse):
    text = BILL + "1,2026-11-02 00:00:00,2026-11-06 00:00:00,9\n"
    warehouse.deliver("bill", text, version="1")
    warehouse.deliver("calls", calls(*range(1, 10)))
    publish(warehouse)
    warehouse.deliver("calls", HEAD + "late,2026-11-04T00:00:00Z,m,1\n")
    assert dirty(warehouse) == ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"]


def test_spans_that_touch_are_closed_over():
    spans = [("2026-11-01", "2026-11-03"), ("2026-11-03", "2026-11-05"), ("2026-11-08", "2026-11-09")]
    grown = dirty_days.with_shared_spans(["2026-11-04"], spans)
    assert sorted(grown) == [f"2026-11-0{day}" for day in range(1, 6)]


def test_a_month_that_reference_data_binds_is_built_together(warehouse):
    head = "unit,owner,valid_from,valid_to\n"
    warehouse.deliver("units", head + "a,monthly,2026-11-04,\nb,daily,2026-01-01,\n", version="1")
    october = "".join(f"o{day},2026-10-{day}T10:00:00Z,m,1\n" for day in (30, 31))
    warehouse.deliver("calls", calls(1, 2, 5) + october)
    publish(warehouse)
    late = "late-{0},2026-{0}T11:00:00Z,m,1\n"
    warehouse.deliver("calls", HEAD + late.format("10-31"))
    assert dirty(warehouse) == ["2026-10-31"]
    publish(warehouse)
    # it holds from the 4th on, but the month is one; days without data cost nothing
    warehouse.deliver("calls", HEAD + late.format("11-02"))
    assert dirty(warehouse) == [f"2026-11-0{day}" for day in range(1, 6)]


def test_a_dated_reference_row_dirties_the_days_on_which_it_holds(warehouse):
    warehouse.deliver("calls", calls(1, 2, 3, 4))
    head = "unit,owner,valid_from,valid_to\n"
    warehouse.deliver("units", head + "a,x,2026-01-01,\n", version="1")
    publish(warehouse)
    warehouse.deliver(
        "units", head + "a,x,2026-01-01,2026-11-03\na,y,2026-11-03,2026-11-04\na,x,2026-11-04,\n", version="2"
    )
    # Rows carry their dates, so the days of all three rows see another row than before.
    assert dirty(warehouse) == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]
    publish(warehouse)
    more = "a,x,2026-01-01,2026-11-03\na,y,2026-11-03,2026-11-04\na,x,2026-11-04,\nb,n,2026-11-02,2026-11-03\n"
    warehouse.deliver("units", head + more, version="3")
    assert dirty(warehouse) == ["2026-11-02"]


def test_days_of_an_owned_machine_exist_without_a_delivery(warehouse):
    """From its first day to the newest that anything was delivered for; a machine that is sold ends."""
    sources = warehouse.settings.project_dir / "models" / "staging" / "small" / "_small__sources.yml"
    sources.write_text(
        sources.read_text().replace(
            "restatement: snapshot, binds_months", "restatement: snapshot, fills_days: true, binds_months"
        )
    )
    warehouse.deliver("calls", calls(1, 4))
    warehouse.deliver("units", "unit,owner,valid_from,valid_to\na,x,2026-10-30,2026-11-03\n", version="1")
    assert dirty(warehouse) == ["2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02", "2026-11-04"]


def test_code_dirties_every_day(warehouse):
    warehouse.deliver("calls", calls(1, 2))
    publish(warehouse)
    (warehouse.settings.project_dir / "macros").mkdir()
    (warehouse.settings.project_dir / "macros" / "m.sql").write_text("select 1")
    assert dirty(warehouse) == ["2026-11-01", "2026-11-02"]


def test_a_build_that_died_leaves_its_days_dirty(warehouse):
    warehouse.deliver("calls", calls(1, 2))
    publish(warehouse)
    with duckdb.connect(str(warehouse.inputs.parent / "build.duckdb")) as con:
        dirty_days.mark_building(con, [date(2026, 11, 2)])
    assert dirty(warehouse) == ["2026-11-02"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_load_is_whole_or_not_there(warehouse, moment):
    warehouse.deliver("calls", calls(1), "first.csv")
    warehouse.land("calls", calls(2, 3), "second.csv")
    warehouse.load_killed(1, moment)
    committed = moment == "after"
    assert warehouse.query("select count(*) from raw.calls") == [(3 if committed else 1,)]
    results = warehouse.load()
    assert [result.loaded for result in results] == ([] if committed else [2])
    assert warehouse.query("select count(*), sum(tokens) from raw.calls") == [(3, 3)]
    data = warehouse.settings.lake / "data" / "calls"
    on_disk = {path.relative_to(data).parts[0] for path in data.rglob("*.parquet")}
    assert on_disk == {row[0] for row in warehouse.query("select distinct load_id from raw.load_ledger")}


def test_readers_of_a_day_open_its_files_only(warehouse):
    warehouse.deliver("calls", calls(1, 2))
    for path in (warehouse.settings.lake / "data" / "calls").rglob("_day=2026-11-02/*.parquet"):
        path.write_bytes(b"not a Parquet file")
    assert warehouse.query("select count(*), min(_day) from raw.calls where _day = date '2026-11-01'") == [
        (1, date(2026, 11, 1))
    ]
    with pytest.raises(duckdb.Error, match="magic bytes"):
        warehouse.query("select count(*) from raw.calls where tokens > 0")


def test_a_kill_between_two_tables_of_a_delivery_is_made_good_by_the_next_load(warehouse, tmp_path):
    files = [tmp_path / "desks.csv", tmp_path / "chairs.csv"]
    files[0].write_text("desk\nd1\nd2\n")
    files[1].write_text("chair\nc1\n")
    delivery = land("rooms", files, settings=warehouse.settings)
    both = "select (select count(*) from raw.desks), (select count(*) from raw.chairs)"
    warehouse.load_killed(1, "after")
    assert sorted(warehouse.query(both)[0]) in ([0, 1], [0, 2])
    assert pending(warehouse.settings) == [delivery]
    (rest,) = warehouse.load()
    assert rest.outcome == "loaded"
    assert warehouse.query(both) == [(2, 1)]
    assert warehouse.query("select table_name, rows_loaded from raw.load_ledger order by 1") == [
        ("chairs", 1),
        ("desks", 2),
    ]
    assert pending(warehouse.settings) == []


def test_days_do_not_depend_on_how_they_arrived(warehouse):
    warehouse.deliver("calls", calls(1, 2))
    warehouse.deliver("calls", HEAD + "x,2026-11-02T11:00:00Z,m,1\n")
    apart = dirty_days.fingerprints(warehouse.settings)
    other = type(warehouse)(
        settings=type(warehouse.settings)(
            home=warehouse.inputs.parent / "other",
            project_dir=warehouse.settings.project_dir,
            lake_catalog_uri=f"sqlite:///{warehouse.inputs.parent / 'other' / 'lake' / 'catalog.db'}",
        ),
        inputs=warehouse.inputs.parent / "other_inputs",
    )
    other.deliver("calls", HEAD + "x,2026-11-02T11:00:00Z,m,1\n" + calls(2, 1).removeprefix(HEAD))
    assert dirty_days.fingerprints(other.settings) == apart


def test_the_first_use_of_a_model_dirties_no_day_before_it(warehouse):
    book = warehouse.settings.project_dir / "models" / "staging" / "price_book"
    book.mkdir()
    declared = "models/staging/price_book/_price_book__sources.yml"
    (book / "_price_book__sources.yml").write_bytes((PROJECT_DIR / declared).read_bytes())
    columns = {
        "service_tier": "standard", "processing": "standard", "tier_start": 0, "window_start_second": 0,
        "window_end_second": 86400, "token_class": "output_text", "valid_from": "2026-01-01", "unit_price_usd": 1,
        "price_key": "output_mtok", "is_fallback": "false", "version": 1, "residency": "any", "tier_mode": "whole",
        "source": "genai-prices",
    }  # fmt: skip
    values = ",".join(str(value) for value in columns.values())
    prices = f"provider_id,model_id,{','.join(columns)}\nopenai,old,{values}\nopenai,new,{values}\n"
    head = "provider_id,raw_model,model_id,price_provider_id,matched_by,version,first_used_on\n"
    old, new = "openai,old,old,openai,exact,1,2026-11-01\n", "openai,new-1,new,openai,clause,1,2026-11-03\n"
    warehouse.deliver("calls", calls(1, 2, 3, 4))
    assert warehouse.deliver("price_book", prices, "token_prices.csv", version="1", feed="book-1").loaded == 2
    days = "book_id,valid_from,valid_to,reason\nbook-1,1970-01-01,,first\n"
    warehouse.deliver("price_book", days, "price_book_days.csv", version="1")
    warehouse.deliver("price_book", head + old, "model_aliases.csv", version="1")
    publish(warehouse)
    warehouse.deliver("price_book", head + old + new, "model_aliases.csv", version="2")
    assert dirty(warehouse) == ["2026-11-03", "2026-11-04"]
    publish(warehouse)
    # a late log has the name a day earlier
    warehouse.deliver("price_book", head + old + new.replace("11-03", "11-02"), "model_aliases.csv", version="3")
    assert dirty(warehouse) == ["2026-11-02"]
    publish(warehouse)
    # a name that means another price changes every day on which it may have been used
    warehouse.deliver(
        "price_book", head + old.replace("old,old", "old,new") + new, "model_aliases.csv", version="4", force=True
    )
    assert dirty(warehouse) == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]


def test_what_another_process_committed_is_read_and_the_rest_not_again(warehouse):
    warehouse.deliver("calls", calls(1))
    warehouse.deliver("bill", bill(1), version="1")
    tables = load_schemas(warehouse.settings.project_dir)
    lake = warehouse.lake
    before = {name: lake.table(tables[name]) for name in ("calls", "bill")}
    assert len(lake.summaries(tables["calls"])) == 1
    warehouse.deliver("calls", calls(2))
    with lake.writing():
        assert len(lake.summaries(tables["calls"])) == 2
        assert list(lake.files(tables["calls"])) == ["2026-11-01", "2026-11-02"]
        assert lake.table(tables["calls"]) is not before["calls"]
        assert lake.table(tables["bill"]) is before["bill"]
