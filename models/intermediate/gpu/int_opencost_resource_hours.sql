-- OpenCost's hours as weights, evenly over the time that an allocation ran. Only hours are taken; what they cost is for the bill to say.
with allocations as (

    select * from {{ ref('stg_opencost__allocations') }}
    where failed_check is null and pod_name is not null

),

hours as (

    select usage_hour
    from (
        {{ hour_spine(
            "(select date_trunc('hour', min(started_at)) from allocations)", '(select max(ended_at) from allocations)'
        ) }}
    ) as spine

),

allocation_hours as (

    select
        allocations.*,
        hours.usage_hour,
        {{ seconds_in_hour('allocations.started_at', 'allocations.ended_at', 'hours.usage_hour') }} as held_seconds,
        {{ seconds_between('allocations.started_at', 'allocations.ended_at') }} as seconds_of_allocation
    from allocations
    inner join hours
        on allocations.started_at < hours.usage_hour + interval 1 hour and allocations.ended_at > hours.usage_hour

),

kinds as (

    {%- for kind, column in [('gpu', 'gpu_hours'), ('cpu', 'core_hours'), ('memory', 'gib_hours')] %}
    select
        *,
        '{{ kind }}' as resource_kind,
        {{ floor_quantity(column ~ ' * held_seconds / seconds_of_allocation') }} as claimed_quantity
    from allocation_hours
    where held_seconds > 0 and {{ column }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    cast(usage_hour as date) as usage_date,
    usage_hour,
    namespace || '/' || pod_name as workload_id,
    namespace,
    pod_name,
    max(node_name) as node_name,
    resource_id,
    resource_kind,
    sum(claimed_quantity) as claimed_quantity,
    -- containers of a pod share its accelerators
    max(activity_ratio) as activity_ratio,
    {%- for label in ['team', 'app', 'model', 'environment', 'mlflow_run_id', 'workload_type'] %}
    max(label_{{ label }}) as label_{{ label }}{{ ',' if not loop.last }}
    {%- endfor %}
from kinds
group by cast(usage_hour as date), usage_hour, namespace, pod_name, resource_id, resource_kind
