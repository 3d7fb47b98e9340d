"""What days of the past would cost with the newest price book, and the decision to price them with it.

History keeps the book that it was first priced with. Here the project's own models price the days once more, in a file
of their own, with the newest book for them; the difference to what is published is the answer, request by request.
Accepting it lands the days as reference data: they are dirty then where a price changed, and the next night rebuilds
them.
"""

from __future__ import annotations

import contextlib
import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
from rich.console import Console

from orchestration.dbt_project import run_dbt
from orchestration.lake.catalog import Lake
from orchestration.lake.raw_views import register, select_current
from orchestration.landing.deliveries import deliveries
from orchestration.landing.readers.reading import name
from orchestration.landing.schema import load_schemas
from orchestration.nightly_loads import PRICE_BOOK, land_if_new
from orchestration.printing import amount, new_table
from orchestration.publishing import versions
from orchestration.reading import NothingPublishedError
from orchestration.reference.book_days import BookDays, newest, with_accepted, write_book_days
from orchestration.settings import Settings

BOOK_DAYS_FILE = "price_book_days.csv"


class RepriceError(RuntimeError):
    """The days could not be priced; the message says why."""


@dataclass(frozen=True)
class Difference:
    """Requests of one model that moved from one book to another: their cost in USD as published and with the newest book.

    A cost is None where no request of the line has a price.
    """

    provider_id: str
    model_id: str | None
    book_before: str | None
    book_after: str | None
    requests: int
    list_before: Decimal | None
    list_after: Decimal | None
    contracted_before: Decimal | None
    contracted_after: Decimal | None

    @property
    def list_change(self) -> Decimal:
        """List cost after less before; no price counts as nothing here."""
        return (self.list_after or Decimal(0)) - (self.list_before or Decimal(0))

    @property
    def contracted_change(self) -> Decimal:
        """Contracted cost after less before."""
        return (self.contracted_after or Decimal(0)) - (self.contracted_before or Decimal(0))


def landed_book_days(settings: Settings) -> list[BookDays]:
    """The spans as they were landed last, whether a night has loaded them or not.

    Raises:
        NothingPublishedError: Before the first night.
    """
    held = [one for one in deliveries(settings) if one.source == PRICE_BOOK and BOOK_DAYS_FILE in one.files]
    if not held:
        raise NothingPublishedError("there is no price book yet; start with: ai-finops run")
    with (held[-1].path / BOOK_DAYS_FILE).open(newline="", encoding="utf-8") as file:
        return [
            BookDays(
                row["book_id"],
                date.fromisoformat(row["valid_from"]),
                date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                row["reason"],
            )
            for row in csv.DictReader(file)
        ]


def differences(settings: Settings, first: date, end: date) -> list[Difference]:
    """What the days [first, end) would cost with the newest book, the largest change first; only what changes.

    Raises:
        NothingPublishedError: Before the first publication.
        RepriceError: If dbt could not build the days.
    """
    published = versions.current_version(settings.published)
    if published is None:
        raise NothingPublishedError(f"nothing is published in {settings.home} yet; start with: ai-finops run")
    spans = landed_book_days(settings)
    scratch = replace(settings, home=settings.home / "reprice")
    shutil.rmtree(scratch.home, ignore_errors=True)
    try:
        _prepare(settings, scratch, first, end, with_accepted(spans, newest(spans), first, end))
        log = scratch.home / "dbt.log"
        selection = ["build", "--exclude-resource-type", "test", "unit_test", "--select", "+fct_inference_requests"]
        if run_dbt(selection, scratch, log):
            raise RepriceError("dbt could not price the days: " + " ".join(log.read_text().splitlines()[-5:]))
        return _compare(published, scratch, first, end)
    finally:
        shutil.rmtree(scratch.home, ignore_errors=True)


def accept(settings: Settings, first: date, end: date) -> str:
    """Land the decision that the days [first, end) are priced with the newest book; returns that book."""
    spans = landed_book_days(settings)
    folder = settings.home / "reprice"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_book_days(folder / BOOK_DAYS_FILE, with_accepted(spans, newest(spans), first, end))
        land_if_new(settings, PRICE_BOOK, [folder / BOOK_DAYS_FILE])
    finally:
        shutil.rmtree(folder)
    return newest(spans)


def _prepare(settings: Settings, scratch: Settings, first: date, end: date, spans: Sequence[BookDays]) -> None:
    """The raw tables of the lake in a build file of its own: rows of the days only, and the days of books as given."""
    scratch.build.mkdir(parents=True)
    lake = Lake(settings)
    with contextlib.closing(duckdb.connect(str(scratch.build_path))) as con:
        con.execute("set TimeZone = 'UTC'")
        register(con, settings, lake)
        for table in load_schemas(settings.project_dir).values():
            if table.restatement != "snapshot":
                con.execute(
                    f"create or replace view raw.{name(table.name)} as select * from ({select_current(con, lake, table)})"
                    f" where _day >= date '{first}' and _day < date '{end}'"
                )
        con.execute("create table proposed as select * from raw.price_book_days where false")
        con.executemany(
            "insert into proposed (book_id, valid_from, valid_to, reason) values (?, ?, ?, ?)",
            [(span.book_id, span.valid_from, span.valid_to, span.reason) for span in spans],
        )
        con.execute("create or replace view raw.price_book_days as select * from main.proposed")


def _compare(published: Path, scratch: Settings, first: date, end: date) -> list[Difference]:
    """Requests that are in both, by model and books, where either cost differs."""
    facts = "parquet/core/fct_inference_requests/*/*.parquet"
    columns = "usage_date, meter, feed, request_id, provider_id, model_id, price_version, list_cost, contracted_cost"

    def of(folder: str) -> str:
        return (
            f"(select {columns} from read_parquet('{folder}', hive_partitioning = false)"
            f" where is_of_record and usage_date >= date '{first}' and usage_date < date '{end}')"
        )

    before = f"{published}/{facts}"
    after = f"{scratch.requests_dir}/core/fct_inference_requests/*/*.parquet"
    with contextlib.closing(duckdb.connect()) as con:
        for files in (before, after):
            if not con.execute("select count(*) from glob(?)", [files]).fetchone()[0]:
                return []
        rows = con.execute(
            f"""
            select
                coalesce(after.provider_id, before.provider_id), coalesce(after.model_id, before.model_id),
                before.price_version, after.price_version, count(*),
                sum(before.list_cost), sum(after.list_cost), sum(before.contracted_cost), sum(after.contracted_cost)
            from {of(before)} as before
            join {of(after)} as after using (usage_date, meter, feed, request_id)
            group by all
            having sum(before.list_cost) is distinct from sum(after.list_cost)
                or sum(before.contracted_cost) is distinct from sum(after.contracted_cost)
            """
        ).fetchall()
    return sorted(
        (Difference(*row) for row in rows),
        key=lambda line: (-abs(line.contracted_change), line.provider_id, line.model_id or "", line.book_before or ""),
    )


def print_differences(lines: Sequence[Difference], first: date, last: date, console: Console | None = None) -> None:
    """Print the lines and their sum."""
    console = console or Console()
    if not lines:
        console.print(f"No cost of {first} to {last} changes with the newest prices.")
        return
    table = new_table(
        f"{first} to {last} with the newest prices, USD", "<model", "<priced with", "<would be", "requests", "list",
        "change", "contracted", "change",
    )  # fmt: skip
    for line in lines:
        table.add_row(
            f"{line.provider_id} {line.model_id or 'without name'}",
            line.book_before or "no price",
            line.book_after or "no price",
            f"{line.requests:,}",
            amount(line.list_before, 6),
            amount(line.list_change, 6),
            amount(line.contracted_before, 6),
            amount(line.contracted_change, 6),
        )
    total = sum(line.requests for line in lines)
    changes = [amount(sum(getattr(line, name) for line in lines), 6) for name in ("list_change", "contracted_change")]
    table.add_row("[bold]together[/]", "", "", f"{total:,}", "", changes[0], "", changes[1])
    console.print(table)
