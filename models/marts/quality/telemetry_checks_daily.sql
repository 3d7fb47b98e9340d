{%- set flagged = [
    ('slurm', 'stg_slurm__jobs', 'cast(started_at as date)', 'started_at is not null'),
    ('openshift_pod_usage', 'stg_openshift__pod_usage', 'usage_date', 'true'),
    ('openshift_gpu_usage', 'stg_openshift__gpu_usage', 'usage_date', 'true'),
    ('opencost', 'stg_opencost__allocations', 'usage_date', 'true'),
    ('nvidia_smi', 'stg_nvidia_smi__samples', 'sample_date', 'true'),
] -%}
{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- What telemetry says that cannot be. Rows of the first kind hold nothing and measure nothing; of the last three what is possible of them
-- counts, and the rest is named here.
with checks as (

    {%- for source, model, day, condition in flagged %}
    select
        '{{ source }}' as source,
        {{ day }}{{ ' as usage_date' if day != 'usage_date' }},
        failed_check as check_name,
        count(*) as failed_rows,
        true as is_left_out
    from {{ ref(model) }}
    where failed_check is not null and {{ condition }} and {{ in_dirty_days(day) }}
    group by {{ day }}, failed_check

    union all
    {%- endfor %}

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
        resource_kind || '_held_above_node' as check_name,
        count(*) as failed_rows,
        false as is_left_out
    from {{ ref('int_workload_resource_hours') }}
    where is_over_capacity and {{ in_dirty_days('usage_date') }}
    group by workload_kind, usage_date, resource_kind

)

select
    usage_date,
    source,
    check_name,
    is_left_out,
    cast(failed_rows as bigint) as failed_rows
from checks
