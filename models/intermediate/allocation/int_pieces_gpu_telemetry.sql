{{ config(materialized='table') }}

-- Step 2. A node's charge over the hours and holders that telemetry saw. Several charges of one node share the same parts.
with node_charge_hours as (

    select hours.charge_id, hours.resource_id, hours.usage_hour
    from {{ ref('int_charge_hours') }} as hours
    where hours.meter_scope is null

),

shares as (

    select * from {{ ref('int_node_shares_hourly') }}

),

hour_weights as (

    select resource_id, usage_hour, sum(weighted_quantity) as weighted_quantity
    from shares
    group by resource_id, usage_hour

),

totals as (

    select node_charge_hours.charge_id, sum(hour_weights.weighted_quantity) as weighted_quantity
    from node_charge_hours
    inner join hour_weights
        on
            node_charge_hours.resource_id = hour_weights.resource_id
            and node_charge_hours.usage_hour = hour_weights.usage_hour
    group by node_charge_hours.charge_id
    having sum(hour_weights.weighted_quantity) > 0

)

select
    charges.charge_id,
    charges.charge_date as unit_date,
    shares.usage_hour,
    shares.usage_date,
    'measured' as placement,
    'gpu_telemetry' as allocation_step,
    'capacity_held' as method,
    cast(null as varchar) as rule_id,
    shares.resource_kind || '_hours' as driver,
    shares.quantity as driver_quantity,
    cast(shares.weighted_quantity as double) / cast(totals.weighted_quantity as double) as share,
    shares.usage_state,
    shares.free_state,
    shares.accelerator_type,
    shares.workload_kind,
    shares.workload_id,
    shares.workload_name,
    case when coalesce(shares.team_id, owners.team_id) is null then
        case
            when shares.usage_state in ('stranded', 'unallocated') then 'free_capacity_without_owner'
            else 'workload_without_owner'
        end
    end as remainder_reason,
    shares.resource_kind,
    shares.activity_signal,
    coalesce(shares.team_id, owners.team_id) as team_id,
    case when shares.team_id is null then owners.project_id end as project_id,
    coalesce(shares.environment, case when shares.team_id is null then owners.environment end) as environment,
    shares.model_id,
    shares.deployment_id,
    shares.training_run_id,
    shares.attempt_id,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as feature,
    cast(null as varchar) as api_key_id,
    cast(null as varchar) as token_class,
    shares.workload_type,
    cast(null as varchar) as allocation_group_id,
    cast(null as boolean) as is_over_metered,
    {{ allocate('charges.billed_cost', 'shares.weighted_quantity', 'totals.weighted_quantity') }} as billed_cost,
    {{ allocate('charges.effective_cost', 'shares.weighted_quantity', 'totals.weighted_quantity') }} as effective_cost,
    -- What a model server did goes on to its requests.
    shares.usage_state = 'productive'
    and coalesce(shares.workload_type, '') = 'serving'
    and shares.deployment_id is not null
    and shares.training_run_id is null as is_split_further
from node_charge_hours
inner join totals on node_charge_hours.charge_id = totals.charge_id
inner join shares
    on
        node_charge_hours.resource_id = shares.resource_id
        and node_charge_hours.usage_hour = shares.usage_hour
inner join {{ ref('int_charges_in_scope') }} as charges on node_charge_hours.charge_id = charges.charge_id
left join {{ ref('int_charge_owners') }} as owners on node_charge_hours.charge_id = owners.charge_id
