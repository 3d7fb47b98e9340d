"""How runs went and what is current, as tables for people. Reads run records, the lake's ledger and the published
manifest.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestration import runs
from orchestration.gates.results import PASS, read_results
from orchestration.publishing import versions
from orchestration.run_lock import AlreadyRunningError, run_lock
from orchestration.settings import Settings

_COLOURS = {
    runs.PUBLISHED: "green",
    runs.NOTHING_NEW: "cyan",
    runs.REFUSED: "red",
    runs.FAILED: "red",
    runs.KILLED: "yellow",
}
_WORDS = {
    runs.PUBLISHED: "published",
    runs.NOTHING_NEW: "nothing new",
    runs.REFUSED: "refused: what was published stays",
    runs.FAILED: "failed: what was published stays",
    runs.KILLED: "killed: what was published stays",
    runs.RUNNING: "running",
    runs.UNFINISHED: "unfinished",
}


def _days(record: dict) -> str:
    days = record["dirty_days"]
    if days is None:
        return "all days"
    return f"{len(days)} days" if len(days) != 1 else days[0]


def print_run(record: dict, console: Console | None = None) -> None:
    """One run: outcome, loads, what was rebuilt, seconds per stage, and what stood in the way."""
    console = console or Console()
    colour = _COLOURS.get(record["status"], "white")
    console.print(f"[bold {colour}]{_WORDS[record['status']]}[/]  run {record['run_id']}", highlight=False)
    loads = record["loads"]
    if loads:
        verdicts = {
            verdict: sum(1 for load in loads if load["verdict"] == verdict)
            for verdict in sorted({load["verdict"] for load in loads})
        }
        rows = sum(load["rows"] for load in loads if load["verdict"] == "loaded")
        rejected = sum(load["rejected"] for load in loads)
        what = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        console.print(f"  loads: {what}; {rows:,} rows loaded, {rejected:,} rejected", highlight=False)
    if record["tests_run"]:
        over = " over all days" if record.get("full_tests") and record["dirty_days"] is not None else ""
        console.print(
            f"  built: {_days(record)}, {record['models_built']} models, {record['tests_run']} tests{over}",
            highlight=False,
        )
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in record["stages"].items())
    console.print(f"  stages: {stages}", highlight=False)
    for load in loads:
        if load["verdict"] == "refused":
            console.print(
                f"  [red]refused[/] {load['source']}/{load['feed']} {load['table']}: {load['reason']}", highlight=False
            )
    for problem in record["problems"][:10]:
        console.print(f"  [red]{problem}[/]", highlight=False)
    if len(record["problems"]) > 10:
        console.print(
            f"  and {len(record['problems']) - 10} more: {record['folder']}/gate_results.jsonl", highlight=False
        )


def _print_version(settings: Settings, console: Console) -> None:
    version = versions.current_version(settings.published)
    if version is None:
        console.print("Nothing is published yet.")
        return
    manifest = versions.read_manifest(version)
    size = (version / versions.MARTS).stat().st_size / 1e6
    console.print(
        f"Published: version {manifest['version']} as of {manifest['as_of']}, {sum(manifest['rows'].values()):,} rows, "
        f"{size:.1f} MB; Data Docs in {version / versions.DATA_DOCS / 'index.html'}",
        highlight=False,
    )


def _print_runs(records: list[dict], console: Console) -> None:
    table = Table(
        "run", "outcome", "loads", "rebuilt", "seconds", "slowest stages", title="Runs", title_justify="left", box=None
    )
    for record in records:
        slowest = sorted(record["stages"].items(), key=lambda stage: -stage[1])[:3]
        table.add_row(
            record["run_id"],
            f"[{_COLOURS.get(record['status'], 'white')}]{_WORDS[record['status']].split(':')[0]}[/]",
            str(len(record["loads"])),
            _days(record) if record["tests_run"] else "",
            f"{sum(record['stages'].values()):.1f}",
            ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest),
        )
    console.print(table)
    failed = next((record for record in records if record["problems"]), None)
    if failed is not None and failed is records[0]:
        print_run(failed, console)
    for result in read_results(Path(records[0]["folder"]) / "gate_results.jsonl"):
        if result.status != PASS and not result.blocks:
            console.print(f"  [yellow]note[/] {result.sentence()}", highlight=False)


def _print_sources(settings: Settings, as_of: datetime, console: Console) -> None:
    from orchestration.lake.ledger import ledger  # the lake's libraries cost seconds
    from orchestration.landing.load import pending
    from orchestration.landing.schema import load_schemas

    cadence = {name: table.cadence_hours for name, table in load_schemas(settings.project_dir).items()}
    found: dict[tuple[str, str], dict] = {}
    for row in ledger(settings).to_pylist():
        entry = found.setdefault(
            (row["source"], row["table_name"]),
            {"loads": set(), "rows": 0, "rejected": 0, "refused": set(), "last": None, "day": None},
        )
        entry["rows"] += row["rows_loaded"]
        entry["rejected"] += row["rows_rejected"]
        if row["outcome"] == "loaded":
            entry["loads"].add(row["load_id"])
            entry["last"] = max(filter(None, (entry["last"], row["committed_at"])))
            entry["day"] = max(filter(None, (entry["day"], row["last_day"])), default=None)
        elif row["outcome"] == "refused":
            entry["refused"].add(row["load_id"])
    table = Table(
        "source",
        "raw table",
        "loads",
        "rows",
        "rejected",
        "refused",
        "newest day",
        "last load",
        title="Sources",
        title_justify="left",
        box=None,
    )
    for (source, name), entry in sorted(found.items()):
        last: datetime | None = entry["last"]
        promised = cadence.get(name)
        late = bool(
            promised
            and entry["day"]
            and as_of - datetime.combine(entry["day"], time()) > timedelta(hours=24 + 2 * promised)
        )
        table.add_row(
            source, name, str(len(entry["loads"])), f"{entry['rows']:,}", f"{entry['rejected']:,}", str(len(entry["refused"]) or ""),
            str(entry["day"] or ""), f"{last:%Y-%m-%d %H:%M}{' [yellow]stale[/]' if late else ''}" if last else "",
        )  # fmt: skip
    console.print(table)
    waiting = pending(settings)
    if waiting:
        console.print(
            f"Waiting to be loaded: {len(waiting)} deliveries; load them with: ai-finops run", highlight=False
        )


def print_status(settings: Settings, shown: int, console: Console | None = None) -> None:
    """The whole page of `ai-finops status`."""
    console = console or Console()
    _print_version(settings, console)
    try:
        with run_lock(settings.home):
            runs.mark_killed(settings.home)
    except AlreadyRunningError as error:
        console.print(f"[cyan]{error}[/]")
    records = runs.read_runs(settings.home)[:shown]
    if records:
        _print_runs(records, console)
    if settings.lake.exists():
        # Measured by the clock of the newest run, as the gate does.
        as_of = datetime.fromisoformat(records[0]["as_of"]) if records else runs.utc_now()
        _print_sources(settings, as_of, console)
