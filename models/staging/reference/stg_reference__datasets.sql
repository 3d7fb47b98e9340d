select
    dataset_id,
    resource_id,
    unit_id,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'datasets') }}
