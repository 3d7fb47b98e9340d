{{ config(materialized='table') }}

-- One row per attempt of a run: a Slurm record, the pods of a Kubernetes job, or a stretch of a SageMaker job. The scheduler's word on
-- start and end.
with tracked as (

    select * from {{ ref('int_tracked_runs_unioned') }}

),

-- The tracker's tag serves jobs whose comment names no run. A child wins over the parent of its sweep that names the job too; of several
-- children none had it alone: it is their parent's, where they have one.
tagged_runs as (

    select runs.slurm_job_id, runs.run_id, runs.parent_run_id
    from tracked as runs
    left join (select distinct slurm_job_id, parent_run_id from tracked) as children
        on runs.slurm_job_id = children.slurm_job_id and runs.run_id = children.parent_run_id
    where runs.slurm_job_id is not null and children.slurm_job_id is null

),

tagged_jobs as (

    select
        slurm_job_id,
        case
            when count(*) > 1 and count(parent_run_id) = count(*) and min(parent_run_id) = max(parent_run_id) then max(parent_run_id)
            else max(run_id)
        end as run_id,
        count(*) as sharing_runs
    from tagged_runs
    group by slurm_job_id

),

slurm_attempts as (

    select
        coalesce(jobs.run_id, tagged_jobs.run_id) as training_run_id,
        jobs.job_record_id as attempt_id,
        'slurm' as scheduler,
        jobs.state,
        coalesce(tagged_jobs.sharing_runs, 1) as sharing_runs,
        -- a requeued job is submitted anew, so each of its records waits from its own submission
        case when jobs.started_at >= jobs.submitted_at
            then {{ seconds_between('jobs.submitted_at', 'jobs.started_at') }} end as queue_seconds,
        jobs.started_at,
        jobs.ended_at,
        jobs.held_until,
        cast(jobs.gpu_count as decimal(38, 9)) as gpu_count,
        jobs.last_checkpoint_at,
        true as is_checkpoint_known
    from {{ ref('stg_slurm__jobs') }} as jobs
    left join tagged_jobs on jobs.job_id = tagged_jobs.slurm_job_id
    where jobs.started_at is not null
        and jobs.failed_check is null
        and coalesce(jobs.run_id, tagged_jobs.run_id) is not null

),

pod_gpus as (

    select
        pod_uid,
        max(gpu_count) as gpu_count
    from (
        select
            requests.usage_date,
            requests.pod_uid,
            sum(
                requests.requested_quantity
                * case when requests.mig_profile = '' then 1 else shares.gpu_share end
            ) as gpu_count
        from {{ ref('int_pod_resource_requests') }} as requests
        left join {{ ref('int_mig_shares') }} as shares
            on requests.mig_profile = shares.mig_profile and shares.accelerator_type = '*'
        where requests.resource_kind = 'gpu'
        group by requests.usage_date, requests.pod_uid
    ) as daily
    group by pod_uid

),

last_attempts as (

    select
        training_run_id,
        max(attempt_no) as attempt_no
    from {{ ref('int_training_pods') }}
    group by training_run_id

),

pod_attempts as (

    select
        pods.training_run_id,
        pods.attempt_id,
        'kubernetes' as scheduler,
        case
            when max(case when pods.ended_at is null then 1 else 0 end) = 1 then 'RUNNING'
            when max(case when lower(pods.reason) like '%preempt%' or pods.reason in ('Evicted', 'Shutdown', 'Terminated')
                then 1 else 0 end) = 1 then 'PREEMPTED'
            when max(case when pods.reason in ('NodeLost', 'NodeAffinity') then 1 else 0 end) = 1 then 'NODE_FAIL'
            when max(pods.has_failed) = 1 then 'FAILED'
            when min(pods.has_succeeded) = 1 then 'COMPLETED'
            -- no exporter of phases: the run went on in a later attempt, or the tracker knows how it ended
            when max(pods.attempt_no) < max(last_attempts.attempt_no) then 'INTERRUPTED'
            when max(tracked.status) = 'FINISHED' then 'COMPLETED'
            when max(tracked.status) in ('FAILED', 'KILLED') then 'FAILED'
            else 'UNKNOWN'
        end as state,
        max(pods.sharing_runs) as sharing_runs,
        cast(null as bigint) as queue_seconds,
        min(pods.started_at) as started_at,
        case when max(case when pods.ended_at is null then 1 else 0 end) = 0 then max(pods.ended_at) end as ended_at,
        max(pods.held_until) as held_until,
        cast(sum(coalesce(pod_gpus.gpu_count, 0)) as decimal(38, 9)) as gpu_count,
        cast(null as timestamp) as last_checkpoint_at,
        true as is_checkpoint_known
    from {{ ref('int_training_pods') }} as pods
    left join pod_gpus on pods.pod_uid = pod_gpus.pod_uid
    left join last_attempts on pods.training_run_id = last_attempts.training_run_id
    left join tracked on pods.training_run_id = tracked.run_id
    group by pods.training_run_id, pods.attempt_id

),

-- SageMaker keeps checkpoints and does not say when: what an interruption cost is unknown then.
sagemaker_attempts as (

    select
        coalesce(jobs.mlflow_run_id, tracked.run_id) as training_run_id,
        attempts.training_job_arn || '|' || cast(attempts.attempt_no as {{ dbt.type_string() }}) as attempt_id,
        'sagemaker' as scheduler,
        attempts.state,
        1 as sharing_runs,
        case when attempts.started_at >= attempts.submitted_at
            then {{ seconds_between('attempts.submitted_at', 'attempts.started_at') }} end as queue_seconds,
        attempts.started_at,
        attempts.ended_at,
        attempts.held_until,
        cast(jobs.instance_count * coalesce(specs.gpu_count, 0) as decimal(38, 9)) as gpu_count,
        cast(null as timestamp) as last_checkpoint_at,
        not jobs.has_checkpoints as is_checkpoint_known
    from {{ ref('stg_sagemaker__attempts') }} as attempts
    inner join {{ ref('stg_sagemaker__training_jobs') }} as jobs on attempts.training_job_arn = jobs.training_job_arn
    left join {{ ref('instance_specs') }} as specs on jobs.instance_type = specs.instance_type
    left join tracked on jobs.training_job_arn = tracked.tracker_run_id and tracked.tracker = 'sagemaker'

),

attempts as (

    select * from slurm_attempts
    union all
    select * from pod_attempts
    union all
    select * from sagemaker_attempts

)

select
    attempts.training_run_id,
    attempts.attempt_id,
    attempts.scheduler,
    attempts.state,
    case
        when attempts.state = 'COMPLETED' then 'completed'
        when attempts.state in ('RUNNING', 'PENDING', 'SUSPENDED', 'RESIZING') then 'running'
        when attempts.state in ('PREEMPTED', 'REQUEUED', 'INTERRUPTED') then 'preempted'
        when attempts.state in ('CANCELLED', 'REVOKED') then 'cancelled'
        when attempts.state = 'UNKNOWN' then 'unknown'
        else 'failed'
    end as outcome,
    cast(attempts.sharing_runs as bigint) as sharing_runs,
    cast(attempts.queue_seconds as bigint) as queue_seconds,
    attempts.started_at,
    attempts.ended_at,
    attempts.held_until,
    attempts.gpu_count,
    -- the tracker knows the run's last checkpoint only; it belongs to the attempt in which it was written
    coalesce(
        attempts.last_checkpoint_at,
        case
            when tracked.last_checkpoint_at > attempts.started_at and tracked.last_checkpoint_at <= attempts.held_until
                then tracked.last_checkpoint_at
        end
    ) as last_checkpoint_at,
    attempts.is_checkpoint_known
from attempts
left join tracked on attempts.training_run_id = tracked.run_id
