-- `results` is {task: {"metric,filter": value, "metric_stderr,filter": …, "alias": …}}.
with tasks as (

    select
        *,
        unnest(json_keys(results)) as task
    from {{ source('lm_eval', 'lm_eval_evaluations') }}

),

entries as (

    select
        *,
        json_extract(results, '$."' || task || '"') as task_results,
        unnest(json_keys(json_extract(results, '$."' || task || '"'))) as result_key
    from tasks

),

split as (

    select
        *,
        split_part(result_key, ',', 1) as metric,
        split_part(result_key, ',', 2) as filter_name,
        try_cast(json_extract_string(task_results, '$."' || result_key || '"') as double) as metric_value
    from entries
    where contains(result_key, ',')

)

select
    -- `acme/acme-7b` and a path end with the model's name
    regexp_extract(model_name, '[^/]+$') as model_id,
    nullif(regexp_extract(model_args, '(?:^|,)revision=([^,]*)', 1), '') as model_version,
    run_id,
    evaluated_at,
    task,
    metric,
    filter_name,
    metric_value,
    json_extract_string(versions, '$."' || task || '"') as task_version,
    try_cast(json_extract_string(n_shot, '$."' || task || '"') as integer) as shots,
    sample_limit,
    cast(json_extract_string(higher_is_better, '$."' || task || '"."' || metric || '"') as boolean) as is_higher_better,
    chat_template_sha
from split
where metric not like '%\_stderr' escape '\' and isfinite(metric_value)
