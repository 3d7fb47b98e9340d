{{ config(
    materialized='incremental', incremental_strategy='replace_days',
    meta={'replace_by': 'usage_date', 'days_from': 'int_device_samples', 'days_from_day': 'sample_date'}
) }}
{#- What a whole device drew and whether it was in order. Exporters repeat device metrics for each slice and holder (pitfall G6), so a
    moment of a device is one value. Energy counters differ from reading to reading; one that has fallen was reset and counts from 0.
    The time from a day's last reading to the next day's first is in neither day: energy_seconds says how much time is. -#}

with observations as (

    select
        samples.sample_date as usage_date,
        samples.node_name,
        samples.gpu_uuid,
        max(samples.gpu_model) as gpu_model,
        device_metrics.quantity,
        samples.metric,
        samples.observed_at,
        max(samples.value * device_metrics.scale) as value
    from {{ ref('int_device_samples') }} as samples
    inner join {{ ref('device_metrics') }} as device_metrics on samples.metric = device_metrics.metric
    where {{ in_dirty_days('samples.sample_date') }}
        and samples.gpu_uuid is not null
        and samples.value >= 0
    group by
        samples.sample_date, samples.node_name, samples.gpu_uuid, device_metrics.quantity, samples.metric, samples.observed_at

),

differences as (

    select
        *,
        lag(value) over (partition by usage_date, node_name, gpu_uuid, metric order by observed_at) as previous_value,
        lag(observed_at) over (partition by usage_date, node_name, gpu_uuid, metric order by observed_at) as previous_at
    from observations

),

measured as (

    select
        differences.usage_date,
        cast({{ dbt.date_trunc('hour', 'differences.observed_at') }} as timestamp) as usage_hour,
        differences.node_name,
        differences.gpu_uuid,
        differences.gpu_model,
        case when differences.quantity = 'power_watts' then cast(differences.value as decimal(18, 6)) end as power_watts,
        case
            when differences.quantity <> 'energy_kwh' or differences.previous_at is null then null
            when differences.value >= differences.previous_value then cast(differences.value - differences.previous_value as decimal(18, 9))
            else cast(differences.value as decimal(18, 9))
        end as energy_kwh,
        case when differences.quantity = 'energy_kwh' then {{ seconds_between('differences.previous_at', 'differences.observed_at') }} end
            as energy_seconds,
        case when differences.quantity = 'energy_kwh' and differences.value < differences.previous_value then 1 else 0 end as is_reset,
        case when xid_errors.is_device_failure then xid_errors.xid end as failure_xid
    from differences
    left join {{ ref('xid_errors') }} as xid_errors
        on differences.quantity = 'xid_error' and cast(differences.value as bigint) = xid_errors.xid

)

select
    usage_date,
    usage_hour,
    node_name,
    gpu_uuid,
    max(gpu_model) as gpu_model,
    cast(sum(energy_kwh) as decimal(38, 9)) as energy_kwh,
    cast(sum(energy_seconds) as bigint) as energy_seconds,
    cast(sum(is_reset) as bigint) as energy_resets,
    cast(sum(power_watts) / nullif(count(power_watts), 0) as decimal(18, 6)) as mean_power_watts,
    max(failure_xid) as failure_xid
from measured
group by usage_date, usage_hour, node_name, gpu_uuid
