with source as (

    select * from {{ source('amd', 'amd_samples') }}

),

renamed as (

    select
        regexp_replace(lower(metric), '^amd_', '') as metric,
        observed_at,
        _day as sample_date,
        _feed as feed,

        -- who
        hostname as node_name,
        coalesce(nullif(serial_number, ''), gpu_id) as gpu_uuid,
        card_series as gpu_model,
        case when lower(partition_type) in ('dpx', 'tpx', 'qpx', 'cpx') then partition_id end as partition_id,
        nullif(namespace, '') as namespace,
        nullif(pod, '') as pod_name,
        nullif(job_id, '') as hpc_job,
        value
    from source

)

select
    * replace (
        case
            when partition_id is null then value
            -- the day is in the window so that a filter on it reaches the table
            else max(case when partition_id = '0' then value end) over (
                partition by sample_date, feed, metric, node_name, gpu_uuid, observed_at
            )
        end as value
    )
from renamed
