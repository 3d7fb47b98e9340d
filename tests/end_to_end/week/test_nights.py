"""Laws that only several nights can show: repeats, arrival order, kills, a lost log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from warehouses import Warehouse, differences, warehouse

from orchestration.landing.deliveries import land
from orchestration.landing.manifest import land_manifest, read_manifest
from orchestration.settings import PROJECT_DIR

NIGHT = (
    "import sys; from datetime import datetime; from orchestration import pipeline; from orchestration.settings import Settings; "
    "pipeline.run(Settings.from_env(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), progress=lambda line: print(line, flush=True))"
)


def killed_at(built: Warehouse, stage: str) -> None:
    """Start a night and kill it the moment it reports a line that begins with `stage`."""
    command = [sys.executable, "-c", NIGHT, str(built.settings.home), built.world.timeline.as_of.isoformat()]
    process = subprocess.Popen(
        command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith(stage):
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL, f"the night never reported `{stage}`:\n{''.join(seen[-20:])}"


@pytest.fixture(scope="module")
def by_day(week, tmp_path_factory) -> Warehouse:
    """The week without its last day's deliveries, published."""
    arrived = sorted({entry["arrives_on"] for entry in read_manifest(week.manifest)})
    built = warehouse(tmp_path_factory.mktemp("by-day"), week, arrived_by=arrived[-2])
    assert built.night().version
    return built


def test_kills_leave_what_is_published_whole_and_the_next_night_is_right(by_day, week, week_published):
    before = by_day.marts.resolve()
    copy = before.with_suffix(".copy")
    copy.write_bytes(before.read_bytes())
    warehouse(by_day.settings.home, week)
    for stage in ("reading", "gate 1", "loaded", "dirty days", "dbt build", "checkpoint"):
        killed_at(by_day, stage)
        assert by_day.marts.resolve() == before
        assert differences(by_day.marts, copy) == {}
    assert by_day.night().version
    assert by_day.marts.resolve() != before
    # arrived in another order, over killed nights, and still the same marts as one undisturbed night over everything
    assert differences(by_day.marts, week_published.marts) == {}


def test_nothing_new_never_starts_dbt(week_published):
    log = week_published.settings.build / "target" / "run_results.json"
    before = log.stat().st_mtime_ns
    record = week_published.night()
    assert (record.version, record.models_built) == (None, 0)
    assert log.stat().st_mtime_ns == before


def test_the_same_content_under_another_name_builds_nothing(week_published, tmp_path):
    entry = next(entry for entry in read_manifest(week_published.world.manifest) if entry["source"] == "litellm")
    original = week_published.world.manifest.parent / entry["files"][0]
    twin = tmp_path / "resent.jsonl"
    twin.write_bytes(original.read_bytes())
    land("litellm", [twin], settings=week_published.settings, feed=entry["feed"], version="2026-12-01T00:00:00Z")
    record = week_published.night()
    assert (record.version, record.models_built) == (None, 0)


def without_a_fifth(world_manifest: Path, target: Path) -> tuple[Path, str]:
    """The same deliveries with every log row of a fifth of the customers' requests removed; returns the list and who was spared.

    Customers are taken by the last digit of their number, so that some lose all their rows and all others lose none.
    """
    entries = read_manifest(world_manifest)
    folder = world_manifest.parent
    lost = "right(customer, 1) in ('3', '8')"
    con = duckdb.connect()
    for number, entry in enumerate(entries):
        files = []
        for name in entry["files"]:
            source = folder / name
            files.append(str(source))
            if entry["source"] not in ("litellm", "request_log"):
                continue
            copy = target / str(number) / source.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            files[-1] = str(copy)
            if entry["source"] == "litellm":
                kept = [
                    line
                    for line in source.read_text().splitlines(keepends=True)
                    if json.loads(line)["end_user"][-1:] not in ("3", "8")
                ]
                copy.write_text("".join(kept))
            else:
                con.execute(
                    f"copy (select * from '{source}' where not ({lost.replace('customer', 'coalesce(tenant, chr(45))')}))"
                    f" to '{copy}' (format parquet)"
                )
        entry["files"] = files
    listed = target / "deliveries.json"
    listed.write_text(json.dumps({"deliveries": entries}))
    return listed, lost


def test_losing_a_fifth_of_the_log_changes_nobody_elses_cost(week, week_published, tmp_path_factory):
    target = tmp_path_factory.mktemp("fifth")
    listed, lost = without_a_fifth(week.manifest, target)
    built = warehouse(tmp_path_factory.mktemp("fifth-warehouse"), week, arrived_by="1970-01-01")
    land_manifest(listed, settings=built.settings)
    assert built.night().version
    with duckdb.connect() as con:
        con.execute(f"attach '{week_published.marts}' as whole (read_only); attach '{built.marts}' as part (read_only)")
        cost = (
            "select customer_id as customer, billing_currency, sum(effective_cost) as cost from {}.core.fct_cost_allocation"
            " where customer_id is not null and cost_status <> 'estimated' group by all"
        )
        [(removed,)] = con.execute(f"select count(*) from ({cost.format('whole')}) where {lost}").fetchall()
        assert removed > 0
        assert con.execute(f"select count(*) from ({cost.format('part')}) where {lost}").fetchall() == [(0,)]
        changed = con.execute(
            f"select customer, a.cost, b.cost from ({cost.format('whole')}) a"
            f" full join ({cost.format('part')}) b using (customer, billing_currency)"
            f" where not ({lost}) and a.cost is distinct from b.cost"
        ).fetchall()
        assert changed == []


def test_spans_of_calls_that_the_gateway_logged_change_no_cost(week, week_published, tmp_path_factory):
    """T18: the week without its spans has the same marts but for what says who saw which calls."""
    target = tmp_path_factory.mktemp("no-spans")
    entries = [entry for entry in read_manifest(week.manifest) if entry["source"] != "otel"]
    for entry in entries:
        entry["files"] = [str(week.manifest.parent / name) for name in entry["files"]]
    listed = target / "deliveries.json"
    listed.write_text(json.dumps({"deliveries": entries}))
    built = warehouse(tmp_path_factory.mktemp("no-spans-warehouse"), week, arrived_by="1970-01-01")
    land_manifest(listed, settings=built.settings)
    assert built.night().version
    by_meter = {"quality.meter_coverage_daily", "quality.usage_checks_daily"}
    assert set(differences(built.marts, week_published.marts)) == by_meter
    with duckdb.connect(str(week_published.marts), read_only=True) as con:
        con.execute(f"attach '{built.marts}' as without (read_only)")
        checked = "select * from {}quality.usage_checks_daily where meter <> 'otel'"
        both = (checked.format(""), checked.format("without."))
        assert con.execute(f"({both[0]} except {both[1]}) union all ({both[1]} except {both[0]})").fetchall() == []
        [(seen, counted)] = con.execute(
            "select sum(requests), sum(requests_of_record) from quality.meter_coverage_daily where meter = 'otel'"
        ).fetchall()
        assert seen > 0
        assert counted == 0
        # the vendor's report covers all that the gateway has of a model, and more: calls that bypassed it
        [(covered, covering)] = con.execute(
            "select min(covered_share), min(covering_share) from quality.meter_coverage_daily"
            " where meter = 'litellm' and compared_with = 'vendor_report' and compared_tokens > 0"
        ).fetchall()
        assert covered == 1
        assert 0 < covering < 1


# The tests below change the shared week, so they come last.


def test_an_unknown_model_is_unpriced_and_counted_never_free(week_published, tmp_path):
    row = {
        "request_id": "req-unknown-model", "startTime": "2026-10-05T10:00:00.000Z", "endTime": "2026-10-05T10:00:01.000Z",
        "model": "zeta-9-ultra", "custom_llm_provider": "openai", "prompt_tokens": 1234, "completion_tokens": 56,
        "total_tokens": 1290, "spend": 0.0, "status": "success", "team_id": "assistant", "updated_at": "2026-10-05T10:00:01.000Z",
    }  # fmt: skip
    log = tmp_path / "late.jsonl"
    log.write_text(json.dumps(row) + "\n")
    land("litellm", [log], settings=week_published.settings, feed="gateway", version="2026-12-02T00:00:00Z")
    assert week_published.night().version
    with duckdb.connect(str(week_published.marts), read_only=True) as con:
        found = con.execute(
            "select usage_date::varchar, raw_model, unpriced_requests, input_tokens, output_tokens"
            " from quality.unpriced_usage_daily where raw_model = 'zeta-9-ultra'"
        ).fetchall()
        assert found == [("2026-10-05", "zeta-9-ultra", 1, 1234, 56)]
        listed = con.execute(
            "select first_seen_date::varchar, last_seen_date::varchar, unpriced_requests, classes_without_price, matched_by"
            " from quality.unpriced_usage where raw_model = 'zeta-9-ultra'"
        ).fetchall()
        assert listed == [("2026-10-05", "2026-10-05", 1, "input_uncached_text output_text", "none")]
        cost = con.execute(
            "select list_cost, contracted_cost, pricing_status from read_parquet("
            f"'{week_published.published}/parquet/core/fct_inference_requests/usage_date=2026-10-05/*.parquet')"
            " where request_id = 'req-unknown-model'"
        ).fetchall()
        assert cost == [(None, None, "unpriced")]


def test_a_short_export_is_refused_and_what_was_published_stays(week_published, tmp_path):
    newest = [entry for entry in read_manifest(week_published.world.manifest) if entry["source"] == "aws_cur"][-1]
    full = (week_published.world.manifest.parent / newest["files"][0]).read_text().splitlines(keepends=True)
    short = tmp_path / "short.csv"
    short.write_text("".join([full[0], *[line for line in full[1:] if "2026-10-01T" in line]]))
    before = week_published.marts.resolve()
    land("aws_cur", [short], settings=week_published.settings, feed=newest["feed"], version="2026-12-03T00:00:00Z")
    record = week_published.night()
    [refused] = [load for load in record.loads if load["verdict"] == "refused"]
    assert refused["source"] == "aws_cur"
    assert "covers 1 days, but 6 are current; missing: 2026-10-02" in refused["reason"]
    assert week_published.marts.resolve() == before
