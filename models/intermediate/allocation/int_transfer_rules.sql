-- Law 4. The declared rules that pass a cost on from its first owner; the lowest priority wins where two name the same state of capacity.
select
    rule_id,
    priority,
    match_value as usage_state,
    coalesce(driver, 'effective_cost') as driver,
    valid_from,
    valid_to
from {{ ref('stg_reference__allocation_rules') }}
where match_field = 'usage_state'
