with entries as (

    select
        run_id,
        entity,
        project,
        unnest(from_json(used_artifacts, '[{"name":"VARCHAR","type":"VARCHAR","digest":"VARCHAR"}]')) as entry
    from {{ source('wandb', 'wandb_runs') }}

)

select distinct
    run_id,
    entity,
    project,
    -- `corpus:v3` is version 3 of `corpus`
    split_part(entry.name, ':', 1) as dataset_name,
    coalesce(entry.digest, entry.name) as dataset_digest,
    cast(null as varchar) as location
from entries
where lower(entry.type) like '%data%'
