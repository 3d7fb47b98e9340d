with source as (

    select * from {{ source('openshift', 'openshift_gpu_usage') }}

),

renamed as (

    select
        _day as usage_date,
        cast(left(interval_start, 19) as timestamp) as interval_started_at,
        _feed as feed,
        namespace,
        pod as pod_name,
        node as node_name,
        gpu_uuid,
        gpu_model_name as gpu_model,
        nullif(mig_instance_id, '') as mig_instance_id,
        coalesce(replace(regexp_replace(mig_profile, '^MIG ', ''), '+', '.'), '') as mig_profile,
        gpu_pod_uptime as held_seconds,
        -- the report's end is the last second of the interval
        case
            when gpu_pod_uptime > date_diff('second', cast(left(interval_start, 19) as timestamp), cast(left(interval_end, 19) as timestamp)) + 1
                then 'uptime_longer_than_interval'
        end as failed_check
    from source

)

select * from renamed
