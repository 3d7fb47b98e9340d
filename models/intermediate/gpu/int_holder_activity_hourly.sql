-- Mean over the GPUs or slices of a holder on a node; only the best signal that the holder has, so that signals never mix. A row without
-- a holder is what exporters say of a node's devices without saying who holds them.
with devices as (

    select
        *,
        -- the day is in the hour; by it, a reader's filter on days gets through
        min(signal_preference) over (
            partition by usage_date, usage_hour, node_name, namespace, pod_name, hpc_job
        ) as best_preference
    from {{ ref('int_gpu_activity_hourly') }}
    where activity_ratio is not null

)

select
    usage_date,
    usage_hour,
    {{ short_host('node_name') }} as host,
    namespace,
    pod_name,
    hpc_job,
    max(activity_signal) as activity_signal,
    cast(sum(activity_ratio) / count(*) as decimal(38, 9)) as activity_ratio
from devices
where signal_preference = best_preference
group by usage_date, usage_hour, {{ short_host('node_name') }}, namespace, pod_name, hpc_job
