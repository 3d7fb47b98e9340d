{{ config(meta={'dagster': {'ref': {'name': 'int_node_shares_hourly'}}}) }}
-- Law 3. Productive, held but unused, unknown, stranded and free parts of a resource-hour are its capacity, no more and no less.
with parts as (
    select usage_hour, resource_id, resource_kind, sum(quantity) as quantity, min(quantity) as smallest
    from {{ ref('int_node_shares_hourly') }}
    group by usage_hour, resource_id, resource_kind
)

select parts.usage_hour, parts.resource_id as scope, parts.resource_kind, parts.quantity, capacity.capacity_quantity
from parts
inner join {{ ref('int_node_capacity_hours') }} as capacity
    on
        parts.usage_hour = capacity.usage_hour
        and parts.resource_id = capacity.resource_id
        and parts.resource_kind = capacity.resource_kind
where parts.quantity is distinct from capacity.capacity_quantity or parts.smallest < 0
