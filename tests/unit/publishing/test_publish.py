"""The publish protocol: what readers see after each thing that can happen to a run."""

import json
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import warehouse
from warehouse import DAYS, build, publish_now, read, result

from orchestration.gates.expected import GateError
from orchestration.publishing import versions

FIRST = {DAYS[0]: "10", DAYS[1]: "20", DAYS[2]: "30"}
SECOND = {DAYS[0]: "10", DAYS[1]: "25", DAYS[2]: "30"}
TOTAL = "select sum(effective_cost) from core.fct_cost_allocation"


@pytest.fixture
def home(tmp_path):
    build(tmp_path, FIRST)
    publish_now(tmp_path, "first000")
    return tmp_path


def at(day: int) -> datetime:
    return datetime(2026, 7, day)


def test_the_first_version_is_whole(home):
    assert read(home, TOTAL) == [(Decimal(60),)]
    assert read(home, "select request_id, effective_cost from core.inference_request_costs order by all") == [
        (f"r{day}", Decimal(cost)) for day, cost in FIRST.items()
    ]
    assert {row[0] for row in read(home, "select check_name from quality.gate_results where status = 'pass'")} >= {
        "ledger_conserves", "published_file_equals_build", "ledger_equals_bills", "unallocated_cost_share",
    }  # fmt: skip


def test_dirty_days_are_replaced_and_the_rest_is_kept(home):
    build(home, SECOND)
    published = publish_now(home, "second00", days=[DAYS[1]], at=at(5))
    assert not published.full
    assert read(home, "select usage_date, effective_cost from core.fct_cost_allocation order by all") == [
        (day, Decimal(cost)) for day, cost in SECOND.items()
    ]
    assert read(home, "select cost from unit_economics.cost_monthly") == [(Decimal(65),)]
    assert read(home, "select count(distinct run_id) from quality.gate_results") == [(2,)]


def test_a_day_that_vanished_is_gone(home):
    build(home, {day: cost for day, cost in FIRST.items() if day != DAYS[1]})
    publish_now(home, "second00", days=[DAYS[1]], at=at(5))
    assert read(home, "select usage_date from core.fct_cost_allocation order by all") == [(DAYS[0],), (DAYS[2],)]


def test_a_change_outside_the_dirty_set_is_refused_and_named(home):
    """The file would not equal the build: somebody's dirty set was too small."""
    build(home, SECOND)
    with pytest.raises(GateError, match="published_file_equals_build.*fct_cost_allocation"):
        publish_now(home, "second00", days=[DAYS[0]], at=at(5))
    assert read(home, TOTAL) == [(Decimal(60),)]


@pytest.mark.parametrize("change", [{"code": "other"}, {"at": at(12)}])
def test_the_file_is_written_anew_for_other_code_and_weekly(home, change):
    build(home, SECOND)
    assert publish_now(home, "second00", days=[DAYS[1]], **{"at": at(5), **change}).full
    assert read(home, TOTAL) == [(Decimal(65),)]
    assert read(home, "select count(distinct run_id) from quality.gate_results") == [(2,)]


def test_readers_of_1_2_open_the_first_file_and_those_made_from_it(home):
    stored = "select tags['storage_version'] from duckdb_databases() where not internal"
    assert read(home, stored) == [("v1.2.0+",)]
    build(home, SECOND)
    publish_now(home, "second00", days=[DAYS[1]], at=at(5))
    assert read(home, stored) == [("v1.2.0+",)]


def test_the_same_inputs_give_the_same_marts(home):
    before = (
        read(home, "select * from core.fct_cost_allocation order by all"),
        read(home, "select * from unit_economics.cost_monthly order by all"),
    )
    publish_now(home, "second00", days=DAYS, at=at(5))
    assert before == (
        read(home, "select * from core.fct_cost_allocation order by all"),
        read(home, "select * from unit_economics.cost_monthly order by all"),
    )


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([], "is absent"),
        ([result("other000")], "is absent"),
        ([result("second00", "skipped")], "skipped"),
        ([result("second00", "fail")], "fail"),
        ([result("second00", "error")], "error"),
    ],
)
def test_a_gate_that_is_absent_skipped_or_failed_refuses(home, results, words):
    with pytest.raises(GateError, match=f"ledger_conserves.*{words}"):
        publish_now(home, "second00", results=results, at=at(5))
    assert versions.read_manifest(versions.current_version(home / "published"))["run_id"] == "first000"


def test_a_ledger_that_lost_money_is_refused_with_its_dollars(home):
    build(home, SECOND)
    import duckdb

    with duckdb.connect(str(warehouse.settings_of(home).build_path)) as con:
        con.execute("update core.fct_cost_allocation set effective_cost = effective_cost - 7")
    with pytest.raises(GateError, match=r"ledger_equals_bills.*21\.00"):
        publish_now(home, "second00", at=at(5))
    assert read(home, TOTAL) == [(Decimal(60),)]


def test_unallocated_money_over_the_threshold_is_refused(home):
    import duckdb

    with duckdb.connect(str(warehouse.settings_of(home).build_path)) as con:
        con.execute(f"update core.fct_cost_allocation set allocation_step = 'remainder' where usage_date = '{DAYS[0]}'")
    with pytest.raises(GateError, match=r"unallocated_cost_share.*10\.00"):
        publish_now(home, "second00", at=at(5))


STAGES = [
    "marts file",
    "publishing core.fct_cost_allocation",
    "publishing unit_economics.cost_monthly",
    "publish checks",
    "checkpoint",
    "switch",
    "prune",
]


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_at_any_stage_leaves_a_whole_version_and_the_next_run_right(home, stage):
    build(home, SECOND)
    program = Path(warehouse.__file__)
    done = subprocess.run([sys.executable, str(program), str(home), stage], check=False)
    assert done.returncode == -9
    assert read(home, TOTAL) == [(Decimal(65 if stage == "prune" else 60),)]
    publish_now(home, "after000", days=[DAYS[1]], at=at(6))
    assert read(home, TOTAL) == [(Decimal(65),)]
    assert all((path / versions.MANIFEST).exists() for path in (home / "published" / "versions").iterdir())
    assert not (home / "published" / "current.tmp").is_symlink()


def test_requests_are_linked_not_copied(home):
    first = (home / "published" / "current").resolve()
    publish_now(home, "second00", days=[DAYS[1]], at=at(5))
    second = (home / "published" / "current").resolve()
    part = Path("parquet/core/fct_inference_requests") / f"usage_date={DAYS[0]}" / "part_0.parquet"
    assert first != second
    assert (first / part).stat().st_ino == (second / part).stat().st_ino


def test_only_the_newest_versions_are_kept_and_current_always(home):
    for number in range(5, 10):
        publish_now(home, f"run0000{number}", at=at(number))
    names = sorted(path.name for path in (home / "published" / "versions").iterdir())
    assert [name[:8] for name in names] == ["20260707", "20260708", "20260709"]
    versions.switch(home / "published", home / "published" / "versions" / names[0])
    assert versions.prune(home / "published", keep=1) == [names[1]]


def test_fingerprints_are_those_of_what_readers_see(home):
    assert versions.published_fingerprints(home / "published") == {str(day): "first000" for day in DAYS}
    assert (
        json.loads((home / "published" / "current" / "manifest.json").read_text())["rows"]["core.fct_cost_allocation"]
        == 3
    )


def test_an_open_reader_goes_on_reading_its_version(home):
    program = (
        "import duckdb,sys; c=duckdb.connect(sys.argv[1], read_only=True); print(1, flush=True); input();"
        f"print(c.execute('{TOTAL}').fetchone()[0])"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", program, str(home / "published" / "current" / "marts.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout.readline() == "1\n"
    build(home, SECOND)
    publish_now(home, "second00", days=[DAYS[1]], at=at(5))
    out, _ = reader.communicate("\n")
    assert Decimal(out.strip()) == 60
    assert read(home, TOTAL) == [(Decimal(65),)]


@pytest.mark.parametrize(("hours", "status"), [(24.0, "fail"), (72.0, "pass")])
def test_a_late_source_is_named_and_blocks_nothing(home, hours, status):
    from dataclasses import replace

    late = replace(warehouse.request("second00", at=at(7)), cadence_hours={"slurm_jobs": hours})
    warehouse.publish(late, warehouse.settings_of(home))
    query = "select status, severity, message from quality.gate_results where run_id = 'second00' and check_name = 'sources_are_fresh'"
    assert read(home, query) == [(status, "warning", "slurm_jobs ends with 2026-07-03" if status == "fail" else "")]
