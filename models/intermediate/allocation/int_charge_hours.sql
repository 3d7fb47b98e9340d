{{ config(materialized='table') }}

-- The hours of each charge that a meter may split; most are one hour long and need no spine.
with charges as (

    select charge_id, machine_id as resource_id, meter_scope, first_hour, charge_period_end, is_single_hour
    from {{ ref('int_charges_in_scope') }}
    where is_metered_use

),

bounds as (

    select
        coalesce(min(first_hour), timestamp '2000-01-01') as first_hour,
        coalesce(max(charge_period_end), timestamp '2000-01-01') as last_hour
    from charges

),

hours as ({{ hour_spine('(select first_hour from bounds)', '(select last_hour from bounds)') }}),

candidates as (

    select charges.*
    from charges
    where
        charges.meter_scope is not null
        or charges.resource_id in (select distinct capacity.resource_id from {{ ref('int_node_capacity_hours') }} as capacity)

)

select charge_id, resource_id, meter_scope, first_hour as usage_hour
from candidates
where is_single_hour
union all
select candidates.charge_id, candidates.resource_id, candidates.meter_scope, hours.usage_hour
from candidates
inner join hours
    on
        candidates.first_hour <= hours.usage_hour
        and candidates.charge_period_end > hours.usage_hour
where not candidates.is_single_hour
