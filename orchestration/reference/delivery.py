"""The deliveries of source `price_book`: a book of prices where there is a new one, the names seen, the days of books."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.reference.book import extra_models, price_book
from orchestration.reference.book_days import read_book_days, with_book, write_book_days
from orchestration.reference.litellm_prices import litellm_prices, read_maps
from orchestration.reference.model_aliases import observed_pairs, provider_aliases, resolve, write_model_aliases
from orchestration.reference.price_book import list_version
from orchestration.reference.price_overrides import read_overrides
from orchestration.reference.price_rows import content_hash, write_rows


@dataclass(frozen=True)
class PriceBookFiles:
    """Files ready to be landed.

    Attributes:
        book_id: The book that holds from now on; also the feed of its prices, so that every book stays in the lake.
        prices: Its prices; None where it is in the lake already.
        names: Names of models and days of books.
    """

    book_id: str
    prices: Path | None
    names: tuple[Path, Path]


def write_price_book(con: duckdb.DuckDBPyConnection, folder: Path, project_dir: Path, today: date) -> PriceBookFiles:
    """Write `token_prices.csv`, `model_aliases.csv` and `price_book_days.csv` into `folder`.

    A book is known by its content: a release that changes no price opens no new one. Equal inputs give equal bytes, so
    landing them again is a no-op.

    Args:
        con: Connection with the `raw` views over the whole lake.
        folder: Where to write.
        project_dir: The project, for its seeds.
        today: The run's day, from which a new book holds.
    """
    providers = provider_aliases(project_dir)
    overrides = read_overrides(con)
    litellm = litellm_prices(read_maps(con), providers)
    rows = price_book(providers.values(), overrides, litellm)
    spans = read_book_days(con)
    known = {span.book_id for span in spans}
    content = content_hash(rows)
    book_id = (
        next((name for name in known if name.endswith(content)), None)
        or f"{list_version().replace(' ', '-')}-{content}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    prices, names, days = (folder / f"{name}.csv" for name in ("token_prices", "model_aliases", "price_book_days"))
    if book_id not in known:
        write_rows(prices, rows)
    write_book_days(days, with_book(spans, book_id, today))
    aliases = resolve(observed_pairs(con), providers, extra_models(overrides, litellm), rules_version(project_dir))
    write_model_aliases(names, aliases)
    return PriceBookFiles(book_id, prices if book_id not in known else None, (names, days))


def rules_version(project_dir: Path) -> str:
    """Name of what makes a book besides what is landed: the release of the list, this package with its facts, and the
    seed of providers.
    """
    package = Path(__file__).parent
    files = [*package.glob("*.py"), *package.glob("facts/*.csv"), project_dir / "seeds" / "provider_aliases.csv"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()
    return f"{list_version()} {digest[:8]}"


def is_by_other_rules(names: Path, project_dir: Path) -> bool:
    """Whether a landed `model_aliases.csv` was made by another release or other facts than there are now."""
    with names.open(newline="", encoding="utf-8") as file:
        return next((row["version"] for row in csv.DictReader(file)), None) != rules_version(project_dir)
