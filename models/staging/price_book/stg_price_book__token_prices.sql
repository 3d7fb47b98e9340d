select
    provider_id,
    model_id,
    token_class,
    service_tier,
    processing,
    tier_start,
    coalesce(tier_end, 9223372036854775807) as tier_end,
    window_start_second,
    window_end_second,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to,
    cast(unit_price_usd as decimal(18, 12)) as unit_price_usd,
    price_key,
    is_fallback,
    version
from {{ source('price_book', 'token_prices') }}
