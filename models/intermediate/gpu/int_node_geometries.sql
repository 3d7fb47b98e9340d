{{ config(
    materialized='incremental', incremental_strategy='replace_days',
    meta={'replace_by': 'usage_date', 'days_from': 'int_kube_observations', 'days_filed_by': 'sample_date'}
) }}
{#- How the GPUs of a node are cut, from each observation to the next, so that a node that is cut anew within an hour is counted by the
    time that each way of cutting stood and not by the day's largest (pitfall G4). -#}

with samples as (

    select * from {{ ref('int_kube_observations') }}
    where {{ in_dirty_days('usage_date') }} and {{ in_dirty_days_or_before('sample_date') }}
        and metric = 'kube_node_status_capacity'
        and (resource like 'nvidia_com_mig_%' or resource in ('nvidia_com_gpu', 'amd_com_gpu'))

),

units as (

    -- replicas of Prometheus and repeated samples say the same once
    select
        usage_date, feed, node_name, observed_at, resource,
        max(value) as unit_count
    from samples
    group by usage_date, feed, node_name, observed_at, resource

),

shares as (

    select
        units.*,
        case
            when units.resource like 'nvidia_com_mig_%' then replace(replace(units.resource, 'nvidia_com_mig_', ''), '_', '.')
            -- MIG strategy single: every plain unit is a slice
            else nodes.slice_profile
        end as mig_profile,
        nodes.accelerator_type,
        nodes.gpu_count
    from units
    inner join {{ ref('int_nodes') }} as nodes
        on units.usage_date = nodes.usage_date and units.feed = nodes.feed and units.node_name = nodes.node_name
    where {{ in_dirty_days('nodes.usage_date') }}

),

observed as (

    select
        shares.usage_date,
        shares.feed,
        shares.node_name,
        shares.observed_at,
        max(shares.gpu_count) as gpu_count,
        sum(case when shares.mig_profile is null then cast(shares.unit_count as decimal(38, 9)) else 0 end) as whole_gpus,
        max(case when shares.mig_profile is not null and shares.unit_count > 0 then 1 else 0 end) as has_slices,
        sum(cast(shares.unit_count as decimal(9, 0)) * coalesce(mig_shares.gpu_share, 0)) as sliced_gpus
    from shares
    left join {{ ref('int_mig_shares') }} as mig_shares
        on shares.mig_profile = mig_shares.mig_profile and coalesce(shares.accelerator_type, '*') = mig_shares.accelerator_type
    group by shares.usage_date, shares.feed, shares.node_name, shares.observed_at

),

bounded as (

    select
        *,
        lag(observed_at) over (partition by usage_date, feed, node_name order by observed_at) as previous_at,
        lead(observed_at) over (partition by usage_date, feed, node_name order by observed_at) as next_at
    from observed

)

select
    usage_date,
    feed,
    node_name,
    -- what was first seen held from the start of the day, what was last seen until its end
    case when previous_at is null then cast(usage_date as timestamp) else observed_at end as held_from,
    coalesce(next_at, cast(usage_date as timestamp) + interval 1 day) as held_until,
    sliced_gpus,
    -- GPUs that are cut are those that are not offered whole; what their slices leave is of use to nobody
    case
        when greatest(gpu_count - whole_gpus, 0) - sliced_gpus > 0.000001 then greatest(gpu_count - whole_gpus, 0) - sliced_gpus
        else 0
    end as stranded_gpus
from bounded
where has_slices = 1
