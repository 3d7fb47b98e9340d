"""What is timed, one function a section. Each prepares its own warehouse and adds to the report."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from bench import gpu_hours, hand_check, telemetry, worlds
from bench.measure import Night, last_json, night, python
from bench.report import Report
from orchestration.settings import Settings

FIXED_REQUESTS = 1000
# The size that the memory target is for.
MEMORY_REQUESTS = 50_000_000
# The run of the big worlds is on this morning: 20 days of one month.
BIG_DAY = date(2026, 10, 21)
# Of the worlds that grow by a day: 7 days before, then one new; the same after 12 months more. All mornings are of one
# ISO week, whose first run tests all days.
NEW_DAY = date(2026, 10, 9)
HISTORY_MONTHS = 13
REQUESTS_PER_DAY = 2000
# Wall clock grows where others use the machine; processor time hardly does.
AS_PROCESSOR = "  the same in processor time"
RESTATED_DAY = date(2026, 10, 23)
# GPU samples: the same day is added to a history of one day and of so many months of four weeks, each landed in one load.
TELEMETRY_DAY = date(2025, 11, 1)
TELEMETRY_MONTH = 28


@dataclass
class Bench:
    """One benchmark run: where it works, how big, and what other sections already found.

    Attributes:
        work: Folder for worlds and warehouses.
        rows: Requests of the big world.
        dagster: Run the nights through Dagster.
        gpu_months: Months of GPU samples.
    """

    work: Path
    rows: int
    dagster: bool
    gpu_months: int
    report: Report
    say: worlds.Progress
    nights: dict[str, Night] = field(default_factory=dict)

    def warehouse(self, name: str) -> Settings:
        """An empty warehouse."""
        home = self.work / "warehouses" / name
        shutil.rmtree(home, ignore_errors=True)
        return Settings.from_env(home)

    def night(self, name: str, settings: Settings, company: worlds.Company, *, dagster: bool | None = None) -> Night:
        """Run and time a night, and keep its details."""
        self.say(f"{name}: nightly job")
        done = night(settings.home, company.as_of, dagster=self.dagster if dagster is None else dagster)
        self.nights[name] = done
        self.report.details[name] = done.as_dict()
        stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in done.record["stages"].items())
        self.say(
            f"{name}: {done.seconds:.1f} s wall, {done.measured.cpu_seconds:.1f} s processor, peak"
            f" {done.measured.peak_gb:.2f} GB, {done.dirty_days} days, {done.record['models_built']} models ({stages})"
        )
        return done

    def loaded(self, name: str, company: worlds.Company) -> Settings:
        """A new warehouse with everything of a company landed."""
        settings = self.warehouse(name)
        worlds.land_all(company, settings)
        return settings

    def big(self, requests: int) -> worlds.Company:
        """The company with about that many requests in a month of 20 days."""
        self.say(f"simulating {requests:,} requests")
        days = BIG_DAY.day - 1
        return worlds.company(self.work / "worlds" / f"{requests}", day=BIG_DAY, requests_per_day=requests / days)


def fixed(bench: Bench) -> None:
    """The job on a thousand requests: what it costs before data counts."""
    company = bench.big(FIXED_REQUESTS)
    done = bench.night("fixed", bench.loaded("fixed", company), company)
    bench.report.add(
        "fixed cost: 1,000 requests", done.seconds, 45, " s", f"processor {done.measured.cpu_seconds:.0f} s"
    )
    if not bench.dagster:
        other = bench.night("fixed, Dagster", bench.loaded("fixed-dagster", company), company, dagster=True)
        bench.report.add("  the same through Dagster", other.seconds, None, " s")


def rows(bench: Bench) -> None:
    """The job on many requests, and its slope over the fixed cost."""
    company = bench.big(bench.rows)
    done = bench.night("rows", bench.loaded("rows", company), company)
    bench.report.add(f"{company.requests:,} requests", done.seconds, None, " s")
    target, note = (4, "") if company.requests >= MEMORY_REQUESTS * 0.9 else (None, "target: 4 GB at 50,000,000")
    bench.report.add("  peak memory, largest process", done.measured.peak_gb, target, " GB", note)


def hand(bench: Bench) -> None:
    """Hand SQL on the same files, checked against what was published; the slope as a multiple of it."""
    company = bench.big(bench.rows)
    warehouse = Settings.from_env(bench.work / "warehouses" / "rows")
    prices = next(warehouse.landing.glob("price_book/*/*/token_prices.csv"))
    out = bench.work / "hand"
    shutil.rmtree(out, ignore_errors=True)
    arguments = {
        "gateway": [str(path) for path in company.files("litellm")],
        "serving": [str(path) for path in company.files("request_log")],
        "spans": [str(path) for path in company.files("otel")],
        "prices_csv": str(prices),
        "aliases_csv": str(next(warehouse.landing.glob("price_book/*/*/model_aliases.csv"))),
        "out": str(out),
        "threads": warehouse.threads,
        "memory_limit": warehouse.memory_limit,
    }
    bench.say("hand SQL")
    done = python(["-m", "bench.hand_sql", json.dumps(arguments)], bench.work / "hand-home")
    printed = last_json(done)
    steps, cpu_seconds = printed["steps"], printed["cpu_seconds"]
    seconds = sum(steps.values())
    check = hand_check.compare(out / "groups.parquet", warehouse.published)
    bench.report.details["hand"] = {
        "steps": steps,
        "cpu_seconds": cpu_seconds,
        "peak_gb": done.peak_gb,
        "check": check,
    }
    bench.say(f"hand SQL: {seconds:.1f} s {steps}; costs equal the published ones: {check['equal']} {check}")
    bench.report.add("hand SQL on the same files", seconds, None, " s", f"costs equal: {check['equal']}")
    if {"fixed", "rows"} <= bench.nights.keys():
        big, small = bench.nights["rows"], bench.nights["fixed"]
        slope = big.seconds - small.seconds
        bench.report.add("slope: T(N) - T(1k), as a multiple of hand SQL", slope / seconds, 2, "x", f"{slope:.1f} s")
        processor = (big.measured.cpu_seconds - small.measured.cpu_seconds) / cpu_seconds
        bench.report.add(AS_PROCESSOR, processor, None, "x")
        for stage in big.record["stages"]:
            more = big.record["stages"][stage] - small.record["stages"].get(stage, 0)
            if more / seconds > 0.05:
                bench.report.add(f"  of which {stage}", more / seconds, None, "x", f"{more:.1f} s")


def _warehouse_of_rows(bench: Bench) -> tuple[Settings, worlds.Company]:
    """The warehouse that `rows` left; without that section, a small one."""
    if "rows" in bench.nights:
        return Settings.from_env(bench.work / "warehouses" / "rows"), bench.big(bench.rows)
    company = bench.big(FIXED_REQUESTS)
    settings = bench.loaded("again", company)
    bench.night("again, first run", settings, company)
    return settings, company


def pricing(bench: Bench) -> None:
    """Pricing and adding up alone, against a hash join by hand on the same rows and against calculators of one call."""
    settings, _ = _warehouse_of_rows(bench)
    arguments = {
        "build_path": str(settings.build_path),
        "compiled": str(settings.build / "target" / "compiled"),
        "prices": str(next(settings.landing.glob("price_book/*/*/token_prices.csv"))),
        "aliases": str(next(settings.landing.glob("price_book/*/*/model_aliases.csv"))),
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
    }
    found = last_json(python(["-m", "bench.pricing", json.dumps(arguments)], bench.work / "pricing-home"))
    bench.report.details["pricing"] = found
    cpu, rows = found["cpu_seconds"], found["rows"]
    equal = found["list_cost"]["ours"] == found["list_cost"]["by_hand"]
    rate = f"{rows / cpu['ours']:,.0f} requests a processor second; costs equal: {equal}"
    bench.report.add(
        "pricing and adding up, as a multiple of the join by hand", cpu["ours"] / cpu["by_hand"], 1.43, "x", rate
    )
    bench.report.add("  with owners and the meter of record", cpu["whole"] / cpu["by_hand"], None, "x")
    bench.report.add(
        "  the groups model with ids, contract cost and all classes", cpu["groups"] / cpu["by_hand"], None, "x"
    )
    for name, calls in found["calls_per_second"].items():
        note = f"{calls:,.0f} calls a processor second"
        bench.report.add(
            f"  requests priced in the time of a call of {name}", rows / cpu["ours"] / calls, None, "", note
        )


def nothing(bench: Bench) -> None:
    """A second run right after the first."""
    settings, company = _warehouse_of_rows(bench)
    done = bench.night("nothing new", settings, company)
    started = "dbt build" in done.record["stages"]
    bench.report.add("nothing new", done.seconds, 20, " s", f"dbt {'WAS' if started else 'not'} started")


def redelivery(bench: Bench) -> None:
    """The same log and bill files once more under other names."""
    settings, company = _warehouse_of_rows(bench)
    scratch = bench.work / "renamed"
    shutil.rmtree(scratch, ignore_errors=True)
    for source in ("litellm", "request_log", "focus"):
        worlds.land_renamed(company, settings, scratch / source, source)
    shutil.rmtree(scratch)
    done = bench.night("identical re-delivery", settings, company)
    bench.report.add("identical re-delivery: models built", done.record["models_built"], 0, "", f"{done.seconds:.1f} s")


def history(bench: Bench) -> None:
    """One new day after a year, against the same day of the same company where only its last week was landed before."""
    bench.say("history: simulating")
    before, after = worlds.successive_days(
        bench.work / "worlds" / "history",
        days=[NEW_DAY - timedelta(days=1), NEW_DAY],
        requests_per_day=REQUESTS_PER_DAY,
        months=HISTORY_MONTHS,
    )
    found = {}
    for name, since in (("7 days", NEW_DAY.replace(day=1)), ("365 days", None)):
        settings = bench.warehouse(f"history-{name.replace(' ', '-')}")
        worlds.land_all(before, settings, since)
        bench.night(f"{name}, first run", settings, before)
        worlds.land_last_morning(after, settings)
        found[name] = bench.night(f"a new day after {name}", settings, after)
    short, long = found["7 days"], found["365 days"]
    _compare(bench, "a new day after 365 days / after 7", long, short, 1.2)


def restatement(bench: Bench) -> None:
    """A month's AWS bill sent again with two days changed, against two new days."""
    bench.say("restatement: simulating")
    first, *later = worlds.successive_days(
        bench.work / "worlds" / "restatement",
        days=[RESTATED_DAY - timedelta(days=back) for back in (2, 1, 0)],
        requests_per_day=REQUESTS_PER_DAY,
    )
    settings = bench.loaded("restatement", first)
    bench.night("restatement, first run", settings, first)
    for company in later:
        worlds.land_last_morning(company, settings)
    new = bench.night("two new days", settings, later[-1])
    days = [date(RESTATED_DAY.year, RESTATED_DAY.month, day) for day in (6, 7)]
    lines = worlds.land_changed_bill(later[-1], settings, bench.work / "changed", days)
    restated = bench.night("a month with two days changed", settings, later[-1])
    _compare(bench, f"a month's bill with 2 days changed ({lines} lines) / 2 new days", restated, new, 1.5)


def _compare(bench: Bench, what: str, one: Night, other: Night, target: float) -> None:
    note = f"{one.seconds:.1f} s / {other.seconds:.1f} s; dirty days {one.dirty_days} / {other.dirty_days}"
    bench.report.add(what, one.seconds / other.seconds, target, "x", note)
    one_cpu, other_cpu = one.measured.cpu_seconds, other.measured.cpu_seconds
    bench.report.add(AS_PROCESSOR, one_cpu / other_cpu, None, "x", f"{one_cpu:.1f} s / {other_cpu:.1f} s")


def gpu_samples(bench: Bench) -> None:
    """A day of 1,000 GPUs at one sample a minute, landed and reduced to GPU-hours, on top of one day and of months that came one by one."""
    settings = bench.warehouse("gpu-samples")
    months = [(2 + number * TELEMETRY_MONTH, 2 + (number + 1) * TELEMETRY_MONTH) for number in range(bench.gpu_months)]
    history = 2 + bench.gpu_months * TELEMETRY_MONTH
    days = telemetry.days_from(TELEMETRY_DAY, history + 1)
    found = {}
    for first, end in ((0, 1), (1, 2), *months, (history, history + 1)):
        bench.say(f"gpu_samples: days {first + 1} to {end} of {history + 1}")
        for day in days[first:end]:
            telemetry.land_day(settings, bench.work / "pages", day)
        loaded = python(["-m", "bench.telemetry", "load"], settings.home)
        named = [day.isoformat() for day in days[first:end]] if first else []
        reduced = python(["-m", "bench.telemetry", "reduce", *named], settings.home)
        found[first] = loaded, reduced
        bench.report.details[f"GPU samples after {first} days"] = {
            "days": end - first,
            "load": {"cpu_seconds": loaded.cpu_seconds, "seconds": loaded.seconds, "peak_gb": loaded.peak_gb},
            "reduce": {"cpu_seconds": reduced.cpu_seconds, "seconds": reduced.seconds, "peak_gb": reduced.peak_gb},
        }
        bench.say(
            f"  load {loaded.cpu_seconds:.1f} s of processor time, {loaded.peak_gb:.2f} GB;"
            f" reduce {reduced.cpu_seconds:.1f} s, {reduced.peak_gb:.2f} GB"
        )
    (short_load, short_reduce), (long_load, long_reduce) = found[1], found[history]
    samples = telemetry.GPUS * 86_400 // telemetry.STEP_SECONDS
    bench.report.add(
        f"GPU samples: a day of {samples:,} after {history} days / after 1, processor time",
        (long_load.cpu_seconds + long_reduce.cpu_seconds) / (short_load.cpu_seconds + short_reduce.cpu_seconds),
        1.2,
        "x",
        f"load {long_load.cpu_seconds:.1f} s / {short_load.cpu_seconds:.1f} s; reduce, dbt's own start included,"
        f" {long_reduce.cpu_seconds:.1f} s / {short_reduce.cpu_seconds:.1f} s",
    )
    if months:
        first_month, last_month = found[months[0][0]], found[months[-1][0]]
        first_cpu, last_cpu = (sum(one.cpu_seconds for one in month) for month in (first_month, last_month))
        first_peak, last_peak = (max(one.peak_gb for one in month) for month in (first_month, last_month))
        bench.report.add(
            f"  month {len(months)} of {TELEMETRY_MONTH} days / month 1, processor time",
            last_cpu / first_cpu,
            1.2,
            "x",
            f"{last_cpu:.0f} s / {first_cpu:.0f} s; largest process {last_peak:.2f} GB / {first_peak:.2f} GB",
        )
    peak = max(one.peak_gb for pair in found.values() for one in pair)
    bench.report.add("  peak memory, largest process", peak, 4, " GB", f"{history + 1} days, {samples:,} samples each")


def gpu_year(bench: Bench) -> None:
    """A year of hours of 1,000 GPUs built at once down to the ledger, and the day after it beside the day after a week."""
    found = {}
    for history in (7, 365):
        settings = bench.warehouse(f"gpu-hours-{history}")
        bench.say(f"gpu_year: {history} days")
        gpu_hours.land_days(settings, bench.work / "pages", TELEMETRY_DAY, history)
        loaded = python(["-m", "bench.gpu_hours", "load"], settings.home)
        built = python(["-m", "bench.gpu_hours", "build"], settings.home)
        new_day = TELEMETRY_DAY + timedelta(days=history)
        gpu_hours.land_days(settings, bench.work / "pages", new_day, 1)
        loaded_day = python(["-m", "bench.gpu_hours", "load"], settings.home)
        built_day = python(["-m", "bench.gpu_hours", "build", new_day.isoformat()], settings.home)
        found[history] = built, built_day
        bench.report.details[f"GPU hours, {history} days"] = {
            name: {"cpu_seconds": one.cpu_seconds, "seconds": one.seconds, "peak_gb": one.peak_gb}
            for name, one in {
                "load": loaded,
                "build": built,
                "load a day": loaded_day,
                "build a day": built_day,
            }.items()
        }
        bench.say(
            f"  built at once {built.cpu_seconds:.1f} s, {built.peak_gb:.2f} GB; a day {built_day.cpu_seconds:.1f} s"
        )
    at_once, (_, long_day), (_, short_day) = found[365][0], found[365], found[7]
    hours = telemetry.GPUS * 24 * 365
    bench.report.add(
        f"GPU hours: {hours:,} built at once, peak memory",
        at_once.peak_gb,
        4,
        " GB",
        f"{at_once.cpu_seconds:.0f} s of processor time",
    )
    bench.report.add(
        "  a day after a year / after a week, processor time",
        long_day.cpu_seconds / short_day.cpu_seconds,
        1.2,
        "x",
        f"{long_day.cpu_seconds:.1f} s / {short_day.cpu_seconds:.1f} s, {long_day.peak_gb:.2f} GB / {short_day.peak_gb:.2f} GB",
    )


SECTIONS = {
    section.__name__: section
    for section in (fixed, rows, hand, pricing, nothing, redelivery, history, restatement, gpu_samples, gpu_year)
}
