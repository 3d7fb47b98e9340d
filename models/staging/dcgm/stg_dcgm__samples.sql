with source as (

    select * from {{ source('dcgm', 'dcgm_samples') }}

),

renamed as (

    select
        metric,
        observed_at,
        _day as sample_date,
        _feed as feed,

        -- who
        hostname as node_name,
        uuid as gpu_uuid,
        model_name as gpu_model,
        replace(mig_profile, '+', '.') as mig_profile,
        mig_instance_id,
        nullif(namespace, '') as namespace,
        nullif(pod, '') as pod_name,
        nullif(container, '') as container_name,
        nullif(hpc_job, '') as hpc_job,

        -- DCGM_FP64_BLANK and above mean "no value"
        case when value < 140737488355328 then value end as value
    from source

)

select * from renamed
