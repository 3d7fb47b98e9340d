select
    rule_id,
    priority,
    match_field,
    match_value,
    method,
    driver,
    targets,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'allocation_rules') }}
