{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Whole node cost, since nobody can rent the GPU without its node; the GPU's own part stands beside it.
with pieces as (

    select
        pieces.usage_date,
        pieces.usage_hour,
        charges.resource_id,
        charges.charge_id,
        charges.billing_currency,
        sum(pieces.effective_cost) as node_cost,
        sum(case when pieces.resource_kind = 'gpu' then pieces.effective_cost else 0 end) as gpu_part_cost,
        sum(case when pieces.usage_state = 'productive' then pieces.effective_cost else 0 end) as productive_cost
    from {{ ref('int_pieces_gpu_telemetry') }} as pieces
    inner join {{ ref('int_charges_in_scope') }} as charges on pieces.charge_id = charges.charge_id
    where {{ in_dirty_days('pieces.usage_date') }}
    group by pieces.usage_date, pieces.usage_hour, charges.resource_id, charges.charge_id, charges.billing_currency

),

charge_terms as (

    select
        charges.charge_id,
        charges.cost_status,
        charges.service_provider_name as vendor,
        coalesce(bills.PricingCategory, 'Other') as pricing_category,
        coalesce(bills.RegionId, 'unknown') as region_id
    from {{ ref('int_charges_in_scope') }} as charges
    inner join {{ ref('cost_and_usage') }} as bills
        on charges.charge_id = bills.x_ChargeId and charges.charge_date = bills.x_ChargeDate
    where charges.charge_id in (select pieces.charge_id from pieces)

),

-- A node-hour may have several lines (discounts, tax-like extras): its hours are counted with the dearest.
ranked as (

    select
        pieces.*,
        charge_terms.cost_status,
        charge_terms.vendor,
        charge_terms.pricing_category,
        charge_terms.region_id,
        row_number() over (
            partition by pieces.resource_id, pieces.usage_hour order by pieces.node_cost desc, pieces.charge_id asc
        ) as cost_rank
    from pieces
    inner join charge_terms on pieces.charge_id = charge_terms.charge_id

),

node_hours as (

    select
        capacity.usage_hour,
        capacity.resource_id,
        max(specs.accelerator_type) as accelerator_type,
        sum(capacity.capacity_quantity) as paid_gpu_hours
    from {{ ref('int_node_capacity_hours') }} as capacity
    left join {{ ref('instance_specs') }} as specs on capacity.instance_type = specs.instance_type
    where capacity.resource_kind = 'gpu' and capacity.capacity_quantity > 0 and {{ in_dirty_days('capacity.usage_date') }}
    group by capacity.usage_hour, capacity.resource_id

),

parts as (

    select
        usage_hour,
        resource_id,
        sum(case when usage_state in ('productive', 'allocated_unused', 'activity_unknown') then quantity end)
            as allocated_gpu_hours,
        sum(case when usage_state = 'productive' then quantity end) as productive_gpu_hours,
        sum(case when usage_state = 'activity_unknown' then quantity end) as activity_unknown_gpu_hours,
        sum(case when usage_state = 'stranded' then quantity end) as stranded_gpu_hours
    from {{ ref('int_node_shares_hourly') }}
    where resource_kind = 'gpu' and {{ in_dirty_days('usage_date') }}
    group by usage_hour, resource_id

),

joined as (

    select
        ranked.*,
        coalesce(node_hours.accelerator_type, 'unknown') as accelerator_type,
        case when ranked.cost_rank = 1 then node_hours.paid_gpu_hours end as paid_gpu_hours,
        case when ranked.cost_rank = 1 then parts.allocated_gpu_hours end as allocated_gpu_hours,
        case when ranked.cost_rank = 1 then parts.productive_gpu_hours end as productive_gpu_hours,
        case when ranked.cost_rank = 1 then parts.activity_unknown_gpu_hours end as activity_unknown_gpu_hours,
        case when ranked.cost_rank = 1 then parts.stranded_gpu_hours end as stranded_gpu_hours
    from ranked
    inner join node_hours
        on ranked.usage_hour = node_hours.usage_hour and ranked.resource_id = node_hours.resource_id
    left join parts
        on ranked.usage_hour = parts.usage_hour and ranked.resource_id = parts.resource_id

),

summed as (

    select
        usage_date, vendor, accelerator_type, pricing_category, region_id, cost_status, billing_currency,
        cast(coalesce(sum(paid_gpu_hours), 0) as decimal(38, 9)) as paid_gpu_hours,
        cast(coalesce(sum(allocated_gpu_hours), 0) as decimal(38, 9)) as allocated_gpu_hours,
        cast(coalesce(sum(productive_gpu_hours), 0) as decimal(38, 9)) as productive_gpu_hours,
        cast(coalesce(sum(activity_unknown_gpu_hours), 0) as decimal(38, 9)) as activity_unknown_gpu_hours,
        cast(coalesce(sum(stranded_gpu_hours), 0) as decimal(38, 9)) as stranded_gpu_hours,
        cast(sum(node_cost) as decimal(38, 12)) as node_cost,
        cast(sum(gpu_part_cost) as decimal(38, 12)) as gpu_part_cost,
        cast(sum(productive_cost) as decimal(38, 12)) as productive_cost
    from joined
    group by usage_date, vendor, accelerator_type, pricing_category, region_id, cost_status, billing_currency

)

select
    summed.*,
    {{ unit_rate('summed.node_cost', 'summed.paid_gpu_hours') }} as cost_per_paid_gpu_hour,
    {{ unit_rate('summed.node_cost', 'summed.allocated_gpu_hours') }} as cost_per_allocated_gpu_hour,
    {{ unit_rate('summed.node_cost', 'summed.productive_gpu_hours') }} as cost_per_productive_gpu_hour,
    rates.to_currency as reporting_currency,
    rates.rate_set,
    {{ reporting_cost('summed.node_cost', 'rates.rate') }} as node_reporting_cost
from summed
left join {{ ref('dim_currency_rates') }} as rates
    on
        summed.billing_currency = rates.from_currency
        and summed.usage_date = rates.rate_date
        and rates.is_reporting_rate
