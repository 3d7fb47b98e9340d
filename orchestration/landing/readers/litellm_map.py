"""LiteLLM's map of models (model_prices_and_context_window.json): one row per model and price that it states.

The file is one JSON object, model to its fields. Fields that are no price (limits, abilities) are left out. A price that
is an object has a row a member (`search_context_cost_per_query.search_context_size_low`), `tiered_pricing` a row for each
price of each tier of input tokens (tiers of search results are no price of tokens). A price that is null is not stated. A field that looks like a price and that nobody here knows keeps
its name behind `unknown price`, so that the table's check rejects it by name.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.landing.deliveries import Delivery
from orchestration.landing.readers.delimited import is_gzip
from orchestration.landing.readers.reading import FileRefused, Reading, form_of, match, refuse_unless, text
from orchestration.landing.schema import RawTable

COLUMNS = ("model", "litellm_provider", "mode", "price_key", "tier_start", "amount", "is_by_clock")
# The entry in which LiteLLM describes the fields.
DESCRIPTION = "sample_spec"
_OBJECT = "'\"MAP(VARCHAR, JSON)\"'"
_IS_PRICE = "regexp_matches(key, 'cost|pric|multiplier')"
# Of these only the members that are numbers, or should be, are multipliers of prices.
_MULTIPLIERS = "provider_specific_entry"
_TOKEN = (
    r"((explicit_)?cache_(read|creation)_input_(audio_|image_)?token_cost"
    r"|(input|output)_(dbu_)?cost_per_(audio_|image_|video_|reasoning_)?token|input_cost_per_token_cache_hit)"
    r"(_above_1hr)?(_above_[0-9]+k?_tokens)?(_flex|_priority|_batches|_balanced|_ultrafast|_decisions)?"
)
_UNIT = (
    r"(input|output)_cost_per_(second|character|image|pixel|query|request|text_message|audio_per_second|video_per_second)"
    r"(_above_[0-9]+[a-z]*_(tokens|interval))?(_batches)?"
)
_KNOWN = (
    _TOKEN,
    _UNIT,
    r"output_cost_per_(second|image)_[0-9.]+[pkK]?|cost_per_second|citation_cost_per_token",
    r"(ocr|annotation)_cost_per_(page|credit)(_batches)?|code_interpreter_cost_per_session",
    r"search_context_cost_per_query[.]search_context_size_(low|medium|high)|google_maps_grounding_cost_per_query",
    r"regional_(processing_uplift_multiplier_[a-z]+|endpoint_uplift_multiplier)|provider_specific_entry[.](us|fast)",
)


def read(con: duckdb.DuckDBPyConnection, path: Path, table: RawTable, delivery: Delivery) -> Reading:
    """Read one map.

    Raises:
        FileRefused: If it is no JSON object of models.
    """
    refuse_unless(form_of(path), ("json",), "LiteLLM's map, one JSON object with an entry a model,")
    size = max(16_777_216, path.stat().st_size * (20 if is_gzip(path) else 1) + 1024)
    whole = (
        f"select json as map from read_json_objects({text(path)}, format='unstructured', maximum_object_size={size})"
    )
    try:
        maps, providers = con.execute(
            f"select count(*), count(*) filter (where contains(cast(map as varchar), 'litellm_provider')) from ({whole})"
        ).fetchone()
    except duckdb.Error as error:
        raise FileRefused(f"it is no complete JSON ({str(error).splitlines()[0]}). Download the map again") from error
    if maps != 1 or providers != 1:
        raise FileRefused("no entry says its `litellm_provider`: this is not LiteLLM's map of models")
    relation = f"""
        with models as (
            select entry.key as model, entry.value as entry
            from (select unnest(map_entries(from_json(map, {_OBJECT}))) as entry from ({whole}))
            where entry.key <> {text(DESCRIPTION)}
        ),
        fields as (
            select model, entry, field.key as key, field.value as value
            from (
                select model, entry, unnest(map_entries(from_json(entry, {_OBJECT}))) as field
                from models where json_type(entry) = 'OBJECT'
            )
        ),
        members as (
            select model, entry, key, json_type(value) as kind,
                unnest(map_entries(from_json(value, {_OBJECT}))) as member
            from fields where json_type(value) = 'OBJECT' and (key = '{_MULTIPLIERS}' or {_IS_PRICE})
        ),
        tiers as (
            select model, entry, unnest(json_extract(value, '$[*]')) as tier
            from fields where key = 'tiered_pricing' and json_type(value) = 'ARRAY'
        ),
        tier_fields as (
            select model, entry, json_extract_string(tier, '$.range[0]') as tier_start,
                unnest(map_entries(from_json(tier, {_OBJECT}))) as field
            from tiers where json_exists(tier, '$.range')
        ),
        prices as (
            select model, entry, key as price_key, null as tier_start, json_extract_string(value, '$') as amount
            from fields where {_IS_PRICE} and json_type(value) not in ('OBJECT', 'ARRAY')
            union all
            select model, entry, key || '.' || member.key, null, json_extract_string(member.value, '$')
            from members
            where key not in ('off_peak_pricing', 'guardrail_cost_per_unit')
                and (key <> '{_MULTIPLIERS}' or member.key in ('us', 'fast'))
            union all
            select model, entry, field.key, tier_start, json_extract_string(field.value, '$')
            from tier_fields where field.key <> 'range'
            union all
            select model, null, null, null, cast(entry as varchar) from models where json_type(entry) <> 'OBJECT'
        )
        select
            model,
            json_extract_string(entry, '$.litellm_provider') as litellm_provider,
            json_extract_string(entry, '$.mode') as mode,
            case when regexp_full_match(price_key, {text("|".join(_KNOWN))}) then price_key
                else 'unknown price ' || price_key end as price_key,
            tier_start,
            amount,
            cast(json_exists(entry, '$.off_peak_pricing') as varchar) as is_by_clock
        from prices
    """
    return match(dict.fromkeys(COLUMNS, "VARCHAR"), table, delivery, relation=relation)
