{#- what hours of an undeclared capacity block cost is not known, and not nothing -#}
{%- set known_hours = 'case when coalesce(gpu_hours.unpriced_gpu_hours, 0) = 0 then ' -%}
{%- set known_cost = known_hours ~ 'costs.net_unit_cost end' -%}
-- Rebuilt whole: a run's cost comes from all its days.
with ledger as (

    select *
    from {{ ref('fct_cost_allocation') }}
    where training_run_id is not null

),

-- Work is lost from the last checkpoint on, or all of it where there is none.
losses as (

    select training_run_id, billing_currency, sum(lost_cost) as lost_cost
    from {{ ref('int_attempt_losses_hourly') }}
    group by training_run_id, billing_currency

),

costs as (

    select
        training_run_id,
        billing_currency,
        -- Closed once every part of it is invoiced.
        max(case cost_status when 'estimated' then '3 estimated' when 'billed_open' then '2 billed_open' else '1 billed_closed' end)
            as worst_status,
        -- of its attempts; storage that only names the run is its account's
        coalesce(max(case when attempt_id is not null then team_id end), max(team_id)) as team_id,
        {{ listed('accelerator_type') }} as accelerator_types,
        {{ component_cost('net_unit_cost') }} as net_unit_cost,
        {{ component_cost('unused_commitment') }} as unused_commitment_cost,
        {{ component_cost('credits') }} as credits_cost,
        {{ component_cost('tax') }} as tax_cost,
        {{ component_cost('fees') }} as fees_cost,
        sum(effective_cost) as total_cost,
        sum(case when allocation_step = 'gpu_telemetry' or resource_kind = 'compute' then effective_cost else 0 end) as compute_cost,
        sum(case when resource_kind = 'storage' then effective_cost else 0 end) as storage_cost,
        sum(case when resource_kind = 'network' then effective_cost else 0 end) as network_cost,
        sum(case when usage_state = 'productive' then effective_cost else 0 end) as productive_cost,
        sum(case when usage_state = 'allocated_unused' then effective_cost else 0 end) as allocated_unused_cost,
        sum(case when usage_state = 'activity_unknown' then effective_cost else 0 end) as activity_unknown_cost
    from ledger
    group by training_run_id, billing_currency

),

transfers as (

    select training_run_id, billing_currency, sum(transferred_cost) as transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where training_run_id is not null
    group by training_run_id, billing_currency

),

daily_reporting as (

    select
        days.training_run_id,
        days.billing_currency,
        max(rates.to_currency) as reporting_currency,
        case when min(rates.rate_set) < max(rates.rate_set) then 'several' else min(rates.rate_set) end as rate_set,
        case when count(*) = count(rates.rate)
            then sum({{ reporting_cost('days.effective_cost', 'rates.rate') }}) end as total_reporting_cost
    from (
        select training_run_id, billing_currency, usage_date, sum(effective_cost) as effective_cost
        from ledger
        group by training_run_id, billing_currency, usage_date
    ) as days
    left join {{ ref('dim_currency_rates') }} as rates
        on
            days.billing_currency = rates.from_currency
            and days.usage_date = rates.rate_date
            and rates.is_reporting_rate
    group by days.training_run_id, days.billing_currency

),

attempt_counts as (

    select
        training_run_id,
        cast(count(*) as bigint) as attempts,
        cast(count(case when outcome not in ('completed', 'running', 'unknown') then 1 end) as bigint) as unsuccessful_attempts,
        cast(count(case when outcome not in ('completed', 'running', 'unknown') and not is_checkpoint_known then 1 end) as bigint)
            as attempts_of_unknown_loss,
        cast(count(case when sharing_runs > 1 then 1 end) as bigint) as shared_attempts
    from {{ ref('fct_training_attempts') }}
    group by training_run_id

),

-- Only hours that have a cost: a running job is ahead of its bill.
gpu_hours as (

    select
        training_run_id,
        billing_currency,
        sum(gpu_hours) as gpu_hours,
        sum(case when hours_state = 'productive' then gpu_hours else 0 end) as productive_gpu_hours,
        sum(unpriced_gpu_hours) as unpriced_gpu_hours
    from {{ ref('fct_gpu_hours') }}
    where training_run_id is not null
    group by training_run_id, billing_currency

),

-- a charge may name a run that no tracker and no scheduler knows
run_keys as (

    select training_run_id from {{ ref('fct_training_runs') }}
    union
    select training_run_id from costs

)

select
    run_keys.training_run_id,
    coalesce(costs.billing_currency, 'XXX') as billing_currency,
    coalesce(substr(costs.worst_status, 3), 'estimated') as cost_status,
    runs.experiment_id,
    runs.run_name,
    runs.model_id,
    runs.model_version,
    costs.team_id,
    runs.run_purpose,
    runs.sweep_id,
    runs.repeats_run_id,
    runs.status,
    runs.started_at,
    runs.ended_at,
    runs.end_basis,
    coalesce(attempt_counts.attempts, 0) as attempts,
    coalesce(attempt_counts.unsuccessful_attempts, 0) as unsuccessful_attempts,
    coalesce(attempt_counts.attempts_of_unknown_loss, 0) as attempts_of_unknown_loss,
    coalesce(attempt_counts.shared_attempts, 0) as shared_attempts,
    costs.accelerator_types,
    cast(gpu_hours.gpu_hours as decimal(38, 9)) as gpu_hours,
    cast(gpu_hours.productive_gpu_hours as decimal(38, 9)) as productive_gpu_hours,
    cast(coalesce(gpu_hours.unpriced_gpu_hours, 0) as decimal(38, 9)) as unpriced_gpu_hours,
    cast(costs.net_unit_cost as decimal(38, 12)) as net_unit_cost,
    cast(costs.unused_commitment_cost as decimal(38, 12)) as unused_commitment_cost,
    cast(costs.credits_cost as decimal(38, 12)) as credits_cost,
    cast(costs.tax_cost as decimal(38, 12)) as tax_cost,
    cast(costs.fees_cost as decimal(38, 12)) as fees_cost,
    cast(costs.total_cost as decimal(38, 12)) as total_cost,
    cast(costs.total_cost as decimal(38, 12)) as direct_cost,
    cast(case when costs.training_run_id is not null then coalesce(transfers.transferred_cost, 0) end as decimal(38, 12))
        as transferred_cost,
    cast(costs.total_cost + coalesce(transfers.transferred_cost, 0) as decimal(38, 12)) as fully_loaded_cost,
    cast(costs.compute_cost as decimal(38, 12)) as compute_cost,
    cast(costs.storage_cost as decimal(38, 12)) as storage_cost,
    cast(costs.network_cost as decimal(38, 12)) as network_cost,
    cast(costs.total_cost - costs.compute_cost - costs.storage_cost - costs.network_cost as decimal(38, 12)) as other_cost,
    cast(costs.productive_cost as decimal(38, 12)) as productive_cost,
    cast(costs.allocated_unused_cost as decimal(38, 12)) as allocated_unused_cost,
    cast(costs.activity_unknown_cost as decimal(38, 12)) as activity_unknown_cost,
    cast(case when costs.training_run_id is not null then coalesce(losses.lost_cost, 0) end as decimal(38, 12)) as lost_cost,
    {{ unit_rate('costs.productive_cost', 'costs.net_unit_cost') }} as productive_ratio,
    {{ unit_rate(known_hours ~ 'costs.compute_cost end', 'gpu_hours.gpu_hours') }} as cost_per_gpu_hour,
    quality.resumed_at_step,
    quality.steps,
    cast(quality.epochs as decimal(38, 9)) as epochs,
    {{ unit_rate(known_cost, 'quality.steps') }} as cost_per_step,
    {{ unit_rate(known_cost, 'quality.epochs') }} as cost_per_epoch,
    quality.quality_metric,
    quality.is_higher_quality_better,
    quality.quality_value,
    quality.baseline_run_id,
    quality.baseline_quality_value,
    quality.quality_gain_points,
    -- a run that gained nothing has no price of a point
    case when quality.quality_gain_points > 0
        then {{ unit_rate(known_cost, 'quality.quality_gain_points') }} end as cost_per_quality_point,
    daily_reporting.reporting_currency,
    daily_reporting.rate_set,
    cast(daily_reporting.total_reporting_cost as decimal(38, 12)) as total_reporting_cost
from run_keys
left join {{ ref('fct_training_runs') }} as runs on run_keys.training_run_id = runs.training_run_id
left join costs on run_keys.training_run_id = costs.training_run_id
left join losses
    on costs.training_run_id = losses.training_run_id and costs.billing_currency = losses.billing_currency
left join transfers
    on costs.training_run_id = transfers.training_run_id and costs.billing_currency = transfers.billing_currency
left join daily_reporting
    on
        costs.training_run_id = daily_reporting.training_run_id
        and costs.billing_currency = daily_reporting.billing_currency
left join {{ ref('int_run_quality') }} as quality on run_keys.training_run_id = quality.training_run_id
left join attempt_counts on run_keys.training_run_id = attempt_counts.training_run_id
left join gpu_hours
    on costs.training_run_id = gpu_hours.training_run_id and costs.billing_currency = gpu_hours.billing_currency
