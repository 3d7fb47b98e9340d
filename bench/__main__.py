"""`python -m bench --rows N`: the nightly job beside the least SQL by hand, as ratios within one run.

Timings never fail the run; the table says which targets are met.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

from bench.report import Report, machine
from bench.sections import SECTIONS, Bench
from orchestration.settings import PROJECT_DIR


def main() -> None:
    """Parse arguments, run the sections, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="requests of the big world (%(default)s)")
    parser.add_argument(
        "--gpu-months", type=int, default=1, help="months of GPU samples of section gpu_samples (%(default)s)"
    )
    parser.add_argument("--sections", default=",".join(SECTIONS), help="comma-separated: %(default)s")
    parser.add_argument("--work", type=Path, default=PROJECT_DIR / "warehouse" / "bench", help="scratch folder")
    parser.add_argument("--dagster", action="store_true", help="run the nights through Dagster's job")
    parser.add_argument("--keep", action="store_true", help="keep worlds and warehouses for the next run or a look")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    arguments = parser.parse_args()
    wanted = arguments.sections.split(",")
    unknown = sorted(set(wanted) - set(SECTIONS))
    if unknown:
        parser.error(f"no such section: {', '.join(unknown)}")
    if "hand" in wanted and "rows" not in wanted:
        parser.error("section hand compares with what section rows publishes: ask for both")

    began = time.perf_counter()

    def say(message: str) -> None:
        print(f"{time.perf_counter() - began:7.1f} s  {message}", flush=True)

    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    report = Report(machine())
    bench = Bench(work, arguments.rows, arguments.dagster, arguments.gpu_months, report, say)
    print("machine: " + ", ".join(f"{name} {value}" for name, value in report.machine.items()))
    for name in (name for name in SECTIONS if name in wanted):
        try:
            SECTIONS[name](bench)
        except RuntimeError as error:
            # One night that fails must not cost the figures of the other sections.
            say(f"{name}: FAILED\n{error}")
            report.details[f"{name} failed"] = str(error)
    print(f"\n{report.nights()}\n\n{report.table()}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": arguments.rows, **report.as_dict()}, indent=1))
    if not arguments.keep:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
