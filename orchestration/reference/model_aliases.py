"""Which model a logged or billed name means: one row per (provider, raw name) that was seen, one winner each.

The clause language of genai-prices (starts with, contains, regular expressions, and/or) is not SQL, so it is asked once
per distinct name here and never per request. Names of gateways are normalised by seed `provider_aliases`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from importlib.metadata import version
from pathlib import Path

import duckdb
from genai_prices.data import providers as genai_providers
from genai_prices.types import ModelInfo, Provider

SELF_HOSTED = "self_hosted"
# A gateway's route before the vendor's own name: `bedrock/us.anthropic…`, `vertex_ai/gemini…`.
_ROUTE = re.compile(r"^[a-z0-9_\-.]+/")

# Every place where a model is named. Model names in bills count too: a bill may name a model that no request used.
OBSERVED_SQL = r"""
    select custom_llm_provider as raw_provider, model as raw_model, min(_day) as first_day
    from raw.litellm_spend_logs group by all
    union all
    select provider, model, min(_day) from raw.request_log group by all
    union all
    select 'openai', regexp_extract(line_item, '^(.+),[^,]*$', 1) as raw_model, min(_day)
    from raw.openai_costs group by all
    union all
    select 'openai', model, min(_day) from raw.openai_usage_completions group by all
    union all
    select 'anthropic', model, min(_day) from raw.anthropic_usage_messages group by all
    union all
    select
        lower(coalesce(service_provider_name, provider_name)) as raw_provider,
        coalesce(json_extract_string(sku_price_details, '$.ModelId'), x_model_id) as raw_model,
        min(_day)
    from raw.focus_charges group by all
"""


@dataclass(frozen=True)
class ModelAlias:
    """`model_id` and `price_provider_id` are empty where nothing matched.

    `matched_by` is exact, clause, stripped, self_hosted or none. `first_used_on` is the ISO day on which the name was first
    logged or billed; the name concerns no day before it.
    """

    provider_id: str
    raw_model: str
    model_id: str
    price_provider_id: str
    matched_by: str
    version: str
    first_used_on: str


def provider_aliases(project_dir: Path) -> dict[str, str]:
    """Raw provider name -> provider id, from the seed that the models join too."""
    with (project_dir / "seeds" / "provider_aliases.csv").open(encoding="utf-8") as file:
        return {row["raw_provider"]: row["provider_id"] for row in csv.DictReader(file)}


def observed_pairs(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """(raw provider, raw model) of all raw tables to the ISO day that first has it, in a fixed order; `con` has the `raw`
    views over the whole lake.
    """
    rows = con.execute(
        "select coalesce(raw_provider, ''), raw_model, cast(coalesce(min(first_day), date '0001-01-01') as varchar)"
        f" from ({OBSERVED_SQL}) where raw_model is not null and raw_model <> '' group by all order by all"
    ).fetchall()
    return {(provider, model): day for provider, model, day in rows}


def resolve(observed: Mapping[tuple[str, str], str], aliases: dict[str, str]) -> list[ModelAlias]:
    """One row per (provider id, raw model), sorted; the order of `observed` does not matter.

    Args:
        observed: (raw provider, raw model) to the first day of use.
        aliases: Raw provider name to provider id.
    """
    book_version = f"genai-prices {version('genai-prices')}"
    by_id = {provider.id: provider for provider in genai_providers}
    wanted: dict[tuple[str, str], str] = {}
    for (provider, model), day in observed.items():
        name = aliases.get(provider.lower(), provider.lower()), model
        wanted[name] = min(wanted.get(name, day), day)
    rows = []
    for (provider_id, raw_model), day in sorted(wanted.items()):
        if provider_id == SELF_HOSTED:
            rows.append(ModelAlias(provider_id, raw_model, raw_model, "", SELF_HOSTED, book_version, day))
            continue
        model, matched_by = _find(by_id.get(provider_id), raw_model)
        price_provider = _owner(model, by_id.get(provider_id))
        model_id = model.id if model else ""
        rows.append(ModelAlias(provider_id, raw_model, model_id, price_provider, matched_by, book_version, day))
    return rows


def write_model_aliases(path: Path, rows: Iterable[ModelAlias]) -> None:
    """Write the rows as CSV with the header of raw table `model_aliases`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(ModelAlias))
        writer.writerows(astuple(row) for row in rows)


def _find(provider: Provider | None, raw_model: str) -> tuple[ModelInfo | None, str]:
    if provider is None:
        return None, "none"
    for model in provider.models:
        if model.id.lower() == raw_model.lower():
            return model, "exact"
    found = provider.find_model(raw_model, all_providers=genai_providers)
    if found:
        return found, "clause"
    bare = _ROUTE.sub("", raw_model.lower())
    found = provider.find_model(bare, all_providers=genai_providers) if bare != raw_model.lower() else None
    return found, "stripped" if found else "none"


def _owner(model: ModelInfo | None, provider: Provider | None) -> str:
    """The provider whose list holds the model: itself, or the one whose models it serves (Azure: OpenAI's)."""
    if model is None or provider is None:
        return ""
    candidates = [provider, *(p for p in genai_providers if p.id in (provider.fallback_model_providers or []))]
    return next(p.id for p in candidates if any(m is model for m in p.models))
