with source as (

    select * from {{ source('openshift', 'openshift_storage_usage') }}

),

renamed as (

    select
        _day as usage_date,
        cast(left(interval_start, 19) as timestamp) as interval_started_at,
        _feed as feed,

        -- which volume, and whose
        coalesce(nullif(csi_volume_handle, ''), persistentvolume) as volume_handle,
        nullif(namespace, '') as claim_namespace,
        nullif(persistentvolumeclaim, '') as claim_name,
        nullif(pod, '') as pod_name,
        nullif(regexp_extract(persistentvolumeclaim_labels, '(^|[|])label_team:([^|]*)', 2), '') as label_team
    from source

)

select * from renamed
