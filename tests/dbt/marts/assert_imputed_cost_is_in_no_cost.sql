{{ config(meta={'dagster': {'ref': {'name': 'ai_tools_daily'}}}) }}
-- T24. What a subscription's use would have cost is in no cost: such requests cost 0 at list and contract price and put nothing into the
-- ledger; what the mart calls billed is the ledger's cost of AI tools, per day, status and currency, to the last place.
with subscribed as (
    select usage_date, allocation_group_id, sum(abs(coalesce(list_cost, 1))) + sum(abs(coalesce(contracted_cost, 1))) as cost
    from {{ ref('fct_inference_requests') }}
    where service_tier = 'subscription' and pricing_status <> 'not_billable' and {{ replaced_days('usage_date') }}
    group by usage_date, allocation_group_id
),

in_ledger as (
    select ledger.usage_date, sum(abs(ledger.effective_cost)) as cost
    from {{ ref('fct_cost_allocation') }} as ledger
    inner join subscribed on ledger.usage_date = subscribed.usage_date and ledger.allocation_group_id = subscribed.allocation_group_id
    group by ledger.usage_date
),

mart as (
    select usage_date, cost_status, billing_currency, sum(billed_cost) as cost
    from {{ ref('ai_tools_daily') }}
    where cost_basis = 'billed' and {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency
),

ledger as (
    select usage_date, cost_status, billing_currency, sum(effective_cost) as cost
    from {{ ref('fct_cost_allocation') }}
    where ai_scope = 'ai_tools' and {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency
)

select usage_date, 'priced' as finding, cost as dollars from subscribed
where cost <> 0
union all
select usage_date, 'in the ledger', cost from in_ledger
where cost <> 0
union all
select coalesce(mart.usage_date, ledger.usage_date), 'mart is not the ledger', abs(coalesce(mart.cost, 0) - coalesce(ledger.cost, 0))
from mart
full outer join ledger
    on mart.usage_date = ledger.usage_date and mart.cost_status = ledger.cost_status and mart.billing_currency = ledger.billing_currency
where mart.cost is distinct from ledger.cost
