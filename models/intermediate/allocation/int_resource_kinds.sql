-- The kind of resource that a meter of this run's charges bills: the first pattern of the seed that fits.
with meters as (

    select distinct service_category, sku_meter from {{ ref('int_charges_in_scope') }}

),

ranked as (

    select
        meters.service_category,
        meters.sku_meter,
        kinds.resource_kind,
        row_number() over (partition by meters.service_category, meters.sku_meter order by kinds.preference) as preference
    from meters
    inner join {{ ref('resource_kinds') }} as kinds
        on
            lower(case kinds.match_field when 'sku_meter' then meters.sku_meter else meters.service_category end)
            like kinds.match_pattern

)

select service_category, sku_meter, resource_kind
from ranked
where preference = 1
