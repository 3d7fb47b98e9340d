with reports as (

    select
        *,
        coalesce(len([e for e in json_extract_string(neuron_runtime_data, '$[*].report.neuroncore_counters.error') if e <> '']) > 0, false)
            as has_failed,
        -- every core that an application used, once an application
        json_extract(neuron_runtime_data, '$[*].report.neuroncore_counters.neuroncores_in_use') as used_by_application
    from {{ source('neuron', 'neuron_reports') }}

),

cores as (

    select
        *,
        unnest(range(0, coalesce(device_count * cores_per_device, 0))) as core_index
    from reports

)

select
    observed_at,
    _day as sample_date,
    _feed as feed,
    instance_id as node_name,
    instance_type,
    instance_id || '/' || cast(core_index // cores_per_device as varchar) as gpu_uuid,
    cast(core_index as varchar) as core_index,
    json_extract_string(neuron_k8s_info, '$.neuroncores_k8s_info."' || core_index || '".namespace') as namespace,
    json_extract_string(neuron_k8s_info, '$.neuroncores_k8s_info."' || core_index || '".pod_name') as pod_name,
    case
        when not has_failed then coalesce(list_sum([
            cast(json_extract_string(one, '$."' || core_index || '".neuroncore_utilization') as double) for one in used_by_application
        ]), 0)
    end as utilization_percent
from cores
