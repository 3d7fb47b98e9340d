-- The provider and model behind each pair of names that a gateway or log writes; the only place where names are interpreted.
with provider_names as (
    select raw_provider, provider_id from {{ ref('provider_aliases') }}
    union
    select provider_id as raw_provider, provider_id from {{ ref('stg_price_book__model_aliases') }}
)

select
    provider_names.raw_provider,
    aliases.raw_model,
    aliases.provider_id,
    aliases.model_id,
    aliases.price_provider_id,
    aliases.matched_by,
    aliases.suggested_model_id
from {{ ref('stg_price_book__model_aliases') }} as aliases
inner join provider_names on aliases.provider_id = provider_names.provider_id
