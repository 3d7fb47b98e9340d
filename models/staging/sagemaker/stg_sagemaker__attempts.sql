-- A job is one attempt for each stretch between interruptions (spot) and restarts (retries of its instances).
with jobs as (

    select
        training_job_arn,
        training_job_status,
        secondary_status,
        creation_time as submitted_at,
        coalesce(training_start_time, creation_time) as started_at,
        training_end_time as ended_at,
        coalesce(training_end_time, last_modified_time) as held_until,
        from_json(status_transitions, '[{"Status":"VARCHAR","StartTime":"VARCHAR","EndTime":"VARCHAR"}]') as transitions
    from {{ source('sagemaker', 'sagemaker_training_jobs') }}
    where training_start_time is not null

),

entries as (

    select training_job_arn, unnest(transitions) as entry from jobs

),

breaks as (

    select
        entries.training_job_arn,
        entries.entry.Status as break_status,
        cast(try_cast(entries.entry.StartTime as timestamptz) as timestamp) as broken_at,
        cast(try_cast(entries.entry.EndTime as timestamptz) as timestamp) as resumed_at
    from entries
    where entries.entry.Status in ('Interrupted', 'Restarting')

),

-- a stretch begins with the job or after a break, and has waited since the job was created or broken off
stretches as (

    select training_job_arn, submitted_at, started_at from jobs
    union
    select training_job_arn, broken_at as submitted_at, resumed_at as started_at from breaks
    where resumed_at is not null

),

ends as (

    select
        stretches.training_job_arn,
        stretches.started_at,
        max(stretches.submitted_at) as submitted_at,
        min(breaks.broken_at) as broken_at
    from stretches
    left join breaks
        on stretches.training_job_arn = breaks.training_job_arn and stretches.started_at <= breaks.broken_at
    group by stretches.training_job_arn, stretches.started_at

)

select
    ends.training_job_arn,
    row_number() over (partition by ends.training_job_arn order by ends.started_at) as attempt_no,
    case
        when breaks.break_status = 'Interrupted' then 'PREEMPTED'
        when breaks.break_status = 'Restarting' then 'NODE_FAIL'
        when jobs.training_job_status in ('InProgress', 'Stopping') then 'RUNNING'
        when jobs.secondary_status in ('MaxRuntimeExceeded', 'MaxWaitTimeExceeded') then 'TIMEOUT'
        when jobs.training_job_status = 'Completed' then 'COMPLETED'
        when jobs.training_job_status = 'Stopped' then 'CANCELLED'
        else 'FAILED'
    end as state,
    ends.submitted_at,
    ends.started_at,
    coalesce(ends.broken_at, jobs.ended_at) as ended_at,
    coalesce(ends.broken_at, jobs.held_until, ends.started_at) as held_until
from ends
inner join jobs on ends.training_job_arn = jobs.training_job_arn
left join breaks on ends.training_job_arn = breaks.training_job_arn and ends.broken_at = breaks.broken_at
where ends.broken_at is null or ends.broken_at > ends.started_at
