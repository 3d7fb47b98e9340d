-- Pitfall G9: productive and unused parts add up to what was held, so neither can be negative. Only an impossible claim holds nothing (G8).
{{ config(meta={'dagster': {'ref': {'name': 'int_workload_resource_hours'}}}) }}

select * from {{ ref('int_workload_resource_hours') }}
where {{ replaced_days('usage_date') }}
    and not (
        (held_quantity > 0) = (failed_check is null)
        and held_quantity >= 0
        and held_quantity <= claimed_quantity
        and coalesce(productive_quantity, 0) between 0 and held_quantity
    )
