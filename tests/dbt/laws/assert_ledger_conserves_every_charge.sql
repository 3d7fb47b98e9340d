{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_allocation'}}}) }}
-- Law 1. The ledger's rows of a charge add up to its BilledCost and its EffectiveCost, exactly, and no row lacks its charge.
-- Judged for every charge that has a row or its first day on a rebuilt day, over all its days.
with touched as (
    select x_ChargeId as charge_id from {{ ref('cost_and_usage') }}
    where {{ replaced_days('x_ChargeDate') }}
    union
    select charge_id from {{ ref('fct_cost_allocation') }}
    where cost_status <> 'estimated' and {{ replaced_days('usage_date') }}
),

charges as (
    select
        x_ChargeId as charge_id,
        min(InvoiceIssuerName) as scope,
        count(*) as charge_rows,
        sum(BilledCost) as billed_cost,
        sum(EffectiveCost) as effective_cost,
        min(BillingCurrency) as billing_currency
    from {{ ref('cost_and_usage') }}
    where x_ChargeId in (select touched.charge_id from touched)
    group by x_ChargeId
),

ledger as (
    select
        charge_id,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        min(billing_currency) as billing_currency,
        max(billing_currency) as last_billing_currency
    from {{ ref('fct_cost_allocation') }}
    where cost_status <> 'estimated' and charge_id in (select touched.charge_id from touched)
    group by charge_id
)

select
    coalesce(charges.charge_id, ledger.charge_id) as charge_id,
    charges.scope,
    charges.billed_cost as charge_billed_cost,
    ledger.billed_cost as ledger_billed_cost,
    charges.effective_cost as charge_effective_cost,
    ledger.effective_cost as ledger_effective_cost,
    greatest(
        abs(coalesce(charges.effective_cost, 0) - coalesce(ledger.effective_cost, 0)),
        abs(coalesce(charges.billed_cost, 0) - coalesce(ledger.billed_cost, 0))
    ) as dollars
from charges
full outer join ledger on charges.charge_id = ledger.charge_id
where
    charges.billed_cost is distinct from ledger.billed_cost
    or charges.effective_cost is distinct from ledger.effective_cost
    or charges.billing_currency is distinct from ledger.billing_currency
    or ledger.billing_currency is distinct from ledger.last_billing_currency
    or charges.charge_rows is distinct from 1
