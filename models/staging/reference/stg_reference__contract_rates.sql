select
    provider_id,
    model_pattern,
    token_class,
    discount_pct,
    cast(unit_price_per_million as decimal(18, 9)) as unit_price_per_million,
    upper(coalesce(currency, 'USD')) as currency,
    lower(accumulates) as accumulates,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'contract_rates') }}
