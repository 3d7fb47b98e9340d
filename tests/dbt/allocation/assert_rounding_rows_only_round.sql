{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_allocation'}}}) }}
-- A rounding row holds what the twelfth place leaves over. Were money lost in a step, conservation would still hold, with the loss
-- in this row: so it may be no more than a millionth of its charge's currency unit, and no charge has two of a step and day.
select
    charge_id,
    allocation_step as scope,
    usage_date,
    sum(abs(effective_cost) + abs(billed_cost)) as dollars
from {{ ref('fct_cost_allocation') }}
where usage_state = 'rounding' and {{ replaced_days('usage_date') }}
group by charge_id, allocation_step, usage_date
having sum(abs(effective_cost) + abs(billed_cost)) > 0.000001 or count(*) > 1
