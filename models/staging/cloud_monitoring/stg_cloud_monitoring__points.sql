with source as (

    select * from {{ source('cloud_monitoring', 'cloud_monitoring_points') }}

),

renamed as (

    select
        metric,
        observed_at,
        _day as sample_date,
        _feed as feed,
        nullif(node_name, '') as node_name,
        concat_ws('/', cluster_name, coalesce(nullif(node_name, ''), namespace || '/' || pod), accelerator_id) as gpu_uuid,
        model as gpu_model,
        nullif(namespace, '') as namespace,
        nullif(pod, '') as pod_name,
        value
    from source

)

select * from renamed
