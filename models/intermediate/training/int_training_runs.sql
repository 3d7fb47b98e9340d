{{ config(materialized='table') }}

-- One row per run that a tracker or a scheduler knows. A crashed process leaves its run open for ever: the scheduler's end caps it,
-- without a scheduler the last sign of life does.
with tracked as (

    select * from {{ ref('int_tracked_runs_unioned') }}

),

scheduled as (

    select
        training_run_id,
        count(*) as attempt_count,
        -- one unknown wait leaves the sum unknown
        case when count(queue_seconds) = count(*) then cast(sum(queue_seconds) as bigint) end as queue_seconds,
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

silence as (

    select {{ as_of() }} - cast(threshold as integer) * interval 1 hour as silent_since
    from {{ ref('usage_thresholds') }}
    where threshold_name = 'tracker_silence'

),

data_read as (

    select
        run_id,
        {{ listed("dataset_name || '@' || coalesce(dataset_digest, '')") }} as datasets
    from {{ ref('int_run_datasets') }}
    group by run_id

),

keys as (

    select run_id as training_run_id from tracked
    union
    select training_run_id from scheduled

),

joined as (

    select
        keys.training_run_id,
        tracked.tracker,
        tracked.experiment_id,
        tracked.run_name,
        tracked.parent_run_id,
        tracked.sweep_id,
        parents.run_id is not null as is_parent,
        coalesce(tracked.model_id, pods.model_id) as model_id,
        tracked.model_version,
        coalesce(tracked.team_hint, pods.team_hint) as team_hint,
        coalesce(purposes.run_purpose, 'train') as run_purpose,
        tracked.status as tracker_status,
        coalesce(tracked.lifecycle_stage, 'untracked') as lifecycle_stage,
        least(coalesce(tracked.started_at, scheduled.started_at), coalesce(scheduled.started_at, tracked.started_at)) as started_at,
        tracked.ended_at as tracker_ended_at,
        scheduled.ended_at as scheduler_ended_at,
        tracked.last_seen_at,
        scheduled.has_completed,
        coalesce(scheduled.attempt_count, 0) as attempt_count,
        scheduled.queue_seconds,
        case
            when tracked.ended_at is not null then 'tracker'
            when scheduled.ended_at is not null then 'scheduler'
            when scheduled.training_run_id is not null then 'running'
            when tracked.last_seen_at < silence.silent_since then 'heartbeat'
            when tracked.last_seen_at is null and tracked.started_at < silence.silent_since then 'unknown'
            else 'running'
        end as end_basis,
        tracked.resumed_from_run_id,
        tracked.produced_dataset_id,
        tracked.code_version,
        tracked.training_seconds,
        tracked.billable_seconds,
        -- Two runs do the same work where code, settings and data are all known and equal.
        case
            when tracked.code_version is not null and tracked.params is not null and data_read.datasets is not null
                and tracked.resumed_from_run_id is null and parents.run_id is null
                then {{ hash_key(['tracked.code_version', 'tracked.params', 'data_read.datasets']) }}
        end as work_id
    from keys
    cross join silence
    left join tracked on keys.training_run_id = tracked.run_id
    left join scheduled on keys.training_run_id = scheduled.training_run_id
    left join parents on keys.training_run_id = parents.run_id
    left join pods on keys.training_run_id = pods.training_run_id
    left join data_read on keys.training_run_id = data_read.run_id
    left join {{ ref('run_purposes') }} as purposes on lower(tracked.run_type) = purposes.run_type

),

ended as (

    select
        *,
        case
            when tracker_status is null and has_completed = 1 then 'FINISHED'
            when tracker_status is null and scheduler_ended_at is null then 'RUNNING'
            when tracker_status is null then 'FAILED'
            when end_basis in ('scheduler', 'heartbeat') then 'CRASHED'
            else tracker_status
        end as status,
        case end_basis
            when 'tracker' then tracker_ended_at
            when 'scheduler' then scheduler_ended_at
            when 'heartbeat' then last_seen_at
        end as ended_at
    from joined

),

repeats as (

    select
        later.training_run_id,
        earlier.training_run_id as repeats_run_id,
        row_number() over (partition by later.training_run_id order by earlier.ended_at, earlier.training_run_id) as preference
    from ended as later
    inner join ended as earlier
        on
            later.work_id = earlier.work_id
            and earlier.status = 'FINISHED'
            and later.started_at >= earlier.ended_at
            and later.training_run_id <> earlier.training_run_id

)

select
    ended.training_run_id,
    ended.tracker,
    ended.experiment_id,
    ended.run_name,
    ended.parent_run_id,
    ended.sweep_id,
    ended.is_parent,
    ended.model_id,
    ended.model_version,
    ended.team_hint,
    ended.run_purpose,
    ended.status,
    ended.lifecycle_stage,
    ended.started_at,
    ended.ended_at,
    ended.end_basis,
    ended.attempt_count,
    ended.queue_seconds,
    ended.resumed_from_run_id,
    ended.produced_dataset_id,
    repeats.repeats_run_id,
    ended.code_version,
    ended.work_id,
    ended.training_seconds,
    ended.billable_seconds
from ended
left join repeats on ended.training_run_id = repeats.training_run_id and repeats.preference = 1
