{%- set holder = [
    'service_provider_name', 'team_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id', 'workload_type',
] -%}
{%- set key = (['usage_date', 'cost_status', 'billing_currency'] + holder) | join(', ') -%}
{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- Hours in which a holder did nothing for long enough: hardly any activity, or a warm deployment that nobody called. Hours follow each
-- other within a day, so that a day is the same whichever days a run rebuilds.
with limits as (

    select
        max(case when threshold_name = 'idle_gpu_activity' then threshold end) as idle_gpu_activity,
        max(case when threshold_name = 'idle_gpu_hours' then threshold end) as idle_gpu_hours,
        max(case when threshold_name = 'idle_endpoint_hours' then threshold end) as idle_endpoint_hours
    from {{ ref('usage_thresholds') }}

),

costs as (

    select
        hours.*,
        calls.call_state,
        -- of what was measured
        1 - cast(hours.allocated_unused_cost as double)
        / cast(nullif(hours.effective_cost - hours.activity_unknown_cost, 0) as double) as activity_ratio
    from {{ ref('int_holder_costs_hourly') }} as hours
    left join {{ ref('int_deployment_calls_hourly') }} as calls
        on
            hours.usage_hour = calls.usage_hour
            and hours.deployment_id = calls.deployment_id
            and hours.training_run_id is null
            and {{ in_dirty_days('calls.usage_date') }}
    where {{ in_dirty_days('hours.usage_date') }}

),

states as (

    select costs.*, 'idle_endpoint' as waste_kind, costs.effective_cost as claimed_cost, limits.idle_endpoint_hours as shortest
    from costs
    cross join limits
    where costs.call_state = 'not_called'
    union all
    select costs.*, 'idle_gpu', costs.allocated_unused_cost, limits.idle_gpu_hours
    from costs
    cross join limits
    where costs.activity_ratio < limits.idle_gpu_activity

),

numbered as (

    select
        *,
        row_number() over (partition by waste_kind, {{ key }} order by usage_hour) as hour_no
    from states

),

lengths as (

    select
        *,
        count(*) over (partition by waste_kind, {{ key }}, usage_hour - hour_no * interval 1 hour) as hours_in_a_row
    from numbered

)

select {{ key }}, usage_hour, waste_kind, claimed_cost, activity_ratio
from lengths
where hours_in_a_row >= shortest
