{%- set holder = [
    'service_provider_name', 'accelerator_type', 'team_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id',
    'workload_type',
] -%}
{%- set key = (['usage_date', 'cost_status', 'billing_currency'] + holder) | join(', ') -%}
{%- set of_deployment =
    'over (partition by hours.usage_hour, hours.billing_currency, hours.accelerator_type, hours.deployment_id, hours.training_run_id)' -%}
{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- Hours in which a holder did nothing: hardly any activity, or a warm deployment that nobody called. Whether enough of them follow each
-- other to be waste is asked where all days are at hand (int_waste_daily): a day here is the same whichever days a run rebuilds.
with limits as (

    select threshold as idle_gpu_activity from {{ ref('usage_thresholds') }}
    where threshold_name = 'idle_gpu_activity'

),

costs as (

    select
        hours.*,
        calls.call_state,
        -- of what was measured. What callers used of a deployment is theirs, the rest its owner's: it is as busy as all of them make it.
        case when hours.deployment_id is not null and hours.training_run_id is null
            then sum(hours.allocated_unused_cost) {{ of_deployment }} else hours.allocated_unused_cost end as unused_cost,
        case when hours.deployment_id is not null and hours.training_run_id is null
            then sum(hours.effective_cost - hours.activity_unknown_cost) {{ of_deployment }}
            else hours.effective_cost - hours.activity_unknown_cost
        end as measured_cost
    from {{ ref('int_holder_costs_hourly') }} as hours
    left join {{ ref('int_deployment_calls_hourly') }} as calls
        on
            hours.usage_hour = calls.usage_hour
            and hours.deployment_id = calls.deployment_id
            and hours.training_run_id is null
            and {{ in_dirty_days('calls.usage_date') }}
    where {{ in_dirty_days('hours.usage_date') }}

),

rated as (

    select
        *,
        1 - cast(unused_cost as double) / cast(nullif(measured_cost, 0) as double) as activity_ratio
    from costs

)

select {{ key }}, usage_hour, 'idle_endpoint' as waste_kind, effective_cost as claimed_cost, activity_ratio
from rated
where call_state = 'not_called'
union all
select {{ key }}, usage_hour, 'idle_gpu', allocated_unused_cost, activity_ratio
from rated
where activity_ratio < (select limits.idle_gpu_activity from limits)
