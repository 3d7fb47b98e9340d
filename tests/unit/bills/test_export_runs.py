"""A synced container of a scheduled Azure export: every daily run leaves the month again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.landing.deliveries import LandingError
from orchestration.landing.export_runs import land_newest_runs, newest_runs
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
    with pytest.raises(LandingError, match="holds no manifest.json of an export"):
        newest_runs(tmp_path)
