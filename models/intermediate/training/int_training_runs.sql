{{ config(materialized='table') }}

-- One row per run that a tracker or a scheduler knows. A crashed process leaves its run open for ever: the scheduler's end caps it.
with tracked as (

    select * from {{ ref('stg_mlflow__runs') }}

),

scheduled as (

    select
        training_run_id,
        count(*) as attempt_count,
        min(started_at) as started_at,
        case when count(ended_at) = count(*) then max(ended_at) end as ended_at,
        max(case when outcome = 'completed' then 1 else 0 end) as has_completed
    from {{ ref('int_training_attempts') }}
    group by training_run_id

),

parents as (

    select distinct parent_run_id as run_id from tracked
    where parent_run_id is not null

),

pods as (

    select
        training_run_id,
        max(label_model) as model_id,
        max(label_team) as team_hint
    from {{ ref('int_training_pods') }}
    group by training_run_id

),

keys as (

    select run_id as training_run_id from tracked
    union
    select training_run_id from scheduled

)

select
    keys.training_run_id,
    tracked.experiment_id,
    tracked.run_name,
    tracked.parent_run_id,
    parents.run_id is not null as is_parent,
    coalesce(tracked.model_id, pods.model_id) as model_id,
    tracked.model_version,
    coalesce(tracked.team_hint, pods.team_hint) as team_hint,
    case
        when tracked.run_id is null and scheduled.has_completed = 1 then 'FINISHED'
        when tracked.run_id is null and scheduled.ended_at is null then 'RUNNING'
        when tracked.run_id is null then 'FAILED'
        when tracked.ended_at is null and scheduled.ended_at is not null then 'CRASHED'
        else tracked.status
    end as status,
    coalesce(tracked.lifecycle_stage, 'untracked') as lifecycle_stage,
    least(coalesce(tracked.started_at, scheduled.started_at), coalesce(scheduled.started_at, tracked.started_at)) as started_at,
    coalesce(tracked.ended_at, scheduled.ended_at) as ended_at,
    tracked.run_id is not null and tracked.ended_at is null and scheduled.ended_at is not null as is_end_capped,
    coalesce(scheduled.attempt_count, 0) as attempt_count
from keys
left join tracked on keys.training_run_id = tracked.run_id
left join scheduled on keys.training_run_id = scheduled.training_run_id
left join parents on keys.training_run_id = parents.run_id
left join pods on keys.training_run_id = pods.training_run_id
