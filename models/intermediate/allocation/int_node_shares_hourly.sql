{%- set holder = [
    'workload_kind', 'workload_id', 'workload_name', 'team_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id',
    'workload_type', 'activity_signal',
] -%}
{%- set part = ['usage_hour', 'usage_date', 'resource_id', 'accelerator_type', 'resource_kind', 'unit_weight', 'usage_state'] + holder -%}
{{ config(materialized='table') }}

-- What each holder had of each resource in an hour. The parts of one (resource, hour, kind) add up to its capacity exactly.
with capacity as (

    select
        usage_hour, usage_date, resource_id, accelerator_type, resource_kind, capacity_quantity, unit_weight,
        drained_share, failed_quantity, was_seen,
        least(coalesce(stranded_quantity, 0), capacity_quantity) as stranded_quantity
    from {{ ref('int_node_capacity_hours') }}
    where {{ in_charge_days('usage_date', ref('int_charge_hours')) }}

),

workloads as (

    select * from {{ ref('int_workload_resource_hours') }}
    where {{ in_charge_days('usage_date', ref('int_charge_hours')) }}

),

-- On a node with accelerators, memory and cores follow how busy the holder's accelerator was: they are held for its sake.
accelerator_activity as (

    select
        usage_hour, resource_id, workload_id,
        sum(held_quantity) as held_quantity,
        case when count(*) = count(productive_quantity) then sum(productive_quantity) end as productive_quantity,
        max(activity_signal) as activity_signal,
        count(*) > 1 as has_several_profiles
    from workloads
    where resource_kind = 'gpu' and held_quantity > 0
    group by usage_hour, resource_id, workload_id

),

holdings as (

    select
        workloads.usage_hour,
        workloads.usage_date,
        workloads.resource_id,
        workloads.resource_kind,
        workloads.workload_kind,
        workloads.workload_id,
        coalesce(workloads.namespace || '/' || workloads.pod_name, workloads.workload_id) as workload_name,
        owners.team_id,
        coalesce(workloads.environment, owners.environment) as environment,
        coalesce(served.model_id, workloads.model_id) as model_id,
        workloads.deployment_id,
        workloads.training_run_id,
        workloads.attempt_id,
        workloads.workload_type,
        coalesce(accelerator_activity.activity_signal, workloads.activity_signal) as activity_signal,
        workloads.resource_kind = 'gpu' and coalesce(accelerator_activity.has_several_profiles, false) as has_several_profiles,
        workloads.held_quantity,
        case
            when workloads.resource_kind = 'gpu' or accelerator_activity.workload_id is null
                then workloads.productive_quantity
            else cast(
                cast(workloads.held_quantity as double) * cast(accelerator_activity.productive_quantity as double)
                / cast(accelerator_activity.held_quantity as double) as decimal(38, 9)
            )
        end as productive_quantity
    from workloads
    left join accelerator_activity
        on
            workloads.usage_hour = accelerator_activity.usage_hour
            and workloads.resource_id = accelerator_activity.resource_id
            and workloads.workload_id = accelerator_activity.workload_id
    left join {{ ref('int_workload_owners') }} as owners
        on
            workloads.usage_date = owners.usage_date
            and workloads.team_hint is not distinct from owners.team_hint
            and workloads.namespace is not distinct from owners.namespace
            and workloads.slurm_account is not distinct from owners.slurm_account
    left join {{ ref('int_served_models_daily') }} as served
        on
            workloads.usage_date = served.usage_date
            and workloads.deployment_id = served.deployment_id
            and workloads.workload_type = 'serving'
    where workloads.held_quantity > 0

),

held_totals as (

    select usage_hour, resource_id, resource_kind, sum(held_quantity) as held_quantity
    from holdings
    group by usage_hour, resource_id, resource_kind

),

-- Requests above the capacity (pitfall G8) are scaled down together, never cut off one by one.
fitted as (

    select
        holdings.*,
        capacity.unit_weight,
        capacity.accelerator_type,
        case
            when held_totals.held_quantity > capacity.capacity_quantity - capacity.stranded_quantity
                then cast(floor(
                    cast(holdings.held_quantity as double)
                    * cast(capacity.capacity_quantity - capacity.stranded_quantity as double)
                    / cast(held_totals.held_quantity as double) * 1000000000
                ) / 1000000000 as decimal(38, 9))
            else holdings.held_quantity
        end as fitted_quantity
    from holdings
    inner join capacity
        on
            holdings.usage_hour = capacity.usage_hour
            and holdings.resource_id = capacity.resource_id
            and holdings.resource_kind = capacity.resource_kind
    inner join held_totals
        on
            holdings.usage_hour = held_totals.usage_hour
            and holdings.resource_id = held_totals.resource_id
            and holdings.resource_kind = held_totals.resource_kind

),

split as (

    select
        *,
        case
            when productive_quantity is not null then greatest(0, least(fitted_quantity, cast(
                cast(fitted_quantity as double) * cast(productive_quantity as double)
                / cast(held_quantity as double) as decimal(38, 9)
            )))
        end as fitted_productive_quantity
    from fitted

),

usage_states as (

    select 'productive' as usage_state
    union all
    select 'allocated_unused'
    union all
    select 'activity_unknown'

),

states as (

    select
        split.*,
        usage_states.usage_state,
        case usage_states.usage_state
            when 'productive' then split.fitted_productive_quantity
            when 'allocated_unused' then split.fitted_quantity - split.fitted_productive_quantity
            when 'activity_unknown' then case when split.fitted_productive_quantity is null then split.fitted_quantity end
        end as quantity
    from split
    cross join usage_states

),

-- Slices of several profiles are one holding; where a holder has a single row, there is nothing to add up.
held as (

    select {{ part | join(', ') }}, cast(quantity as decimal(38, 9)) as quantity
    from states
    where quantity > 0 and not has_several_profiles
    union all
    select {{ part | join(', ') }}, cast(sum(quantity) as decimal(38, 9)) as quantity
    from states
    where quantity > 0 and has_several_profiles
    group by {{ part | join(', ') }}

),

-- Not held by anybody: stranded by the way the accelerator is cut, or free.
not_held as (

    select
        capacity.usage_hour, capacity.usage_date, capacity.resource_id, capacity.accelerator_type, capacity.resource_kind,
        capacity.unit_weight, capacity.stranded_quantity, capacity.drained_share, capacity.failed_quantity, capacity.was_seen,
        capacity.capacity_quantity - capacity.stranded_quantity - coalesce(held_again.quantity, 0) as free_quantity
    from capacity
    left join (
        select usage_hour, resource_id, resource_kind, sum(quantity) as quantity
        from states
        where quantity > 0
        group by usage_hour, resource_id, resource_kind
    ) as held_again
        on
            capacity.usage_hour = held_again.usage_hour
            and capacity.resource_id = held_again.resource_id
            and capacity.resource_kind = held_again.resource_kind

),

-- Why it was free: a device out of order is so whether or not its node is drained as well.
failed as (

    select *, least(failed_quantity, free_quantity) as failed_free_quantity
    from not_held
    where free_quantity > 0

),

drained as (

    select
        *,
        {{ floor_quantity('(free_quantity - failed_free_quantity) * drained_share') }} as drained_free_quantity
    from failed

),

free_parts as (

    select usage_hour, usage_date, resource_id, accelerator_type, resource_kind, unit_weight, 'failed' as free_state, failed_free_quantity as quantity
    from drained
    union all
    select usage_hour, usage_date, resource_id, accelerator_type, resource_kind, unit_weight, 'drained', drained_free_quantity
    from drained
    union all
    select
        usage_hour, usage_date, resource_id, accelerator_type, resource_kind, unit_weight,
        case when was_seen then 'healthy' else 'not_seen' end,
        free_quantity - failed_free_quantity - drained_free_quantity
    from drained

),

parts as (

    select
        usage_hour, usage_date, resource_id, accelerator_type, resource_kind, unit_weight, usage_state,
        cast(null as {{ dbt.type_string() }}) as free_state,
        workload_kind, workload_id, workload_name, team_id, environment, model_id,
        deployment_id, training_run_id, attempt_id, workload_type, activity_signal, quantity
    from held
    union all
    select
        usage_hour, usage_date, resource_id, accelerator_type, resource_kind, unit_weight, 'stranded', null, null, null, null, null, null, null,
        null, null, null, null, null, stranded_quantity
    from not_held
    where stranded_quantity > 0
    union all
    select
        usage_hour, usage_date, resource_id, accelerator_type, resource_kind, unit_weight, 'unallocated', free_state, null, null, null, null,
        null, null, null, null, null, null, null, quantity
    from free_parts
    where quantity > 0

)

select
    *,
    -- What the node's cost is divided by: comparable between GPUs, cores and memory.
    cast(cast(unit_weight as decimal(18, 7)) * cast(quantity as decimal(20, 9)) as decimal(38, 16)) as weighted_quantity
from parts
