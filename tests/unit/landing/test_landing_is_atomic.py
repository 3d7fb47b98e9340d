"""A process that is killed while it lands leaves no half delivery for a load to find."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from orchestration.landing.deliveries import deliveries, land

# Lands two files and dies while it copies the second one, or with all copied and the delivery not yet in its place.
KILLED_LANDING = """
import os, shutil, signal, sys
from pathlib import Path
from orchestration.landing import deliveries
from orchestration.settings import Settings
home, project, moment, first, second = sys.argv[1:]
copy = shutil.copyfile
def half(source, target):
    if Path(source).name != "two.csv":
        return copy(source, target)
    Path(target).write_bytes(Path(source).read_bytes()[:20])
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "copying":
    shutil.copyfile = half
else:
    os.replace = lambda source, target: os.kill(os.getpid(), signal.SIGKILL)
settings = Settings(home=Path(home), project_dir=Path(project), lake_catalog_uri="")
deliveries.land("calls", [Path(first), Path(second)], settings=settings)
"""


@pytest.mark.parametrize("moment", ["copying", "switching"])
def test_a_killed_landing_leaves_nothing_to_load_and_can_be_repeated(warehouse, tmp_path, moment):
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for number, path in enumerate(files):
        path.write_text(f"id,Time,TokenCount\nc{number},2026-11-03T10:00:00Z,{number + 1}\n")
    where = (warehouse.settings.home, warehouse.settings.project_dir)
    command = [sys.executable, "-c", KILLED_LANDING, *map(str, where), moment, *map(str, files)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert deliveries(warehouse.settings) == []
    assert warehouse.load() == []

    delivery = land("calls", files, settings=warehouse.settings)
    assert {path.name: (delivery.path / path.name).read_bytes() for path in files} == {
        path.name: path.read_bytes() for path in files
    }
    (result,) = warehouse.load()
    assert (result.outcome, result.loaded) == ("loaded", 2)
    assert warehouse.query("select count(*), sum(tokens) from raw.calls") == [(2, 3)]


def test_what_a_killed_landing_left_is_removed_by_one_of_another_day(warehouse, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("id,Time,TokenCount\nc1,2026-11-03T10:00:00Z,1\n")
    feed = warehouse.settings.landing / "calls" / "calls"
    broken, at_work = feed / ".landing-broken", feed / ".landing-at-work"
    for folder in (broken, at_work):
        folder.mkdir(parents=True)
        (folder / "one.csv").write_text("half")
    yesterday = time.time() - 25 * 3600
    os.utime(broken, (yesterday, yesterday))
    land("calls", [path], settings=warehouse.settings)
    assert not broken.exists()
    assert at_work.exists()
