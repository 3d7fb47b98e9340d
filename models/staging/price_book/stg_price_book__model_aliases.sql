select
    provider_id,
    raw_model,
    nullif(model_id, '') as model_id,
    nullif(price_provider_id, '') as price_provider_id,
    matched_by,
    nullif(suggested_model_id, '') as suggested_model_id,
    version,
    first_used_on
from {{ source('price_book', 'model_aliases') }}
