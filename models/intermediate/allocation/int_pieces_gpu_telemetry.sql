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

),

-- Who keeps a charge's machines running, by its account or for all accounts: what is out of order is theirs and not the pool owner's.
platform_candidates as (

    select
        charges.charge_id,
        map.unit_id as team_id,
        row_number() over (
            partition by charges.charge_id
            order by map.priority, case map.key_value when charges.sub_account_id then 1 when charges.billing_account_id then 2 else 3 end, map.unit_id
        ) as preference
    from totals
    inner join {{ ref('int_charges_in_scope') }} as charges on totals.charge_id = charges.charge_id
    inner join {{ ref('stg_reference__identity_map') }} as map
        on
            map.key_type = 'platform'
            and map.key_value in ('*', charges.sub_account_id, charges.billing_account_id)
            and map.scope in ('', charges.feed, charges.source)
            and charges.charge_date >= map.valid_from
            and charges.charge_date < map.valid_to
    where map.unit_id is not null

),

platforms as (

    select charge_id, team_id
    from platform_candidates
    where preference = 1

),

owned as (

    select
        node_charge_hours.charge_id,
        shares.*,
        -- a held hour is its holder's
        coalesce(shares.team_id, platforms.team_id, owners.team_id) as owner_team_id,
        case when shares.team_id is null and platforms.team_id is null then owners.project_id end as project_id,
        coalesce(
            shares.environment, case when shares.team_id is null and platforms.team_id is null then owners.environment end
        ) as owner_environment
    from node_charge_hours
    inner join shares
        on
            node_charge_hours.resource_id = shares.resource_id
            and node_charge_hours.usage_hour = shares.usage_hour
    left join platforms
        on node_charge_hours.charge_id = platforms.charge_id and shares.free_state in ('drained', 'failed')
    left join {{ ref('int_charge_owners') }} as owners on node_charge_hours.charge_id = owners.charge_id

)

select
    charges.charge_id,
    charges.charge_date as unit_date,
    owned.usage_hour,
    owned.usage_date,
    'measured' as placement,
    'gpu_telemetry' as allocation_step,
    'capacity_held' as method,
    cast(null as varchar) as rule_id,
    owned.resource_kind || '_hours' as driver,
    owned.quantity as driver_quantity,
    cast(owned.weighted_quantity as double) / cast(totals.weighted_quantity as double) as share,
    owned.usage_state,
    owned.free_state,
    owned.accelerator_type,
    owned.workload_kind,
    owned.workload_id,
    owned.workload_name,
    case when owned.owner_team_id is null then
        case
            when owned.usage_state in ('stranded', 'unallocated') then 'free_capacity_without_owner'
            else 'workload_without_owner'
        end
    end as remainder_reason,
    owned.resource_kind,
    owned.activity_signal,
    owned.owner_team_id as team_id,
    owned.project_id,
    owned.owner_environment as environment,
    owned.model_id,
    owned.deployment_id,
    owned.training_run_id,
    owned.attempt_id,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as feature,
    cast(null as varchar) as api_key_id,
    cast(null as varchar) as token_class,
    owned.workload_type,
    cast(null as varchar) as allocation_group_id,
    cast(null as boolean) as is_over_metered,
    {{ allocate('charges.billed_cost', 'owned.weighted_quantity', 'totals.weighted_quantity') }} as billed_cost,
    {{ allocate('charges.effective_cost', 'owned.weighted_quantity', 'totals.weighted_quantity') }} as effective_cost,
    -- What a model server did goes on to its requests.
    owned.usage_state = 'productive'
    and coalesce(owned.workload_type, '') = 'serving'
    and owned.deployment_id is not null
    and owned.training_run_id is null as is_split_further
from owned
inner join totals on owned.charge_id = totals.charge_id
inner join {{ ref('int_charges_in_scope') }} as charges on owned.charge_id = charges.charge_id
