{%- set holder = [
    'service_provider_name', 'accelerator_type', 'team_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id',
    'workload_type',
] -%}
-- Rebuilt whole: whether a run was in vain is known when it has ended, and whether a model is called, days later.
with waste as (

    select * from {{ ref('int_waste_daily') }}

),

held as (

    select
        usage_date, cost_status, billing_currency, {{ holder | join(', ') }},
        sum(effective_cost) as holder_cost
    from {{ ref('int_holder_costs_hourly') }}
    group by usage_date, cost_status, billing_currency, {{ holder | join(', ') }}

),

-- Paid for and held by nobody: the machine's owner has it, else the reservation's.
unheld as (

    select
        usage_date,
        cost_status,
        billing_currency,
        case when hours_state = 'not_delivered' then 'undelivered_gpu' else 'free_gpu' end as waste_kind,
        vendor,
        accelerator_type,
        team_id,
        environment,
        count(distinct usage_hour) as hours,
        sum(gpu_hours) as gpu_hours,
        sum(case when hours_state in ('free_drained', 'free_failed') then gpu_hours else 0 end) as out_of_order_gpu_hours,
        sum(node_cost) as wasted_cost
    from {{ ref('fct_gpu_hours') }}
    where hours_state not in ('productive', 'allocated_unused', 'activity_unknown')
    group by
        usage_date, cost_status, billing_currency, case when hours_state = 'not_delivered' then 'undelivered_gpu' else 'free_gpu' end,
        vendor, accelerator_type, team_id, environment

)

select
    waste.usage_date,
    waste.cost_status,
    waste.billing_currency,
    waste.waste_kind,
    {% for column in holder %}waste.{{ column }}, {% endfor %}
    cast(waste.hours as bigint) as hours,
    cast(waste.wasted_cost as decimal(38, 12)) as wasted_cost,
    cast(held.holder_cost as decimal(38, 12)) as holder_cost,
    case waste.waste_kind
        when 'failed_run'
            then 'attempt ' || attempts.outcome || ' at ' || cast(attempts.ended_at as {{ dbt.type_string() }})
                || coalesce(', last checkpoint ' || cast(attempts.last_checkpoint_at as {{ dbt.type_string() }}), ', no checkpoint')
        when 'redundant_run' then 'same code, settings and data as run ' || runs.repeats_run_id
        else 'activity at most ' || cast(cast(round(waste.highest_activity_ratio * 100, 1) as decimal(9, 1)) as {{ dbt.type_string() }})
            || '% in each of ' || cast(waste.hours as {{ dbt.type_string() }}) || ' hours, up to '
            || cast(waste.longest_streak_hours as {{ dbt.type_string() }}) || ' in a row'
    end as evidence
from waste
inner join {{ ref('waste_kinds') }} as kinds on waste.waste_kind = kinds.waste_kind and kinds.mart = 'gpu_waste_daily'
inner join held
    on
        waste.usage_date = held.usage_date
        {% for column in ['cost_status', 'billing_currency'] + holder -%}
        and waste.{{ column }} is not distinct from held.{{ column }}
        {% endfor %}
left join {{ ref('fct_training_attempts') }} as attempts on waste.attempt_id = attempts.attempt_id
left join {{ ref('fct_training_runs') }} as runs on waste.training_run_id = runs.training_run_id
union all
select
    usage_date, cost_status, billing_currency, waste_kind, vendor, accelerator_type, team_id, environment, null, null, null, null, null,
    cast(hours as bigint),
    cast(wasted_cost as decimal(38, 12)),
    null,
    case waste_kind
        when 'undelivered_gpu'
            then cast(cast(round(gpu_hours, 1) as decimal(18, 1)) as {{ dbt.type_string() }}) || ' accelerator-hours reserved that no machine used'
        else cast(cast(round(gpu_hours, 1) as decimal(18, 1)) as {{ dbt.type_string() }}) || ' accelerator-hours that nobody held, '
            || cast(cast(round(out_of_order_gpu_hours, 1) as decimal(18, 1)) as {{ dbt.type_string() }}) || ' of them drained or out of order'
    end
from unheld
