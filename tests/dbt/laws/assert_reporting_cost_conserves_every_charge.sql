{{ config(meta={'dagster': {'ref': {'name': 'cost_allocation_reporting'}}}) }}
-- B12. In the reporting currency, too, the pieces of a charge's day and their rounding row are the whole: the converted cost, exactly, in
-- both costs; nothing is converted where there is no rate, and nothing is lost or doubled on the way.
with rates as (
    select from_currency, rate_date, max(rate) as rate
    from {{ ref('dim_currency_rates') }}
    where is_reporting_rate
    group by from_currency, rate_date
),

ledger as (
    select
        charge_id, usage_date, cost_status,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        min(billing_currency) as billing_currency
    from {{ ref('fct_cost_allocation') }}
    where {{ replaced_days('usage_date') }}
    group by charge_id, usage_date, cost_status
),

whole as (
    select
        ledger.*,
        {{ reporting_cost('ledger.billed_cost', 'rates.rate') }} as billed_reporting_cost,
        {{ reporting_cost('ledger.effective_cost', 'rates.rate') }} as effective_reporting_cost
    from ledger
    left join rates on ledger.billing_currency = rates.from_currency and ledger.usage_date = rates.rate_date
),

pieces as (
    select
        charge_id, usage_date, cost_status,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(billed_reporting_cost) as billed_reporting_cost,
        sum(effective_reporting_cost) as effective_reporting_cost,
        count(case when is_currency_rounding then 1 end) as roundings
    from {{ ref('cost_allocation_reporting') }}
    where {{ replaced_days('usage_date') }}
    group by charge_id, usage_date, cost_status
)

select
    coalesce(whole.charge_id, pieces.charge_id) as charge_id,
    cast(coalesce(whole.usage_date, pieces.usage_date) as varchar) as scope,
    whole.billing_currency,
    greatest(
        abs(coalesce(whole.effective_reporting_cost, 0) - coalesce(pieces.effective_reporting_cost, 0)),
        abs(coalesce(whole.billed_reporting_cost, 0) - coalesce(pieces.billed_reporting_cost, 0))
    ) as dollars
from whole
full outer join pieces
    on
        whole.charge_id = pieces.charge_id
        and whole.usage_date = pieces.usage_date
        and whole.cost_status = pieces.cost_status
where
    whole.billed_cost is distinct from pieces.billed_cost
    or whole.effective_cost is distinct from pieces.effective_cost
    or whole.billed_reporting_cost is distinct from pieces.billed_reporting_cost
    or whole.effective_reporting_cost is distinct from pieces.effective_reporting_cost
    or pieces.roundings > 1
