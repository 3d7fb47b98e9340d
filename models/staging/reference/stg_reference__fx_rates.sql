select
    upper(from_currency) as from_currency,
    upper(to_currency) as to_currency,
    cast(rate as decimal(18, 12)) as rate,
    rate_set,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'fx_rates') }}
