{%- set holder = [
    'service_provider_name', 'accelerator_type', 'team_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id',
    'workload_type',
] -%}
{%- set key = (['usage_date', 'cost_status', 'billing_currency'] + holder) | join(', ') -%}
{{ config(materialized='table') }}

-- Waste by day and holder. A dollar that two kinds may claim is the first one's by seed waste_kinds; what an attempt lost is a part
-- of the hour's time, so the other kinds have the rest of it.
with costs as (

    select * from {{ ref('int_holder_costs_hourly') }}

),

repeated_runs as (

    select training_run_id from {{ ref('fct_training_runs') }}
    where repeats_run_id is not null

),

called_days as (

    select
        deployment_id,
        usage_date,
        max(case when call_state <> 'not_called' then usage_date end) as called_date
    from {{ ref('int_deployment_calls_hourly') }}
    group by deployment_id, usage_date

),

uncalled_days as (

    select
        deployment_id,
        usage_date,
        coalesce(
            max(called_date) over (partition by deployment_id order by usage_date),
            min(usage_date) over (partition by deployment_id)
        ) as called_or_first_date
    from called_days

),

-- Idle hours that follow each other, over midnight and over the day on which a bill closes: the same holder's, whatever the status of
-- the cost. A holder may have two costs in one hour.
idle_hours as (

    select
        *,
        dense_rank() over (partition by waste_kind, billing_currency, {{ holder | join(', ') }} order by usage_hour) as hour_no
    from {{ ref('int_idle_hours') }}

),

streaks as (

    select
        *,
        max(hour_no) over (
            partition by waste_kind, billing_currency, {{ holder | join(', ') }}, usage_hour - hour_no * interval 1 hour
        ) - min(hour_no) over (
            partition by waste_kind, billing_currency, {{ holder | join(', ') }}, usage_hour - hour_no * interval 1 hour
        ) + 1 as hours_in_a_row
    from idle_hours

),

claims as (

    select
        {% for column in ['usage_date', 'cost_status', 'billing_currency'] + holder %}streaks.{{ column }}, {% endfor %}
        streaks.usage_hour, streaks.waste_kind, streaks.claimed_cost, streaks.activity_ratio, streaks.hours_in_a_row
    from streaks
    inner join {{ ref('usage_thresholds') }} as limits
        on limits.threshold_name = streaks.waste_kind || '_hours' and streaks.hours_in_a_row >= limits.threshold
    union all
    select {{ key }}, usage_hour, 'redundant_run', effective_cost, null, null from costs
    where training_run_id in (select repeated_runs.training_run_id from repeated_runs)
    union all
    select
        {% for column in ['usage_date', 'cost_status', 'billing_currency'] + holder %}costs.{{ column }}, {% endfor %}
        costs.usage_hour, 'uncalled_model', costs.effective_cost, null, null
    from costs
    inner join uncalled_days on costs.deployment_id = uncalled_days.deployment_id and costs.usage_date = uncalled_days.usage_date
    inner join {{ ref('usage_thresholds') }} as limits
        on
            limits.threshold_name = 'uncalled_model_days'
            and {{ seconds_between('uncalled_days.called_or_first_date', 'uncalled_days.usage_date') }} >= limits.threshold * 86400
    where costs.training_run_id is null and costs.workload_type = 'serving'

),

ranked as (

    select
        claims.*,
        row_number() over (
            partition by
                {% for column in ['usage_date', 'cost_status', 'billing_currency'] + holder %}claims.{{ column }}, {% endfor %}
                claims.usage_hour
            order by kinds.precedence
        ) as preference
    from claims
    inner join {{ ref('waste_kinds') }} as kinds on claims.waste_kind = kinds.waste_kind

),

hourly as (

    select
        {% for column in ['usage_date', 'cost_status', 'billing_currency'] + holder %}ranked.{{ column }}, {% endfor %}
        ranked.waste_kind,
        ranked.activity_ratio,
        ranked.hours_in_a_row,
        ranked.claimed_cost
        - coalesce({{ allocate('ranked.claimed_cost', 'losses.lost_seconds', 'losses.held_seconds') }}, 0) as wasted_cost
    from ranked
    left join {{ ref('int_attempt_losses_hourly') }} as losses
        on
            ranked.usage_hour = losses.usage_hour
            {% for column in ['cost_status', 'billing_currency'] + holder -%}
            and ranked.{{ column }} is not distinct from losses.{{ column }}
            {% endfor %}
    where ranked.preference = 1
    union all
    select {{ key }}, 'failed_run', null, null, lost_cost from {{ ref('int_attempt_losses_hourly') }}

)

select
    {{ key }},
    waste_kind,
    count(*) as hours,
    max(activity_ratio) as highest_activity_ratio,
    max(hours_in_a_row) as longest_streak_hours,
    cast(sum(wasted_cost) as decimal(38, 12)) as wasted_cost
from hourly
where wasted_cost <> 0
group by {{ key }}, waste_kind
