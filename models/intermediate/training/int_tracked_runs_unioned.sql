{{ config(materialized='table') }}

-- Runs of all trackers in the words of one; nothing after this asks which tracker a run comes from.
with mlflow as (

    select
        'mlflow' as tracker,
        'mlflow' as tracker_scope,
        run_id as tracker_run_id,
        run_name,
        experiment_id,
        status,
        started_at,
        ended_at,
        last_seen_at,
        lifecycle_stage,
        team_hint,
        model_id,
        model_version,
        parent_run_id,
        parent_run_id as sweep_id,
        resumed_from_run_id,
        run_type,
        produced_dataset_id,
        code_commit as code_version,
        params,
        slurm_job_id,
        pod_uid,
        last_checkpoint_at,
        cast(null as bigint) as training_seconds,
        cast(null as bigint) as billable_seconds
    from {{ ref('stg_mlflow__runs') }}

),

wandb as (

    select
        'wandb' as tracker,
        entity || '/' || project as tracker_scope,
        run_id as tracker_run_id,
        run_name,
        entity || '/' || project as experiment_id,
        case state
            when 'pending' then 'SCHEDULED'
            when 'running' then 'RUNNING'
            when 'preempting' then 'RUNNING'
            when 'finished' then 'FINISHED'
            when 'crashed' then 'CRASHED'
            when 'killed' then 'KILLED'
            when 'preempted' then 'PREEMPTED'
            else 'FAILED'
        end as status,
        started_at,
        ended_at,
        last_seen_at,
        'active' as lifecycle_stage,
        team_hint,
        model_id,
        model_version,
        cast(null as {{ dbt.type_string() }}) as parent_run_id,
        entity || '/' || project || '/' || sweep_name as sweep_id,
        resumed_from_run_id,
        run_type,
        produced_dataset_id,
        code_commit as code_version,
        params,
        slurm_job_id,
        pod_uid,
        last_checkpoint_at,
        cast(null as bigint) as training_seconds,
        cast(null as bigint) as billable_seconds
    from {{ ref('stg_wandb__runs') }}

),

-- A job that writes to an MLflow run is an attempt of that run, and no run of its own.
sagemaker as (

    select
        'sagemaker' as tracker,
        'sagemaker' as tracker_scope,
        training_job_arn as tracker_run_id,
        training_job_name as run_name,
        experiment_name as experiment_id,
        case training_job_status
            when 'Completed' then 'FINISHED'
            when 'Failed' then 'FAILED'
            when 'Stopped' then 'KILLED'
            else 'RUNNING'
        end as status,
        started_at,
        ended_at,
        last_seen_at,
        'active' as lifecycle_stage,
        team_hint,
        model_id,
        model_version,
        cast(null as {{ dbt.type_string() }}) as parent_run_id,
        tuning_job_arn as sweep_id,
        cast(null as {{ dbt.type_string() }}) as resumed_from_run_id,
        cast(null as {{ dbt.type_string() }}) as run_type,
        cast(null as {{ dbt.type_string() }}) as produced_dataset_id,
        code_version,
        params,
        cast(null as {{ dbt.type_string() }}) as slurm_job_id,
        cast(null as {{ dbt.type_string() }}) as pod_uid,
        cast(null as timestamp) as last_checkpoint_at,
        training_seconds,
        billable_seconds
    from {{ ref('stg_sagemaker__training_jobs') }}
    where mlflow_run_id is null

),

runs as (

    select * from mlflow
    union all
    select * from wandb
    union all
    select * from sagemaker

),

named as (

    select
        *,
        count(*) over (partition by tracker_run_id) as runs_of_that_id
    from runs

)

select
    -- Schedulers name a run by its id alone, which two projects may both have given by hand: then neither is meant.
    case when runs_of_that_id = 1 then tracker_run_id else tracker || ':' || tracker_scope || '/' || tracker_run_id end as run_id,
    tracker,
    tracker_scope,
    tracker_run_id,
    run_name,
    experiment_id,
    status,
    started_at,
    ended_at,
    last_seen_at,
    lifecycle_stage,
    team_hint,
    model_id,
    model_version,
    parent_run_id,
    sweep_id,
    resumed_from_run_id,
    run_type,
    produced_dataset_id,
    code_version,
    params,
    slurm_job_id,
    pod_uid,
    last_checkpoint_at,
    training_seconds,
    billable_seconds
from named
