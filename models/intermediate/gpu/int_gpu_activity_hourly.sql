{{ config(
    materialized='incremental', incremental_strategy='replace_days',
    meta={'replace_by': 'usage_date', 'days_from': 'int_device_samples', 'days_from_day': 'sample_date'}
) }}
{#- Averages, so that a sample landed or scraped twice does not count twice. One pass over the samples of the day. -#}

with signals as (

    select
        cast({{ dbt.date_trunc('hour', 'samples.observed_at') }} as timestamp) as usage_hour,
        samples.sample_date as usage_date,
        samples.node_name,
        samples.gpu_uuid,
        samples.mig_instance_id,
        max(samples.gpu_model) as gpu_model,
        max(samples.mig_profile) as mig_profile,
        samples.namespace,
        samples.pod_name,
        samples.hpc_job,
        samples.metric,
        max(activity_signals.preference) as preference,
        -- a reading outside 0 to 1 is no reading
        count(case when samples.value * activity_signals.scale_to_ratio between 0 and 1 then 1 end) as observations,
        count(samples.value) - count(case when samples.value * activity_signals.scale_to_ratio between 0 and 1 then 1 end)
            as out_of_range_readings,
        sum(cast(
            case when samples.value * activity_signals.scale_to_ratio between 0 and 1
                then samples.value * activity_signals.scale_to_ratio end as decimal(18, 9)
        )) as activity_sum
    from {{ ref('int_device_samples') }} as samples
    inner join {{ ref('activity_signals') }} as activity_signals
        on
            samples.metric = activity_signals.metric
            and (activity_signals.is_valid_on_mig or samples.mig_instance_id is null)
    where {{ in_dirty_days('samples.sample_date') }}
        and samples.gpu_uuid is not null
    group by
        cast({{ dbt.date_trunc('hour', 'samples.observed_at') }} as timestamp),
        samples.sample_date,
        samples.node_name,
        samples.gpu_uuid,
        samples.mig_instance_id,
        samples.namespace,
        samples.pod_name,
        samples.hpc_job,
        samples.metric

),

ranked as (

    select
        *,
        sum(out_of_range_readings) over (
            partition by usage_date, usage_hour, node_name, gpu_uuid, mig_instance_id, namespace, pod_name, hpc_job
        ) as all_out_of_range_readings,
        row_number() over (
            partition by usage_date, usage_hour, node_name, gpu_uuid, mig_instance_id, namespace, pod_name, hpc_job
            order by case when observations > 0 then 0 else 1 end, preference
        ) as signal_rank
    from signals

)

select
    usage_hour,
    usage_date,
    node_name,
    gpu_uuid,
    gpu_model,
    mig_instance_id,
    mig_profile,
    namespace,
    pod_name,
    hpc_job,
    case when observations > 0 then metric end as activity_signal,
    case when observations > 0 then preference end as signal_preference,
    observations,
    cast(all_out_of_range_readings as bigint) as out_of_range_readings,
    case when observations > 0 then cast(activity_sum / observations as decimal(38, 9)) end as activity_ratio
from ranked
where signal_rank = 1
