"""The two files of a `price_book` delivery, written from genai-prices and the names that the lake holds."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.reference.model_aliases import observed_pairs, provider_aliases, resolve, write_model_aliases
from orchestration.reference.price_book import write_token_prices


def write_price_book(con: duckdb.DuckDBPyConnection, folder: Path, project_dir: Path) -> list[Path]:
    """Write `token_prices.csv` and `model_aliases.csv` into `folder`, ready to be landed as source `price_book`.

    `con` has the `raw` views over the whole lake. Equal inputs give equal bytes, so landing them again is a no-op.
    """
    aliases = provider_aliases(project_dir)
    folder.mkdir(parents=True, exist_ok=True)
    prices, names = folder / "token_prices.csv", folder / "model_aliases.csv"
    write_token_prices(prices, aliases.values())
    write_model_aliases(names, resolve(observed_pairs(con), aliases))
    return [prices, names]
