{{ config(materialized='table') }}

-- What each hour of an attempt that did not complete cost, and which part of it was lost: from its last checkpoint (its start where
-- there is none) to its end. Where checkpoints are kept and nobody says when, nothing is known to be lost.
with attempts as (

    select
        training_run_id, attempt_id, outcome, started_at, ended_at, last_checkpoint_at,
        greatest(coalesce(last_checkpoint_at, started_at), started_at) as lost_from
    from {{ ref('fct_training_attempts') }}
    where outcome not in ('completed', 'running', 'unknown') and is_checkpoint_known

),

seconds as (

    select
        costs.*,
        attempts.outcome,
        attempts.last_checkpoint_at,
        {{ seconds_between(
            'greatest(attempts.started_at, costs.usage_hour)', 'least(attempts.ended_at, costs.usage_hour + interval 1 hour)'
        ) }} as held_seconds,
        greatest(0, {{ seconds_between(
            'greatest(attempts.lost_from, costs.usage_hour)', 'least(attempts.ended_at, costs.usage_hour + interval 1 hour)'
        ) }}) as lost_seconds
    from {{ ref('int_holder_costs_hourly') }} as costs
    inner join attempts on costs.training_run_id = attempts.training_run_id and costs.attempt_id = attempts.attempt_id

)

select
    *,
    cast({{ allocate('effective_cost', 'lost_seconds', 'held_seconds') }} as decimal(38, 12)) as lost_cost
from seconds
where lost_seconds > 0
