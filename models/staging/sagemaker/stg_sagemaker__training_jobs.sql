with source as (

    select * from {{ source('sagemaker', 'sagemaker_training_jobs') }}

),

renamed as (

    select
        training_job_arn,
        training_job_name,
        training_job_status,
        coalesce(training_start_time, creation_time) as started_at,
        training_end_time as ended_at,
        last_modified_time as last_seen_at,
        tuning_job_arn,
        experiment_name,
        mlflow_run_id,

        -- `ml.p5.48xlarge` is a p5.48xlarge
        regexp_replace(instance_type, '^ml\.', '') as instance_type,
        instance_count,
        coalesce(is_spot, false) as is_spot,
        training_seconds,
        billable_seconds,
        nullif(checkpoint_uri, '') is not null as has_checkpoints,

        team as team_hint,
        model as model_id,
        model_version,
        code_commit as code_version,
        -- the SDK's own entries hold the job's name
        {{ settings_text('hyper_parameters', ['sagemaker%']) }} as params
    from source

)

select * from renamed
