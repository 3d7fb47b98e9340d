-- Law 3, pitfalls G3 and G8: what workloads hold of a node, with what its slices strand, is never more than the node has, and
-- nobody holds a node that has no capacity. What is left over was free. A row here means that cost would be shared out twice.
{{ config(meta={'dagster': {'ref': {'name': 'int_workload_resource_hours'}}}) }}

with held as (

    select
        usage_date,
        usage_hour,
        resource_id,
        resource_kind,
        sum(held_quantity) as held_quantity
    from {{ ref('int_workload_resource_hours') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date, usage_hour, resource_id, resource_kind

)

select
    held.*,
    capacity.capacity_quantity,
    capacity.stranded_quantity
from held
left join {{ ref('int_node_capacity_hours') }} as capacity
    on
        held.usage_hour = capacity.usage_hour
        and held.resource_id = capacity.resource_id
        and held.resource_kind = capacity.resource_kind
where
    capacity.capacity_quantity is null
    or held.held_quantity + capacity.stranded_quantity > capacity.capacity_quantity
