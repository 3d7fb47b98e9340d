"""One run at a time, and a killed run never in the way of the next."""

import os
import signal
import subprocess
import sys

import pytest

from orchestration import runs
from orchestration.run_lock import AlreadyRunningError, run_lock

HOLD = "import sys,time; from pathlib import Path; from orchestration.run_lock import run_lock\nwith run_lock(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"


def hold(home) -> subprocess.Popen:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_run_is_refused_and_told_who_holds_it(tmp_path):
    holder = hold(tmp_path)
    try:
        with pytest.raises(AlreadyRunningError, match=f"process {holder.pid}"), run_lock(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()


def test_a_killed_run_leaves_no_lock(tmp_path):
    holder = hold(tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with run_lock(tmp_path):
        pass


def test_a_run_that_never_ended_is_called_killed(tmp_path):
    from datetime import datetime

    record = runs.RunRecord.start(tmp_path, datetime(2026, 9, 1))
    assert runs.mark_killed(tmp_path) == [record.run_id]
    assert runs.read_runs(tmp_path)[0]["status"] == runs.KILLED
    assert runs.mark_killed(tmp_path) == []
