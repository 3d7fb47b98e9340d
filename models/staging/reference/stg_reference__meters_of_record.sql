select
    coalesce(lower(provider_id), '') as provider_id,
    coalesce(project_id, '') as project_id,
    coalesce(team, '') as team,
    coalesce(lower(environment), '') as environment,
    lower(meter) as meter,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'meters_of_record') }}
