select
    lower(provider_id) as provider_id,
    model_id,
    tokens_per_unit_hour,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'provisioned_capacity') }}
