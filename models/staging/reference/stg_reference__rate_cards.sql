select
    card_id,
    provider,
    coalesce(nullif(billing_account_id, ''), '*') as billing_account_id,
    sku,
    coalesce(nullif(region_id, ''), '*') as region_id,
    unit,
    cast(unit_price as decimal(18, 12)) as unit_price,
    upper(currency) as currency,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'rate_cards') }}
