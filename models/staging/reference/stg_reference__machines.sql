select
    {{ short_host('host') }} as host,
    {{ provider_resource_id('resource_id') }} as resource_id,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'machines') }}
