{{ config(
    materialized='incremental', incremental_strategy='replace_days',
    meta={'replace_by': 'usage_date', 'days_from': 'int_kube_observations', 'days_filed_by': 'sample_date'}
) }}
-- A year of them at once fits no memory; samples are what there is to count their days by.
-- depends_on: {{ ref('int_kube_observations') }}

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
        pods.namespace,
        pods.pod_name,
        pods.node_name,
        {{ seconds_in_hour('pods.held_from', 'pods.held_until', 'hours.usage_hour') }} as held_seconds
    from pods
    inner join hours
        on
            pods.usage_date = hours.usage_date
            and pods.held_from < hours.usage_hour + interval 1 hour
            and pods.held_until > hours.usage_hour

),

requests as (

    select
        pod_hours.*,
        coalesce(nodes.resource_id, pod_hours.node_name) as resource_id,
        nodes.accelerator_type,
        requested.resource_kind,
        requested.requested_quantity,
        case
            when requested.mig_profile = '' and requested.resource_kind = 'gpu' then coalesce(nodes.slice_profile, '')
            else requested.mig_profile
        end as mig_profile,
        requested.is_time_sliced or (requested.resource_kind = 'gpu' and coalesce(nodes.is_time_sliced, false)) as is_time_sliced,
        case when requested.resource_kind = 'gpu' and requested.mig_profile = '' then coalesce(nodes.gpus_per_unit, 1) else 1 end
            as gpus_per_unit
    from pod_hours
    inner join {{ ref('int_pod_resource_requests') }} as requested
        on pod_hours.usage_date = requested.usage_date and pod_hours.pod_uid = requested.pod_uid
    left join {{ ref('int_nodes') }} as nodes
        on
            pod_hours.usage_date = nodes.usage_date
            and pod_hours.feed = nodes.feed
            and pod_hours.node_name = nodes.node_name
    where
        pod_hours.held_seconds > 0
        and requested.requested_quantity > 0
        and {{ in_dirty_days('requested.usage_date') }}

),

-- Which GPUs a time-sliced pod was on, where the exporter says so: pods that share one GPU hold it together (pitfall G5), for as long
-- as each was there.
shared_gpus as (

    select
        requests.usage_hour,
        requests.pod_uid,
        requests.held_seconds,
        sum(requests.held_seconds) over (
            partition by requests.usage_hour, requests.resource_id, devices.gpu_uuid
        ) as held_seconds_of_gpu
    from requests
    inner join (
        select distinct usage_hour, {{ short_host('node_name') }} as host, gpu_uuid, namespace, pod_name
        from {{ ref('int_gpu_activity_hourly') }}
        where {{ in_dirty_days('usage_date') }} and pod_name is not null and mig_instance_id is null
    ) as devices
        on
            requests.usage_hour = devices.usage_hour
            and {{ short_host('requests.node_name') }} = devices.host
            and requests.namespace = devices.namespace
            and requests.pod_name = devices.pod_name
    where requests.is_time_sliced

),

shared_seconds as (

    select
        usage_hour,
        pod_uid,
        sum(cast(held_seconds * least(1, 3600.0 / held_seconds_of_gpu) as decimal(38, 9))) as gpu_seconds
    from shared_gpus
    group by usage_hour, pod_uid

),

claims as (

    select
        requests.*,
        case
            when requests.mig_profile <> '' then requests.requested_quantity * shares.gpu_share * requests.held_seconds
            -- a replica of a time-sliced GPU is no fraction of it: alone it has the whole GPU
            when requests.is_time_sliced
                then coalesce(shared_seconds.gpu_seconds, least(requests.requested_quantity, 1) * requests.held_seconds)
            else requests.requested_quantity * requests.gpus_per_unit * requests.held_seconds
        end as claimed_unit_seconds
    from requests
    left join {{ ref('int_mig_shares') }} as shares
        on requests.mig_profile = shares.mig_profile and coalesce(requests.accelerator_type, '*') = shares.accelerator_type
    left join shared_seconds
        on requests.usage_hour = shared_seconds.usage_hour and requests.pod_uid = shared_seconds.pod_uid and requests.is_time_sliced

)

select
    usage_date,
    usage_hour,
    pod_uid,
    node_name,
    resource_id,
    resource_kind,
    mig_profile,
    sum({{ floor_quantity('claimed_unit_seconds / 3600') }}) as claimed_quantity,
    sum({{ floor_quantity('claimed_unit_seconds / held_seconds') }}) as claimed_units
from claims
group by usage_date, usage_hour, pod_uid, node_name, resource_id, resource_kind, mig_profile
