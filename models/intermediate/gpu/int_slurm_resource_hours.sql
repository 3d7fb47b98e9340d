{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}
{#- A job holds all its nodes for its wall time, stragglers included. What sacct gives for all nodes is even over them. Slurm knows hosts;
    the bill's name of a host is declared, or the host's own. -#}

with job_nodes as (

    select
        jobs.job_record_id,
        jobs.job_id,
        nodes.node_name,
        jobs.started_at,
        jobs.held_until,
        jobs.gpu_count,
        jobs.core_count,
        jobs.memory_gib,
        count(*) over (partition by jobs.job_record_id) as nodes_of_job
    from {{ ref('stg_slurm__jobs') }} as jobs
    inner join {{ ref('stg_slurm__job_nodes') }} as nodes on jobs.job_record_id = nodes.job_record_id
    where jobs.held_until > jobs.started_at
        and jobs.failed_check is null
        and {{ overlaps_dirty_days('cast(jobs.started_at as date)', 'cast(jobs.held_until as date)') }}

),

hours as (

    select
        usage_hour,
        cast(usage_hour as date) as usage_date
    from (
        {{ hour_spine(
            "(select date_trunc('hour', min(started_at)) from job_nodes)", '(select max(held_until) from job_nodes)'
        ) }}
    ) as spine
    where {{ in_dirty_days('cast(usage_hour as date)') }}

),

node_hours as (

    select
        hours.usage_date,
        hours.usage_hour,
        job_nodes.*,
        coalesce(hosts.resource_id, job_nodes.node_name) as resource_id,
        {{ seconds_in_hour('job_nodes.started_at', 'job_nodes.held_until', 'hours.usage_hour') }} as held_seconds
    from job_nodes
    inner join hours
        on job_nodes.started_at < hours.usage_hour + interval 1 hour and job_nodes.held_until > hours.usage_hour
    left join {{ ref('stg_reference__machines') }} as hosts
        on
            {{ short_host('job_nodes.node_name') }} = hosts.host
            and hours.usage_date >= hosts.valid_from
            and hours.usage_date < hosts.valid_to

),

kinds as (

    {%- for kind, column in [('gpu', 'gpu_count'), ('cpu', 'core_count'), ('memory', 'memory_gib')] %}
    select
        usage_date,
        usage_hour,
        job_record_id,
        job_id,
        node_name,
        resource_id,
        '{{ kind }}' as resource_kind,
        {{ floor_quantity('held_seconds / 3600.0 * ' ~ column ~ ' / nodes_of_job') }} as claimed_quantity
    from node_hours
    where held_seconds > 0 and {{ column }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    usage_date,
    usage_hour,
    job_record_id,
    job_id,
    node_name,
    resource_id,
    resource_kind,
    claimed_quantity
from kinds
