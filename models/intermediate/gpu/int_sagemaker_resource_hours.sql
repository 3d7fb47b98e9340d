-- What the instances of a SageMaker job gave it, hour by hour, under the job's ARN: the resource that its bill names. AWS runs them, so
-- there is no other holder and no telemetry. An attempt holds all its instances for its wall time.
with attempts as (

    select
        attempts.training_job_arn,
        attempts.training_job_arn || '|' || cast(attempts.attempt_no as {{ dbt.type_string() }}) as attempt_id,
        jobs.training_job_name,
        jobs.instance_type,
        attempts.started_at,
        attempts.held_until,
        jobs.instance_count * coalesce(specs.gpu_count, 0) as gpu_count,
        jobs.instance_count * coalesce(specs.vcpu_count, 1) as core_count,
        jobs.instance_count * coalesce(specs.memory_gib, 0) as memory_gib
    from {{ ref('stg_sagemaker__attempts') }} as attempts
    inner join {{ ref('stg_sagemaker__training_jobs') }} as jobs on attempts.training_job_arn = jobs.training_job_arn
    left join {{ ref('instance_specs') }} as specs on jobs.instance_type = specs.instance_type
    where attempts.held_until > attempts.started_at

),

hours as (

    {{ hour_spine(
        "(select date_trunc('hour', min(started_at)) from attempts)", '(select max(held_until) from attempts)'
    ) }}

),

held as (

    select
        attempts.*,
        hours.usage_hour,
        {{ seconds_in_hour('attempts.started_at', 'attempts.held_until', 'hours.usage_hour') }} as held_seconds
    from attempts
    inner join hours
        on attempts.started_at < hours.usage_hour + interval 1 hour and attempts.held_until > hours.usage_hour

),

kinds as (

    {%- for kind, column in [('gpu', 'gpu_count'), ('cpu', 'core_count'), ('memory', 'memory_gib')] %}
    select
        usage_hour,
        training_job_arn,
        training_job_name,
        instance_type,
        attempt_id,
        '{{ kind }}' as resource_kind,
        {{ floor_quantity('held_seconds / 3600.0 * ' ~ column) }} as claimed_quantity
    from held
    where held_seconds > 0 and {{ column }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    cast(usage_hour as date) as usage_date,
    usage_hour,
    attempt_id,
    training_job_name as node_name,
    training_job_arn as resource_id,
    instance_type,
    resource_kind,
    claimed_quantity
from kinds
