select
    asset_id,
    resource_id,
    instance_type,
    nullif(site, '') as region_id,
    owner_account,
    upper(currency) as currency,
    capex,
    months as depreciation_months,
    cast(power_w as decimal(18, 3)) as power_watts,
    coalesce(pue, 1) as pue,
    price_per_kwh,
    hosting_per_month,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'gpu_assets') }}
