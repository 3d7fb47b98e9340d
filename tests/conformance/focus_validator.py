"""The official FOCUS validator over the published view focus.focus_1_2, in an environment of its own.

    python tests/conformance/focus_validator.py [MARTS_FILE]      ends with 1 where it finds more or less than known_defects.csv

The validator needs Python 3.12, which the project does not; where none is found, this says so and ends with 0. Its exit
code is 0 whatever it finds, so its report is read; a report without cases is a failure, too. It proves presence, types,
formats and NULLs; that prices, quantities and periods hold together is tested by assert_charges_hold_together.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
LOCK = HERE / "focus_validator.lock"
ROWS_PER_SHAPE = 10
# Rules of FOCUS 1.2 that the validator knows; fewer means that it did not run them.
RULES = 578


def python_312() -> Path | None:
    """A Python 3.12 or newer of this machine that starts, or None."""
    names = [f"python3.{minor}" for minor in (12, 13)]
    installed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [Path(path) for name in names if (path := shutil.which(name))]
    candidates += sorted(installed.glob("3.12.*/bin/python")) + sorted(installed.glob("3.13.*/bin/python"))
    for candidate in candidates:
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def environment(python: Path, folder: Path) -> Path:
    """The folder of an environment that holds the locked validator; made where it is missing or of another lock."""
    stamp = folder / "lock"
    if not stamp.exists() or stamp.read_bytes() != LOCK.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", LOCK]
        subprocess.run(pip, check=True)
        shutil.copyfile(LOCK, stamp)
    return folder


def write_rows(marts: Path, view: str, target: Path) -> list[str]:
    """Write some rows of every shape of charge to Parquet; returns the view's columns that are the specification's.

    Args:
        marts: A published file.
        view: `focus_1_2` or `focus_1_4`.
        target: Parquet file.
    """
    with duckdb.connect(str(marts), read_only=True) as con:
        names = [column[0] for column in con.execute(f"select * from focus.{view} limit 0").description]
        columns = [name for name in names if not name.startswith("x_")]
        con.execute(
            f"""
            copy (
                select {", ".join(columns)} from focus.{view}
                qualify row_number() over (
                    partition by x_Source, x_Feed, ChargeCategory, ChargeClass, ServiceName, SkuMeter, PricingCategory,
                        CommitmentDiscountStatus, CapacityReservationStatus, InvoiceId is null
                    order by x_ChargeId
                ) <= {ROWS_PER_SHAPE}
            ) to '{target}' (format parquet)
            """
        )
    return columns


def failed_rules(env: Path, rows: Path, folder: Path) -> set[str]:
    """Ids of the rules that the validator finds broken.

    Raises:
        RuntimeError: If it left no report, or one without all of its rules.
    """
    # It looks for this file below the folder that it is started in.
    currencies = next(env.glob("lib/python3.*/site-packages/focus_validator/rules/currency_codes.csv"))
    (folder / "focus_validator" / "rules").mkdir(parents=True, exist_ok=True)
    shutil.copy(currencies, folder / "focus_validator" / "rules")
    report = folder / "report.xml"
    command = [
        env / "bin" / "focus-validator", "--data-file", rows, "--data-format", "parquet",
        "--focus-dataset", "CostAndUsage", "--validate-version", "1.2", "--block-download",
        "--applicability-criteria", "ALL", "--output-type", "unittest", "--output-destination", report,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not report.exists():
        raise RuntimeError(f"the validator left no report: {done.stderr[-500:]}")
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    if len(cases) < RULES:
        raise RuntimeError(f"the validator looked at {len(cases)} of {RULES} rules: {done.stderr[-500:]}")
    return {case.get("name", "").split(" :: ")[0] for case in cases if case.find("failure") is not None}


def known_defects() -> set[str]:
    """Rules that fail on sound rows through defects of the validator."""
    with (HERE / "known_defects.csv").open() as file:
        return {row["rule_id"] for row in csv.DictReader(file)}


def main(arguments: list[str]) -> int:
    """Check a published file; the default is the current version of the warehouse."""
    python = python_312()
    if python is None:
        print("no Python 3.12 here: the official FOCUS validator was not run")
        return 0
    home = Path(os.environ.get("AI_FINOPS_HOME", "warehouse"))
    marts = Path(arguments[0]) if arguments else home / "published" / "current" / "marts.duckdb"
    folder = home / "conformance"
    folder.mkdir(parents=True, exist_ok=True)
    rows = folder.resolve() / "focus_1_2.parquet"
    write_rows(marts, "focus_1_2", rows)
    found = failed_rules(environment(python, folder.resolve() / "environment"), rows, folder)
    for rule in sorted(found - known_defects()):
        print(f"broken: {rule}")
    for rule in sorted(known_defects() - found):
        print(f"known as a defect of the validator, but it passes now: {rule}")
    if found == known_defects():
        print(
            f"FOCUS 1.2: {RULES - len(found)} rules hold or do not apply; {len(found)} known defects of the validator"
        )
    return int(found != known_defects())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
