select
    'EUR' as from_currency,
    currency as to_currency,
    cast(rate as decimal(22, 12)) as rate,
    'ecb_daily' as rate_set,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('ecb', 'ecb_reference_rates') }}
