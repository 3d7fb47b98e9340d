{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_allocation'}}}) }}
-- Money without a team is in the remainder under a reason, and only that is. Purchases, tax, credits and unused commitment reach a
-- buyer, never a request, run or customer.
select
    allocation_step as scope,
    usage_state,
    charge_category,
    count(*) as number_of_rows,
    sum(abs(effective_cost)) as dollars
from {{ ref('fct_cost_allocation') }}
where
    {{ replaced_days('usage_date') }}
    and (
        (team_id is null) <> (allocation_step = 'remainder')
        and usage_state <> 'rounding'
        or (remainder_reason is null) <> (allocation_step <> 'remainder')
        or (charge_category <> 'Usage' or usage_state = 'unused_commitment')
        and coalesce(allocation_group_id, training_run_id, customer_id) is not null
    )
group by allocation_step, usage_state, charge_category
