with entries as (

    select
        run_id,
        entity,
        project,
        heartbeat_at as recorded_at,
        try_cast(json_extract_string(summary, '$._step') as bigint) as step,
        summary,
        unnest(json_keys(summary)) as metric_key
    from {{ source('wandb', 'wandb_runs') }}

)

select
    run_id,
    entity,
    project,
    metric_key,
    try_cast(json_extract_string(summary, '$."' || metric_key || '"') as double) as metric_value,
    step,
    recorded_at
from entries
-- what starts with an underscore is W&B's own; text and media are no metrics
where metric_key not like '\_%' escape '\'
    and isfinite(try_cast(json_extract_string(summary, '$."' || metric_key || '"') as double))
