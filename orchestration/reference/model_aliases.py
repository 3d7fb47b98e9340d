"""Which model a logged or billed name means: one row per (provider, raw name) that was seen, one winner each.

The clause language of genai-prices (starts with, contains, regular expressions, and/or) is not SQL, so it is asked once
per distinct name here and never per request. Names of gateways are normalised by seed `provider_aliases`.

A name is tried as it is, then without a gateway's route, then as what an ARN ends in, then without the prefix of a
region; each time first as the id of a model (`exact`), then as one that facts, overrides or LiteLLM's map price (`declared`), then by
the list's clauses. The first that gives a model wins and is the rule in `matched_by`. A model that a profile of one's
own hides in its ARN stays unknown: an override or the provider's log must say it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import duckdb
from genai_prices.data import providers as genai_providers
from genai_prices.types import Provider

from orchestration.reference.price_book import list_version

SELF_HOSTED = "self_hosted"
# A gateway's route before the vendor's own name: `bedrock/us.anthropic…`, `vertex_ai/gemini…`.
# Not a place that has prices of its own, Azure's data zones: without it the name would mean another price.
_ROUTE = re.compile(r"^(?!(?:us|eu|apac|us-gov)/)[a-z0-9_\-.]+/")
# Vertex AI's full resource name, and Google's short one.
_RESOURCE = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?models/")
_ARN = re.compile(r"^arn:[^:]*:bedrock:[^/]+/")
_REGION = re.compile(r"^(?:us-gov|us|eu|apac|ap|jp|au|ca|sa|me|global)\.")
_ALIKE = 0.6

# Every place where a model is named, besides OpenAI's usage reports (_usage_reports_sql). Model names in bills count too: a bill may name a model that no request used.
OBSERVED_SQL = r"""
    select custom_llm_provider as raw_provider, model as raw_model, min(_day) as first_day
    from raw.litellm_spend_logs group by all
    union all
    select provider, model, min(_day) from raw.request_log group by all
    union all
    select lower(provider), model, min(_day) from raw.model_responses group by all
    union all
    select custom_llm_provider, model, min(_day) from raw.litellm_callbacks group by all
    union all
    select 'aws', model_id, min(_day) from raw.bedrock_invocations group by all
    union all
    select 'aws', body_model, min(_day) from raw.bedrock_invocations group by all
    union all
    select lower(provider), coalesce(response_model, request_model) as raw_model, min(_day) from raw.otel_spans group by all
    union all
    select lower(provider), model, min(_day) from raw.langfuse_observations group by all
    union all
    select 'openai', regexp_extract(line_item, '^(.+),[^,]*$', 1) as raw_model, min(_day)
    from raw.openai_costs group by all
    union all
    select 'anthropic', model, min(_day) from raw.anthropic_usage_messages group by all
    union all
    select 'anthropic', model, min(_day) from raw.anthropic_costs group by all
    union all
    select 'anthropic', model, min(_day) from raw.anthropic_analytics_costs group by all
    union all
    select
        lower(coalesce(service_provider_name, provider_name)) as raw_provider,
        coalesce(json_extract_string(sku_price_details, '$.ModelId'), x_model_id) as raw_model,
        min(_day)
    from raw.focus_charges group by all
    union all
    -- the API that a served model is compared with need not have been asked
    select lower(api_provider), api_model, min(valid_from) from raw.serving_map group by all
"""


@dataclass(frozen=True)
class ModelAlias:
    """`model_id` and `price_provider_id` are empty where nothing matched; then `suggested_model_id` is the id that looks
    most like the name, empty where none does.

    `matched_by` is self_hosted, none, or exact, declared or clause, after `stripped_`, `arn_` or `region_` where the
    name had to be cut. `first_used_on` is the ISO day on which the name was first logged or billed; the name concerns no
    day before it.
    """

    provider_id: str
    raw_model: str
    model_id: str
    price_provider_id: str
    matched_by: str
    suggested_model_id: str
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
    observed = " union all ".join([OBSERVED_SQL, *_usage_reports_sql(con)])
    rows = con.execute(
        "select coalesce(raw_provider, ''), raw_model, cast(coalesce(min(first_day), date '0001-01-01') as varchar)"
        f" from ({observed}) where raw_model is not null and raw_model <> '' group by all order by all"
    ).fetchall()
    return {(provider, model): day for provider, model, day in rows}


def _usage_reports_sql(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A select for each usage endpoint of OpenAI that names models: a table each, which its declared columns tell."""
    tables = con.execute(
        "select table_name from duckdb_columns() where schema_name = 'raw' and column_name = 'model'"
        " and starts_with(table_name, 'openai_usage_') order by table_name"
    ).fetchall()
    return [f"select 'openai', model, min(_day) from raw.{table} group by all" for (table,) in tables]


def resolve(
    observed: Mapping[tuple[str, str], str],
    aliases: dict[str, str],
    declared: Collection[tuple[str, str]] = (),
    version: str = "",
) -> list[ModelAlias]:
    """One row per (provider id, raw model), sorted; the order of `observed` does not matter.

    Args:
        observed: (raw provider, raw model) to the first day of use.
        aliases: Raw provider name to provider id.
        declared: (provider id, model id) that have a price besides the list's.
        version: Name of the rules that the names are resolved by; default the release of the list.
    """
    known = {(provider, model.lower()): model for provider, model in declared}
    wanted: dict[tuple[str, str], str] = {}
    for (provider, model), day in observed.items():
        name = aliases.get(provider.lower(), provider.lower()), model
        wanted[name] = min(wanted.get(name, day), day)
    rows = []
    for (provider_id, raw_model), day in sorted(wanted.items()):
        if provider_id == SELF_HOSTED:
            found = (raw_model, "", SELF_HOSTED)
        else:
            found = find_listed(provider_id, raw_model, known)
        suggestion = "" if found[0] else _most_alike(provider_id, raw_model, known)
        rows.append(ModelAlias(provider_id, raw_model, *found, suggestion, version or list_version(), day))
    return rows


def write_model_aliases(path: Path, rows: Iterable[ModelAlias]) -> None:
    """Write the rows as CSV with the header of raw table `model_aliases`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(ModelAlias))
        writer.writerows(astuple(row) for row in rows)


def _readings(raw_model: str) -> Iterator[tuple[str, str]]:
    """(rule, name) for the ways in which a name may be read, the plainest first."""
    yield "", raw_model
    bare = raw_model.lower()
    for rule, pattern in (("arn", _ARN), ("stripped", _RESOURCE), ("stripped", _ROUTE), ("region", _REGION)):
        shorter = pattern.sub("", bare)
        if shorter != bare:
            bare = shorter
            yield f"{rule}_", bare


@lru_cache
def _providers() -> dict[str, Provider]:
    return {provider.id: provider for provider in genai_providers}


def find_listed(
    provider_id: str, raw_model: str, declared: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> tuple[str, str, str]:
    """(model id, provider whose list holds it, rule); two empty texts and `none` where no reading is known.

    Args:
        provider_id: Provider of the book.
        raw_model: Name as logged, billed or listed elsewhere.
        declared: (provider id, model id in lower case) to the model id, of models that have a price besides the list's.
    """
    provider = _providers().get(provider_id)
    for rule, name in _readings(raw_model):
        for model in provider.models if provider else ():
            if model.id.lower() == name.lower():
                return model.id, provider.id, f"{rule}exact"
        if (provider_id, name.lower()) in declared:
            return declared[provider_id, name.lower()], provider_id, f"{rule}declared"
        found = provider.find_model(name, all_providers=genai_providers) if provider else None
        if found:
            # Its own list, or that of the provider whose models it serves (Azure: OpenAI's).
            lists = [provider, *(p for p in genai_providers if p.id in (provider.fallback_model_providers or []))]
            return found.id, next(p.id for p in lists if any(m is found for m in p.models)), f"{rule}clause"
    return "", "", "none"


def _most_alike(provider_id: str, raw_model: str, declared: Mapping[tuple[str, str], str]) -> str:
    """The model id of the provider that looks most like the name; empty where none is alike."""
    provider = _providers().get(provider_id)
    ids = [model.id for model in provider.models] if provider else []
    ids += [model for (owner, _), model in declared.items() if owner == provider_id]
    *_, (_, bare) = _readings(raw_model)
    return next(iter(get_close_matches(bare, sorted(set(ids)), n=1, cutoff=_ALIKE)), "")
