select
    factor,
    -- only the grid's intensity has two methods
    case when factor = 'grid_gco2e_per_kwh' then coalesce(method, 'location') else 'any' end as method,
    lower(vendor) as vendor,
    lower(region_id) as region_id,
    accelerator_type,
    value as factor_value,
    source,
    version,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'carbon_factors') }}
