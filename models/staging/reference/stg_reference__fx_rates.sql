select
    _feed as feed,
    coalesce(try_cast(_version as timestamp), timestamp '0001-01-01') as delivered_at,
    upper(from_currency) as from_currency,
    upper(to_currency) as to_currency,
    cast(rate as decimal(22, 12)) as rate,
    lower(rate_set) as rate_set,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'fx_rates') }}
