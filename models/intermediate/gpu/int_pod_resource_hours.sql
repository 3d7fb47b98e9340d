{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

with pods as (

    select * from {{ ref('int_pods') }}
    where {{ in_dirty_days('usage_date') }}

),

hours as (

    select
        usage_hour,
        cast(usage_hour as date) as usage_date
    from (
        {{ hour_spine(
            '(select cast(min(usage_date) as timestamp) from pods)',
            '(select cast(max(usage_date) as timestamp) + interval 1 day from pods)'
        ) }}
    ) as spine

),

pod_hours as (

    select
        pods.usage_date,
        hours.usage_hour,
        pods.pod_uid,
        pods.feed,
        pods.node_name,
        {{ seconds_in_hour('pods.held_from', 'pods.held_until', 'hours.usage_hour') }} as held_seconds
    from pods
    inner join hours
        on
            pods.usage_date = hours.usage_date
            and pods.held_from < hours.usage_hour + interval 1 hour
            and pods.held_until > hours.usage_hour

),

claims as (

    select
        pod_hours.*,
        coalesce(nodes.resource_id, pod_hours.node_name) as resource_id,
        requests.resource_kind,
        requests.mig_profile,
        case
            when requests.mig_profile <> '' then requests.requested_quantity * shares.gpu_share
            -- a replica of a time-sliced GPU is no fraction of it: alone it has the whole GPU
            when requests.is_time_sliced then least(requests.requested_quantity, 1)
            else requests.requested_quantity
        end as claimed_units
    from pod_hours
    inner join {{ ref('int_pod_resource_requests') }} as requests
        on pod_hours.usage_date = requests.usage_date and pod_hours.pod_uid = requests.pod_uid
    left join {{ ref('int_nodes') }} as nodes
        on
            pod_hours.usage_date = nodes.usage_date
            and pod_hours.feed = nodes.feed
            and pod_hours.node_name = nodes.node_name
    left join {{ ref('int_mig_shares') }} as shares
        on requests.mig_profile = shares.mig_profile and coalesce(nodes.accelerator_type, '*') = shares.accelerator_type
    where
        pod_hours.held_seconds > 0
        and requests.requested_quantity > 0
        and {{ in_dirty_days('requests.usage_date') }}

)

select
    usage_date,
    usage_hour,
    pod_uid,
    node_name,
    resource_id,
    resource_kind,
    mig_profile,
    sum({{ floor_quantity('claimed_units * held_seconds / 3600') }}) as claimed_quantity
from claims
group by usage_date, usage_hour, pod_uid, node_name, resource_id, resource_kind, mig_profile
