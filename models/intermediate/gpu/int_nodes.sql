{{ config(
    materialized='incremental', incremental_strategy='replace_days',
    meta={'replace_by': 'usage_date', 'days_from': 'int_kube_observations', 'days_filed_by': 'sample_date'}
) }}
{#- What a Kubernetes node offers on a day. The device plugin counts schedulable units: slices and time-sliced replicas are not
    GPUs, so the number of physical GPUs comes from the instance type, then from the devices that DCGM sees. -#}

with samples as (

    select * from {{ ref('int_kube_observations') }}
    where {{ in_dirty_days('usage_date') }} and {{ in_dirty_days_or_before('sample_date') }}
        and metric in ('kube_node_info', 'kube_node_created', 'kube_node_labels', 'kube_node_status_capacity')
        and node_name is not null

),

scrapes as (

    select
        feed,
        usage_date,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at
    from samples
    group by feed, usage_date
    having max(case when sample_date = usage_date and cast(observed_at as date) = usage_date then 1 else 0 end) = 1

),

nodes as (

    select
        usage_date,
        feed,
        node_name,
        max(provider_resource_id) as provider_resource_id,
        max(label_instance_type) as instance_type,
        max(case when metric = 'kube_node_created' then value_at end) as created_at,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        max(case when resource = 'cpu' then value end) as core_count,
        max(case when resource = 'memory' then value end) as memory_bytes,
        max(case
            when resource in ('nvidia_com_gpu', 'amd_com_gpu', 'google_com_tpu', 'aws_amazon_com_neuron', 'aws_amazon_com_neurondevice')
                then value
        end) as gpu_units,
        max(case when resource = 'aws_amazon_com_neuroncore' then value end) as core_units,
        max(label_gpu_product) as gpu_product
    from samples
    group by usage_date, feed, node_name

),

-- a pod on a node proves that the node was there
pod_bounds as (

    select
        usage_date,
        feed,
        node_name,
        min(held_from) as held_from,
        max(held_until) as held_until
    from {{ ref('int_pods') }}
    where {{ in_dirty_days('usage_date') }}
        and held_until > held_from
    group by usage_date, feed, node_name

),

slices as (

    select
        usage_date,
        feed,
        node_name,
        replace(replace(resource, 'nvidia_com_mig_', ''), '_', '.') as mig_profile,
        max(value) as slice_count
    from samples
    where metric = 'kube_node_status_capacity' and resource like 'nvidia_com_mig_%' and value > 0
    group by usage_date, feed, node_name, resource

),

-- only where neither the instance type nor a device says how many GPUs there are: as many as the slices need
slice_shares as (

    select
        slices.usage_date,
        slices.feed,
        slices.node_name,
        sum(cast(slices.slice_count as decimal(9, 0)) * shares.gpu_share) as sliced_gpus
    from slices
    left join {{ ref('int_mig_shares') }} as shares on slices.mig_profile = shares.mig_profile and shares.accelerator_type = '*'
    group by slices.usage_date, slices.feed, slices.node_name

),

devices as (

    select
        usage_date,
        {{ short_host('node_name') }} as host,
        count(distinct gpu_uuid) as gpu_count,
        max(gpu_model) as gpu_model
    from {{ ref('int_gpu_activity_hourly') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, {{ short_host('node_name') }}

),

bounded as (

    select
        nodes.*,
        coalesce(specs.accelerator_type, names.accelerator_type) as accelerator_type,
        specs.gpu_count as spec_gpu_count,
        devices.gpu_count as device_count,
        nullif(regexp_replace(nodes.gpu_product, '^.*-MIG-', ''), nodes.gpu_product) as slice_profile,
        coalesce(nodes.gpu_product like '%-SHARED', false) as is_time_sliced,
        slice_shares.sliced_gpus,
        cast(nodes.usage_date as timestamp) as day_start,
        least(
            cast(nodes.usage_date as timestamp) + interval 1 day, {{ as_of() }}
        ) as day_end,
        coalesce(
            nodes.created_at,
            case when nodes.first_observed_at > scrapes.first_observed_at then nodes.first_observed_at end
        ) as started_at,
        case when nodes.last_observed_at < scrapes.last_observed_at then nodes.last_observed_at end as ended_at,
        pod_bounds.held_from as pods_from,
        pod_bounds.held_until as pods_until
    from nodes
    inner join scrapes on nodes.usage_date = scrapes.usage_date and nodes.feed = scrapes.feed
    left join {{ ref('instance_specs') }} as specs on nodes.instance_type = specs.instance_type
    left join slice_shares
        on
            nodes.usage_date = slice_shares.usage_date
            and nodes.feed = slice_shares.feed
            and nodes.node_name = slice_shares.node_name
    left join pod_bounds
        on
            nodes.usage_date = pod_bounds.usage_date
            and nodes.feed = pod_bounds.feed
            and nodes.node_name = pod_bounds.node_name
    left join devices
        on nodes.usage_date = devices.usage_date and {{ short_host('nodes.node_name') }} = devices.host
    left join {{ ref('accelerator_names') }} as names on devices.gpu_model = names.device_name

),

counted as (

    select
        *,
        cast(coalesce(
            spec_gpu_count, device_count, coalesce(gpu_units, 0) + coalesce(ceil(sliced_gpus), 0)
        ) as decimal(38, 9)) as gpu_count
    from bounded

)

select
    usage_date,
    feed,
    node_name,
    coalesce(provider_resource_id, node_name) as resource_id,
    instance_type,
    accelerator_type,
    least(greatest(coalesce(started_at, day_start), day_start), coalesce(pods_from, day_end), day_end) as present_from,
    greatest(least(coalesce(ended_at, day_end), day_end), coalesce(pods_until, day_start)) as present_until,
    cast(core_count as decimal(38, 9)) as core_count,
    cast(memory_bytes / 1073741824 as decimal(38, 9)) as memory_gib,
    gpu_count,
    -- MIG strategy single offers slices as plain GPUs, all alike; the label of the node says which
    slice_profile,
    is_time_sliced,
    -- units below a device: NeuronCores, partitions of an AMD device. Replicas of a time-sliced GPU are no parts of it.
    case
        when slice_profile is not null or is_time_sliced then 1
        when core_units > gpu_count then cast(gpu_count / core_units as decimal(38, 9))
        when gpu_units > gpu_count then cast(gpu_count / gpu_units as decimal(38, 9))
        else 1
    end as gpus_per_unit
from counted
