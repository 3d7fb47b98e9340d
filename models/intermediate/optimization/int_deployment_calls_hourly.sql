{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- Whether each deployment served anybody in an hour: by its requests, by its own counters, else by how busy its accelerators were. What
-- nobody measured is not known to be idle.
with costs as (

    select
        usage_date,
        usage_hour,
        deployment_id,
        max(case when has_requests then 1 else 0 end) as has_requests,
        1 - cast(sum(allocated_unused_cost) as double) / cast(nullif(sum(effective_cost - activity_unknown_cost), 0) as double)
            as activity_ratio
    from {{ ref('int_holder_costs_hourly') }}
    where
        {{ in_dirty_days('usage_date') }}
        and deployment_id is not null
        and training_run_id is null
        and workload_type = 'serving'
    group by usage_date, usage_hour, deployment_id

)

select
    costs.usage_date,
    costs.usage_hour,
    costs.deployment_id,
    case
        when costs.has_requests = 1 or counters.prompt_tokens + counters.generated_tokens > 0 then 'called'
        when counters.deployment_id is not null or costs.activity_ratio < limits.threshold then 'not_called'
        when costs.activity_ratio is not null then 'called'
        else 'unknown'
    end as call_state
from costs
inner join {{ ref('usage_thresholds') }} as limits on limits.threshold_name = 'idle_gpu_activity'
left join {{ ref('int_deployment_token_work_hourly') }} as counters
    on
        costs.usage_hour = counters.usage_hour
        and costs.deployment_id = counters.deployment_id
        and {{ in_dirty_days('counters.usage_date') }}
