{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- What telemetry says that cannot be. Rows that are left out hold nothing and measure nothing; of the others what is possible of them
-- counts, and the rest is named here.
with checks as (

    select
        source,
        usage_date,
        check_name,
        failed_rows,
        true as is_left_out
    from {{ ref('int_impossible_rows_daily') }}
    where {{ in_dirty_days('usage_date') }}

    union all

    select
        'kube_state_metrics' as source,
        usage_date,
        'ends_before_start' as check_name,
        count(*) as failed_rows,
        true as is_left_out
    from {{ ref('int_pods') }}
    where ended_at < started_at and {{ in_dirty_days('usage_date') }}
    group by usage_date

    union all

    -- readings, not rows: a mean is taken over those that can be
    select
        'device_samples' as source,
        usage_date,
        'activity_out_of_range' as check_name,
        cast(sum(out_of_range_readings) as bigint) as failed_rows,
        true as is_left_out
    from {{ ref('int_gpu_activity_hourly') }}
    where out_of_range_readings > 0 and {{ in_dirty_days('usage_date') }}
    group by usage_date

    union all

    select
        'device_samples' as source,
        usage_date,
        'energy_counter_went_back' as check_name,
        cast(sum(energy_resets) as bigint) as failed_rows,
        false as is_left_out
    from {{ ref('int_device_hours') }}
    where energy_resets > 0 and {{ in_dirty_days('usage_date') }}
    group by usage_date

    union all

    select
        workload_kind || 's' as source,
        usage_date,
        coalesce(failed_check, resource_kind || '_held_above_node') as check_name,
        count(*) as failed_rows,
        failed_check is not null as is_left_out
    from {{ ref('int_workload_resource_hours') }}
    where (is_over_capacity or failed_check is not null) and {{ in_dirty_days('usage_date') }}
    group by workload_kind, usage_date, resource_kind, failed_check

)

select
    usage_date,
    source,
    check_name,
    is_left_out,
    cast(failed_rows as bigint) as failed_rows
from checks
