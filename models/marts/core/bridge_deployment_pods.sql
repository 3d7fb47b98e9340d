{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- From a served model to machines: a deployment's pods, and the node whose bill pays for each.
with held as (

    select
        usage_date,
        deployment_id,
        workload_id as pod_uid,
        max(namespace) as namespace,
        max(pod_name) as pod_name,
        max(resource_id) as resource_id,
        {{ listed('accelerator_type') }} as accelerator_types,
        sum(case when resource_kind = 'gpu' then held_quantity else 0 end) as held_gpu_hours
    from {{ ref('int_workload_resource_hours') }}
    where workload_type = 'serving' and deployment_id is not null and {{ in_dirty_days('usage_date') }}
    group by usage_date, deployment_id, workload_id

)

select
    held.usage_date,
    held.deployment_id,
    -- pods that only an OpenShift export knows have nothing but their label
    coalesce(pods.deployment_rule, 'pod_label') as deployment_rule,
    held.pod_uid,
    held.namespace,
    held.pod_name,
    pods.node_name,
    held.resource_id,
    held.accelerator_types,
    pods.held_from,
    pods.held_until,
    cast(held.held_gpu_hours as decimal(38, 9)) as held_gpu_hours
from held
left join {{ ref('int_pods') }} as pods
    on
        held.usage_date = pods.usage_date
        and held.pod_uid = pods.pod_uid
        and {{ in_dirty_days('pods.usage_date') }}
