"""Synced folders of scheduled exports, Azure's and AWS's: every run leaves the month again."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.landing.deliveries import LandingError
from orchestration.landing.export_runs import land_newest_runs, newest_runs
from orchestration.landing.load import load_pending
from tests.unit.bills.azure_bills import manifest


def run(
    container: Path, folder: str, kind: str, submitted: str, *, start: str = "2026-10-01T00:00:00Z", cost: str = "1"
) -> Path:
    place = container / folder
    place.mkdir(parents=True)
    content = f"BillingAccountId,Date,ChargeType,BillingCurrency,Cost\n1,10/03/2026,Usage,USD,{cost}\n"
    (place / "part_0.csv").write_text(content)
    written = json.loads(manifest(kind, ["part_0.csv"], submitted=submitted, start=start))
    written["blobs"][0]["byteCount"] = len(content)
    (place / "manifest.json").write_text(json.dumps(written))
    return place


def test_newest_run_of_each_month_and_kind_by_the_manifest(tmp_path, settings):
    """The folder's name says October for both; the order of names is not that of time."""
    run(tmp_path, "daily/20261001-20261031/9", "ActualCost", "2026-10-04T04:00:00Z")
    newest = run(tmp_path, "daily/20261001-20261031/10", "ActualCost", "2026-10-05T04:00:00Z")
    november = run(
        tmp_path, "daily/20261001-20261031/11", "ActualCost", "2026-11-05T04:00:00Z", start="2026-11-01T00:00:00Z"
    )
    amortized = run(tmp_path, "amortized/20261001-20261031/1", "AmortizedCost", "2026-10-05T04:00:00Z")
    assert [one.manifest.parent for one in newest_runs(tmp_path)] == [newest, november, amortized]
    assert [one.version for one in land_newest_runs("azure", tmp_path, settings=settings)] == [
        "2026-10-05T04:00:00Z", "2026-11-05T04:00:00Z", "2026-10-05T04:00:00Z",
    ]  # fmt: skip


def test_file_cut_off_in_the_sync(tmp_path, settings):
    place = run(tmp_path, "daily/1", "ActualCost", "2026-10-04T04:00:00Z")
    (place / "part_0.csv").write_text("BillingAccountId\n")
    with pytest.raises(LandingError, match=r"part_0.csv has 17 bytes, its manifest says \d+: it is cut off"):
        land_newest_runs("azure", tmp_path, settings=settings)


def test_folder_without_manifest(tmp_path):
    with pytest.raises(LandingError, match=r"holds no manifest.json of an export"):
        newest_runs(tmp_path)


CUR = (
    "bill_payer_account_id,bill_billing_period_start_date,line_item_usage_account_id,line_item_line_item_type,line_item_usage_start_date,"
    "line_item_usage_end_date,line_item_currency_code,line_item_unblended_cost\n1,2026-10-01,2,Usage,2026-10-03,2026-10-04,USD,{cost}\n"
)


def write(path: Path, content: str, at: str = "2026-10-05T04:00:00+00:00") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    moment = datetime.fromisoformat(at).timestamp()
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A synced folder; the warehouse with its landed copies is beside it."""
    return tmp_path / "bucket"


def data_exports_run(bucket: Path, execution: str, cost: str) -> list[str]:
    """A run of CUR 2.0 that keeps the earlier ones, synced from below the bucket's prefix."""
    data = f"BILLING_PERIOD=2026-10/{execution}/ai-00001.csv"
    uris = [f"s3://bills/some/prefix/ai/data/{data}"]
    write(bucket / "ai" / "data" / data, CUR.format(cost=cost))
    write(
        bucket / "ai" / "metadata" / "BILLING_PERIOD=2026-10" / execution / "ai-Manifest.json",
        json.dumps({"exportArn": "arn:export", "executionId": execution[-2:], "dataFiles": uris}),
    )
    return uris


def test_newest_execution_of_data_exports_is_read_from_the_manifests_list(bucket, settings, query):
    data_exports_run(bucket, "2026-10-04T04:00:00.000Z-e1", "1")
    data_exports_run(bucket, "2026-10-05T04:00:00.000Z-e2", "2")
    # a file that no manifest lists, as a run that has not ended leaves it
    write(bucket / "ai/data/BILLING_PERIOD=2026-10/2026-10-06T04:00:00.000Z-e3/ai-00001.csv", CUR.format(cost="3"))
    [landed] = land_newest_runs("aws_cur", bucket, settings=settings, feed="payer")
    assert landed.version == "2026-10-05T04:00:00.000Z"
    assert [result.outcome for result in load_pending(settings, as_of=datetime(2026, 11, 21))] == ["loaded"]
    assert query("select line_item_unblended_cost from raw.aws_cur_line_items") == [("2",)]


def test_an_export_that_overwrites_is_as_new_as_its_manifest(bucket, settings, query):
    """CUR 2.0 in overwrite mode: one manifest a month, written after the data."""
    for day, cost in (("04", "1"), ("05", "2")):
        write(bucket / "ai/data/BILLING_PERIOD=2026-10/ai-00001.csv", CUR.format(cost=cost))
        manifest_of = {"exportArn": "a", "dataFiles": ["s3://b/p/ai/data/BILLING_PERIOD=2026-10/ai-00001.csv"]}
        write(
            bucket / "ai/metadata/BILLING_PERIOD=2026-10/ai-Manifest.json",
            json.dumps(manifest_of),
            f"2026-10-{day}T04:00:00+00:00",
        )
        land_newest_runs("aws_cur", bucket, settings=settings, feed="payer")
    assert {result.outcome for result in load_pending(settings, as_of=datetime(2026, 11, 21))} == {"loaded"}
    assert query("select line_item_unblended_cost, _version from raw.aws_cur_line_items") == [
        ("2", "2026-10-05T04:00:00.000000+00:00")
    ]


def test_the_legacy_report_keeps_its_assemblies_and_the_newest_counts(bucket):
    period = bucket / "report" / "20261001-20261101"
    for assembly, at in (("zz", "2026-10-04T04:00:00+00:00"), ("aa", "2026-10-05T04:00:00+00:00")):
        key = f"prefix/report/20261001-20261101/{assembly}/report-1.csv"
        content = json.dumps(
            {
                "assemblyId": assembly,
                "reportId": "r",
                "billingPeriod": {"start": "20261001T000000.000Z"},
                "reportKeys": [key],
            }
        )
        write(period / assembly / "report-1.csv", CUR.format(cost="1"))
        write(period / assembly / "report-Manifest.json", content, at)
        write(period / "report-Manifest.json", content, at)
    [run] = newest_runs(bucket)
    assert (run.period, run.delivered()[1]) == ("2026-10-01", period / "aa" / "report-1.csv")


def test_a_listed_file_that_was_not_synced(bucket, settings):
    [uri] = data_exports_run(bucket, "2026-10-04T04:00:00.000Z-e1", "1")
    (bucket / uri.removeprefix("s3://bills/some/prefix/")).unlink()
    with pytest.raises(LandingError, match="lists ai-00001.csv, which is not at"):
        land_newest_runs("aws_cur", bucket, settings=settings)
