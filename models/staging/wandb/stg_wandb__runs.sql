with source as (

    select * from {{ source('wandb', 'wandb_runs') }}

),

renamed as (

    select
        entity,
        project,
        run_id,
        run_name,
        state,
        user_name,
        created_at as started_at,
        case when state not in ('pending', 'running', 'preempting') then coalesce(heartbeat_at, created_at) end as ended_at,
        heartbeat_at as last_seen_at,
        job_type as run_type,
        sweep_name,
        code_commit,
        {{ settings_text('config', ['_wandb', 'slurm_job_id', 'k8s_pod_uid', 'resumed_from_run']) }} as params,
        -- the API gives plain values, the raw configuration wraps each in {"value": …}
        {%- for column, key in [
            ('team_hint', 'team'), ('model_id', 'model'), ('model_version', 'model_version'), ('slurm_job_id', 'slurm_job_id'),
            ('pod_uid', 'k8s_pod_uid'), ('resumed_from_run_id', 'resumed_from_run'), ('produced_dataset_id', 'produces_dataset'),
        ] %}
        nullif(coalesce(
            json_extract_string(config, '$.{{ key }}.value'), json_extract_string(config, '$.{{ key }}')
        ), '') as {{ column }},
        {%- endfor %}
        cast(try_cast(json_extract_string(summary, '$.last_checkpoint_at') as timestamptz) as timestamp) as last_checkpoint_at
    from source

)

select * from renamed
