{{ config(meta={'dagster': {'ref': {'name': 'bill_vs_usage_daily'}}}) }}
-- Both sides of the comparison are complete: the bill's is the ledger's model API cost, the meters' is their use at contract price, to the
-- last place. What is called rounding is no more than that.
with compared as (
    select usage_date, billing_currency, sum(bill_cost) as bill_cost, sum(used_cost) as used_cost, sum(abs(rounding_cost)) as rounding
    from {{ ref('bill_vs_usage_daily') }}
    where ai_scope = 'model_api' and {{ replaced_days('usage_date') }}
    group by usage_date, billing_currency
),

ledger as (
    select usage_date, billing_currency, sum(effective_cost) as bill_cost
    from {{ ref('fct_cost_allocation') }}
    where ai_scope = 'model_api' and cost_status <> 'estimated' and {{ replaced_days('usage_date') }}
    group by usage_date, billing_currency
),

metered as (
    select usage_date, coalesce(cost_currency, 'XXX') as billing_currency, sum(contracted_cost) as used_cost
    from {{ ref('int_token_groups_hourly') }}
    where provider_id <> 'self_hosted' and coalesce(service_tier, '') not in ({{ prepaid_tiers() }}) and {{ replaced_days('usage_date') }}
    group by usage_date, coalesce(cost_currency, 'XXX')
)

select
    coalesce(compared.usage_date, ledger.usage_date, metered.usage_date) as usage_date,
    coalesce(compared.billing_currency, ledger.billing_currency, metered.billing_currency) as scope,
    abs(coalesce(compared.bill_cost, 0) - coalesce(ledger.bill_cost, 0)) + abs(coalesce(compared.used_cost, 0) - coalesce(metered.used_cost, 0))
    + coalesce(compared.rounding, 0) as dollars
from compared
full outer join ledger
    on compared.usage_date = ledger.usage_date and compared.billing_currency = ledger.billing_currency
full outer join metered
    on
        coalesce(compared.usage_date, ledger.usage_date) = metered.usage_date
        and coalesce(compared.billing_currency, ledger.billing_currency) = metered.billing_currency
where coalesce(compared.bill_cost, 0) <> coalesce(ledger.bill_cost, 0)
    or coalesce(compared.used_cost, 0) <> coalesce(metered.used_cost, 0)
    or compared.rounding > 0.000001
