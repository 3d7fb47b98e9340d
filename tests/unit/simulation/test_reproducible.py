"""The same arguments give the same bytes, at any size, and nothing else of the project is involved."""

from __future__ import annotations

import ast
import csv
import hashlib
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.simulation import World, simulate

SHORT = datetime(2026, 10, 5, 6, tzinfo=UTC)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes(tmp_path):
    options = {"seed": 3, "months": 2, "requests_per_day": 40, "gpu_scale": 0.1, "as_of": SHORT}
    first = simulate(tmp_path / "a", **options)
    again = simulate(tmp_path / "b", **options, threads=1)
    assert _hashes(first.root) == _hashes(again.root)
    assert len(_hashes(first.root)) > 60


def test_another_seed_is_another_world(tmp_path):
    options = {"months": 1, "requests_per_day": 40, "gpu_scale": 0.1, "as_of": SHORT}
    one = _hashes(simulate(tmp_path / "a", seed=1, **options).root)
    two = _hashes(simulate(tmp_path / "b", seed=2, **options).root)
    drawn = [
        name
        for name in one
        if any(kind in name for kind in ("litellm-2", "request_log-2", "cur2", "dcgm-", "sacct", "costs-"))
    ]
    assert len(drawn) > 10
    assert all(one[name] != two[name] for name in drawn)


@pytest.mark.parametrize("requests_per_day", [50, 20_000])
def test_scales_with_requests(tmp_path, requests_per_day):
    started = time.monotonic()
    world = simulate(tmp_path / "w", months=1, requests_per_day=requests_per_day, gpu_scale=0.1, as_of=SHORT)
    assert time.monotonic() - started < 60
    days = len(world.timeline.days)
    assert 0.6 * requests_per_day * days < world.volumes["gateway requests"] < 1.4 * requests_per_day * days


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"months": 0}, "months must be"),
        ({"requests_per_day": 0}, "must be positive"),
        ({"gpu_scale": -1}, "must be positive"),
        ({"telemetry_step": 700}, "must divide 3600"),
        ({"as_of": SHORT.replace(tzinfo=None)}, "needs a time zone"),
        ({"as_of": SHORT.replace(day=2)}, "third of a month"),
    ],
)
def test_refuses_arguments_out_of_range(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        simulate(tmp_path / "w", **wrong)
    assert not (tmp_path / "w").exists()


def test_refuses_a_folder_that_is_in_use(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError):
        simulate(tmp_path)


def test_imports_nothing_of_the_project():
    package = Path(__file__).parents[3] / "orchestration" / "simulation"
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert not (node.module or "").startswith("orchestration"), path
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("orchestration") for alias in node.names), path


def _newest_lines(world: World, source: str, feed: str, columns_that_name_the_export: tuple[str, ...]) -> Counter:
    """Lines of a feed's newest bill, as often as each comes."""
    newest = [entry for entry in world.deliveries if (entry["source"], entry["feed"]) == (source, feed)][-1]
    lines: Counter = Counter()
    for name in newest["files"]:
        with (world.manifest.parent / name).open(newline="") as file:
            for row in csv.DictReader(file):
                for column in columns_that_name_the_export:
                    del row[column]
                lines[tuple(row.items())] += 1
    return lines


def _closed_revenue(world: World) -> list[str]:
    """Lines of the newest revenue file that are of the closed month."""
    newest = [entry for entry in world.deliveries if entry["source"] == "accounting"][-1]
    [name] = [name for name in newest["files"] if name.endswith("revenue.csv")]
    month = world.timeline.months[0].start.date().isoformat()
    return [line for line in (world.manifest.parent / name).read_text().splitlines() if month in line]


def test_a_longer_window_leaves_the_lines_of_past_days_as_they_are(tmp_path):
    """A day later the bills of the open month have that day's lines more, and every other line as it was."""
    options = {"months": 2, "requests_per_day": 40, "gpu_scale": 0.1}
    days = [SHORT, SHORT + timedelta(days=1), SHORT + timedelta(days=9)]
    worlds = [simulate(tmp_path / str(day.day), as_of=day, **options) for day in days]
    for source, feed, ids in (
        ("aws_cur", "payer", ("identity_line_item_id",)),
        ("focus", "northgrid", ()),
        ("focus", "anthropic", ()),
    ):
        first, *later = (_newest_lines(world, source, feed, ids) for world in worlds)
        for longer in later:
            assert first - longer == Counter(), (source, feed)
            assert (longer - first).total() > 0
    closed = [_closed_revenue(world) for world in worlds]
    assert closed[0]
    assert closed[0] == closed[1] == closed[2]


def test_no_file_of_a_small_world_is_empty(tmp_path):
    """An exporter with nothing to say writes no file, and the loader would refuse one."""
    world = simulate(tmp_path / "small", months=1, requests_per_day=8, gpu_scale=0.02)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and not path.stat().st_size] == []
    spans = [entry for entry in world.deliveries if entry["source"] == "otel"]
    assert spans
    assert all(entry["files"] for entry in world.deliveries)
