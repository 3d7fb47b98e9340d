{{ config(materialized='view') }}

-- fct_gpu_hours by day and holder: what each pod and job held, and how much of it was work.
select
    usage_date, resource_id, pool_id, vendor, region_id, purchase_option, accelerator_type, cost_status, billing_currency,
    workload_kind, workload_id, workload_name, workload_type, team_id, environment, model_id, deployment_id, training_run_id, attempt_id,
    max(activity_signal) as activity_signal,
    cast(sum(gpu_hours) as decimal(38, 9)) as gpu_hours,
    {%- for part, states in [
        ('productive', "'productive'"), ('allocated_unused', "'allocated_unused'"), ('activity_unknown', "'activity_unknown'"),
        ('unallocated', "'stranded', 'free_healthy', 'free_drained', 'free_failed', 'free_not_seen', 'not_delivered'")
    ] %}
    cast(coalesce(sum(case when hours_state in ({{ states }}) then gpu_hours end), 0) as decimal(38, 9)) as {{ part }}_gpu_hours,
    cast(coalesce(sum(case when hours_state in ({{ states }}) then node_cost end), 0) as decimal(38, 12)) as {{ part }}_cost,
    {%- endfor %}
    cast(sum(node_cost) as decimal(38, 12)) as node_cost,
    cast(sum(unpriced_gpu_hours) as decimal(38, 9)) as unpriced_gpu_hours,
    -- which node of a pool a plan or reservation covers in an hour is the vendor's choice (pitfall G18): the pool's rate does not see it
    {{ unit_rate(
        'sum(case when sum(unpriced_gpu_hours) = 0 then sum(node_cost) end) over (partition by usage_date, pool_id, cost_status, billing_currency)',
        'sum(case when sum(unpriced_gpu_hours) = 0 then sum(gpu_hours) end) over (partition by usage_date, pool_id, cost_status, billing_currency)'
    ) }} as pool_cost_per_gpu_hour
from {{ ref('fct_gpu_hours') }}
group by
    usage_date, resource_id, pool_id, vendor, region_id, purchase_option, accelerator_type, cost_status, billing_currency,
    workload_kind, workload_id, workload_name, workload_type, team_id, environment, model_id, deployment_id, training_run_id, attempt_id
