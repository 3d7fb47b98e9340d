with entries as (

    select
        run_id,
        unnest(from_json(metrics, '[{"key":"VARCHAR","value":"DOUBLE","timestamp":"BIGINT","step":"BIGINT"}]')) as entry
    from {{ source('mlflow', 'mlflow_runs') }}

)

select
    run_id,
    entry.key as metric_key,
    entry.value as metric_value,
    -- samples of the machine (`system/gpu_0_utilization_percentage`) are counted by themselves
    case when entry.key not like 'system/%' then entry.step end as step,
    make_timestamp(entry.timestamp * 1000) as recorded_at
from entries
where isfinite(entry.value)
