select
    unit_id,
    parent_unit_id,
    name,
    owner_email,
    cost_center,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'org_units') }}
