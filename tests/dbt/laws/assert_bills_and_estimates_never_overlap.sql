{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_allocation'}}}) }}
-- Law 10. A provider's day is either estimated or billed. A failure is use that is counted twice.
select
    usage_date,
    provider_id as scope,
    sum(case when cost_status = 'estimated' then effective_cost else 0 end) as dollars
from {{ ref('fct_cost_allocation') }}
where
    provider_id not in ('self_hosted', 'own')
    and usage_state not in ('rounding')
    and allocation_group_id is not null
    and {{ replaced_days('usage_date') }}
group by usage_date, provider_id
having
    count(case when cost_status = 'estimated' then 1 end) > 0
    and count(case when cost_status <> 'estimated' then 1 end) > 0
