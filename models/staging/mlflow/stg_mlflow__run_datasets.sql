with entries as (

    select
        run_id,
        unnest(from_json(
            dataset_inputs,
            '[{"dataset":{"name":"VARCHAR","digest":"VARCHAR","source":"VARCHAR"},"tags":[{"key":"VARCHAR","value":"VARCHAR"}]}]'
        )) as entry
    from {{ source('mlflow', 'mlflow_runs') }}

)

select distinct
    run_id,
    entry.dataset.name as dataset_name,
    entry.dataset.digest as dataset_digest,
    coalesce(try(json_extract_string(entry.dataset.source, '$.uri')), entry.dataset.source) as location
from entries
