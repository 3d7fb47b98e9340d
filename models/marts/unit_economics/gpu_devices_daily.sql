{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- What each physical device drew and did on a day. Power and energy are the device's, whatever slices and holders it had (pitfall G6).
with activity as (

    select
        usage_date,
        node_name,
        gpu_uuid,
        max(gpu_model) as gpu_model,
        count(distinct usage_hour) as observed_hours,
        count(distinct mig_instance_id) as slices,
        count(distinct case when activity_ratio is null then usage_hour end) as unmeasured_hours
    from {{ ref('int_gpu_activity_hourly') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, node_name, gpu_uuid

),

devices as (

    select
        usage_date,
        node_name,
        gpu_uuid,
        max(gpu_model) as gpu_model,
        cast(sum(energy_kwh) as decimal(38, 9)) as counted_kwh,
        cast(sum(energy_seconds) as bigint) as counted_seconds,
        cast(sum(energy_resets) as bigint) as energy_resets,
        cast(sum(mean_power_watts) / nullif(count(mean_power_watts), 0) as decimal(18, 6)) as mean_power_watts,
        cast(sum(mean_power_watts) * 0.001 as decimal(38, 9)) as power_kwh,
        count(mean_power_watts) as power_hours,
        count(case when failure_xid is not null then 1 end) as failed_hours,
        max(failure_xid) as last_failure_xid
    from {{ ref('int_device_hours') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, node_name, gpu_uuid

)

select
    coalesce(devices.usage_date, activity.usage_date) as usage_date,
    coalesce(devices.node_name, activity.node_name, 'unknown') as node_name,
    coalesce(devices.gpu_uuid, activity.gpu_uuid) as gpu_uuid,
    coalesce(names.accelerator_type, specs.accelerator_type, 'unknown') as accelerator_type,
    cast(coalesce(activity.observed_hours, 0) as bigint) as observed_hours,
    cast(coalesce(activity.unmeasured_hours, 0) as bigint) as unmeasured_hours,
    cast(coalesce(activity.slices, 0) as bigint) as slices,
    cast(coalesce(devices.failed_hours, 0) as bigint) as failed_hours,
    devices.last_failure_xid,
    -- the counter knows better than readings of power do
    case when devices.counted_kwh is not null then 'counter' when devices.power_kwh is not null then 'power' end as energy_source,
    coalesce(devices.counted_kwh, devices.power_kwh) as energy_kwh,
    cast(case when devices.counted_kwh is not null then devices.counted_seconds else devices.power_hours * 3600 end as bigint) as energy_seconds,
    cast(coalesce(devices.energy_resets, 0) as bigint) as energy_resets,
    devices.mean_power_watts
from devices
full outer join activity
    on
        devices.usage_date = activity.usage_date
        and coalesce(devices.node_name, '') = coalesce(activity.node_name, '')
        and devices.gpu_uuid = activity.gpu_uuid
left join {{ ref('accelerator_names') }} as names on coalesce(devices.gpu_model, activity.gpu_model) = names.device_name
left join {{ ref('instance_specs') }} as specs on coalesce(devices.gpu_model, activity.gpu_model) = specs.instance_type
