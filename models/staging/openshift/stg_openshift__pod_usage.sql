with source as (

    select * from {{ source('openshift', 'openshift_pod_usage') }}

),

renamed as (

    select
        _day as usage_date,
        cast(left(interval_start, 19) as timestamp) as interval_started_at,
        -- the report's end is the last second of the interval
        cast(left(interval_end, 19) as timestamp) + interval 1 second as interval_ended_at,
        _feed as feed,

        -- which pod
        namespace,
        pod as pod_name,
        node as node_name,
        coalesce(nullif(resource_id, ''), node) as resource_id,

        -- core-hours and GiB-hours
        cast(pod_usage_cpu_core_seconds / 3600 as decimal(38, 9)) as used_core_hours,
        cast(pod_request_cpu_core_seconds / 3600 as decimal(38, 9)) as requested_core_hours,
        cast(pod_usage_memory_byte_seconds / 3600 / 1073741824 as decimal(38, 9)) as used_gib_hours,
        cast(pod_request_memory_byte_seconds / 3600 / 1073741824 as decimal(38, 9)) as requested_gib_hours,
        cast(node_capacity_cpu_core_seconds / 3600 as decimal(38, 9)) as node_core_hours,
        cast(node_capacity_memory_byte_seconds / 3600 / 1073741824 as decimal(38, 9)) as node_gib_hours,

        -- labels
        {%- for label in ['team', 'app', 'model', 'environment', 'mlflow_run_id', 'workload_type'] %}
        nullif(regexp_extract(pod_labels, '(^|[|])label_{{ label }}:([^|]*)', 2), '') as label_{{ label }},
        {%- endfor %}

        case
            when cast(left(interval_end, 19) as timestamp) + interval 1 second
                not between cast(left(interval_start, 19) as timestamp) + interval 1 second
                and cast(left(interval_start, 19) as timestamp) + interval 1 hour
                then 'interval_is_no_hour'
            when pod_usage_cpu_core_seconds > node_capacity_cpu_core_seconds then 'used_more_than_node'
        end as failed_check
    from source

)

select * from renamed
