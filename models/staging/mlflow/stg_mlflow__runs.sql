with source as (

    select * from {{ source('mlflow', 'mlflow_runs') }}

),

renamed as (

    select
        run_id,
        run_name,
        experiment_id,
        user_id,
        status,
        make_timestamp(start_time * 1000) as started_at,
        make_timestamp(end_time * 1000) as ended_at,
        make_timestamp(last_metric_time * 1000) as last_seen_at,
        lifecycle_stage,
        nullif(team, '') as team_hint,
        nullif(model, '') as model_id,
        nullif(model_version, '') as model_version,
        nullif(parent_run_id, '') as parent_run_id,
        nullif(resumed_from_run_id, '') as resumed_from_run_id,
        nullif(run_type, '') as run_type,
        nullif(produced_dataset, '') as produced_dataset_id,
        nullif(code_commit, '') as code_commit,
        {{ settings_text('params') }} as params,
        nullif(slurm_job_id, '') as slurm_job_id,
        nullif(pod_uid, '') as pod_uid,
        cast(try_cast(last_checkpoint_at as timestamptz) as timestamp) as last_checkpoint_at
    from source

)

select * from renamed
