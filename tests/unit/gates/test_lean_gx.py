"""What Great Expectations is imported without, until it is asked for. Each case runs in its own process, as the gate does."""

import subprocess
import sys

LEFT_OUT = ("scipy.stats._stats_py", "altair.vegalite")
IMPORTED = f"; import sys; print('ANSWER', *(part in sys.modules for part in {LEFT_OUT}))"


def printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith("ANSWER")) or done.stderr[-300:]


def test_the_gate_does_not_import_it():
    assert printed("import orchestration.gates.arrivals_process" + IMPORTED) == "ANSWER False False"


def test_great_expectations_alone_imports_it():
    """When this fails, Great Expectations has learnt it: remove the line from lean_gx.py."""
    assert printed("import great_expectations" + IMPORTED) == "ANSWER True True"


def test_what_is_asked_of_a_stand_in_is_the_modules():
    program = (
        "from orchestration.gates.lean_gx import gx; from scipy import stats; import altair; import scipy.stats;"
        "print('ANSWER', stats.norm.cdf(0), altair.Chart.__name__, scipy.stats.norm is stats.norm)"
    )
    assert printed(program) == "ANSWER 0.5 Chart True"
