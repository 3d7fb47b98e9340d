select
    coalesce(scope, '') as scope,
    key_type,
    key_value,
    unit_id,
    project,
    environment,
    coalesce(priority, 1000) as priority,
    coalesce(paid_by, '') = 'subscription' as is_subscription,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'identity_map') }}
