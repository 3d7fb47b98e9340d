with source as (

    select * from {{ source('opencost', 'opencost_allocations') }}

),

renamed as (

    select
        _day as usage_date,
        started_at,
        ended_at,
        _feed as feed,
        namespace,
        -- what is idle has the name of no pod
        case when allocation_name not like '%__idle__%' then pod end as pod_name,
        container as container_name,
        node as node_name,
        coalesce({{ provider_resource_id('provider_id') }}, node) as resource_id,
        coalesce(gpu_hours, 0) as gpu_hours,
        coalesce(cpu_core_hours, 0) as core_hours,
        cast(coalesce(ram_byte_hours, 0) / 1073741824 as decimal(38, 9)) as gib_hours,
        case when gpu_request_average > 0 and gpu_usage_average between 0 and gpu_request_average
            then cast(gpu_usage_average / gpu_request_average as decimal(38, 9)) end as activity_ratio,
        {%- for label in ['team', 'app', 'model', 'environment', 'mlflow_run_id', 'workload_type'] %}
        {{ json_text('labels', label) }} as label_{{ label }},
        {%- endfor %}
        case
            when ended_at <= started_at then 'ends_before_start'
            when minutes > date_diff('second', window_start, window_end) / 60.0 + 1 then 'runs_longer_than_window'
            when gpu_request_average > 0 and gpu_hours > gpu_request_average * date_diff('second', started_at, ended_at) / 3600.0 * 1.05
                then 'more_gpu_hours_than_requested'
        end as failed_check
    from source

)

select * from renamed
