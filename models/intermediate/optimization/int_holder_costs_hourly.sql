{%- set holder = [
    'service_provider_name', 'accelerator_type', 'team_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id',
    'workload_type',
] -%}
{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- What each holder of accelerators paid for an hour, and how much of it was busy: the ledger without the parts of its charges.
select
    usage_date,
    usage_hour,
    cost_status,
    billing_currency,
    {{ holder | join(', ') }},
    cast(sum(effective_cost) as decimal(38, 12)) as effective_cost,
    cast(sum(case when usage_state = 'allocated_unused' then effective_cost else 0 end) as decimal(38, 12)) as allocated_unused_cost,
    cast(sum(case when usage_state = 'activity_unknown' then effective_cost else 0 end) as decimal(38, 12)) as activity_unknown_cost,
    max(case when allocation_group_id is not null then 1 else 0 end) = 1 as has_requests
from {{ ref('fct_cost_allocation') }}
where
    {{ in_dirty_days('usage_date') }}
    and cost_component = 'net_unit_cost'
    and (
        -- an attempt without an owner is in the remainder and yet an attempt
        attempt_id is not null
        or usage_state not in ('unallocated', 'stranded', 'rounding')
        and (allocation_step = 'gpu_telemetry' or allocation_step = 'token_work' and provider_id = 'self_hosted')
    )
group by usage_date, usage_hour, cost_status, billing_currency, {{ holder | join(', ') }}
