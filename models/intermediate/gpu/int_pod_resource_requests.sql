{{ config(
    materialized='incremental', incremental_strategy='replace_days',
    meta={'replace_by': 'usage_date', 'days_from': 'int_kube_observations', 'days_filed_by': 'sample_date'}
) }}

with samples as (

    select
        usage_date,
        pod_uid,
        container_name,
        resource,
        -- repeated observations, exact duplicates and replicas of Prometheus say the same once
        max(value) as requested
    from {{ ref('int_kube_observations') }}
    where {{ in_dirty_days('usage_date') }} and {{ in_dirty_days_or_before('sample_date') }}
        and metric = 'kube_pod_container_resource_requests'
    group by usage_date, pod_uid, container_name, resource

)

select
    usage_date,
    pod_uid,
    resource,
    case
        when resource = 'cpu' then 'cpu'
        when resource = 'memory' then 'memory'
        else 'gpu'
    end as resource_kind,
    case
        when resource like 'nvidia_com_mig_%' then replace(replace(resource, 'nvidia_com_mig_', ''), '_', '.')
        else ''
    end as mig_profile,
    coalesce(resource like '%_shared', false) as is_time_sliced,
    sum(cast(
        case when resource = 'memory' then requested / 1073741824 else requested end as decimal(38, 9)
    )) as requested_quantity
from samples
where
    resource in ('cpu', 'memory', 'google_com_tpu')
    or resource like 'aws_amazon_com_neuron%'
    or resource like '%_com_gpu'
    or resource like '%_com_gpu_shared'
    or resource like 'nvidia_com_mig_%'
group by usage_date, pod_uid, resource
