-- Each day of the bill against the ledger's rows of the same charges, wherever those rows were placed. Rebuilt whole: a charge of a
-- month belongs to its first day, whichever of its days a run replaces.
with bills as (

    select
        x_ChargeDate as charge_date,
        coalesce(InvoiceIssuerName, 'unknown') as invoice_issuer_name,
        BillingCurrency as billing_currency,
        count(*) as charges,
        sum(BilledCost) as billed_cost,
        sum(EffectiveCost) as effective_cost
    from {{ ref('cost_and_usage') }}
    group by x_ChargeDate, coalesce(InvoiceIssuerName, 'unknown'), BillingCurrency

),

ledger as (

    select
        cast(charge_period_start as date) as charge_date,
        coalesce(invoice_issuer_name, 'unknown') as invoice_issuer_name,
        billing_currency,
        count(*) as ledger_rows,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(case when allocation_step = 'remainder' then effective_cost else 0 end) as unallocated_cost,
        sum(case when allocation_step = 'remainder' and ai_scope <> 'not_ai' then effective_cost else 0 end)
            as unallocated_ai_cost,
        sum(case when ai_scope <> 'not_ai' then effective_cost else 0 end) as ai_cost,
        sum(case when usage_state = 'unmetered' or remainder_reason = 'unmetered_without_owner' then effective_cost else 0 end)
            as unmetered_cost,
        sum(case when provider_id is not null and provider_id not in ('self_hosted', 'own') then effective_cost else 0 end)
            as model_api_cost,
        sum(case when usage_state = 'rounding' then abs(effective_cost) else 0 end) as rounding_cost
    from {{ ref('fct_cost_allocation') }}
    where cost_status <> 'estimated'
    group by cast(charge_period_start as date), coalesce(invoice_issuer_name, 'unknown'), billing_currency

)

select
    coalesce(bills.charge_date, ledger.charge_date) as charge_date,
    coalesce(bills.invoice_issuer_name, ledger.invoice_issuer_name) as invoice_issuer_name,
    coalesce(bills.billing_currency, ledger.billing_currency) as billing_currency,
    cast(coalesce(bills.charges, 0) as bigint) as charges,
    cast(coalesce(ledger.ledger_rows, 0) as bigint) as ledger_rows,
    cast(coalesce(bills.billed_cost, 0) as decimal(38, 12)) as bill_billed_cost,
    cast(coalesce(ledger.billed_cost, 0) as decimal(38, 12)) as ledger_billed_cost,
    cast(coalesce(ledger.billed_cost, 0) - coalesce(bills.billed_cost, 0) as decimal(38, 12)) as billed_difference,
    cast(coalesce(bills.effective_cost, 0) as decimal(38, 12)) as bill_effective_cost,
    cast(coalesce(ledger.effective_cost, 0) as decimal(38, 12)) as ledger_effective_cost,
    cast(coalesce(ledger.effective_cost, 0) - coalesce(bills.effective_cost, 0) as decimal(38, 12)) as effective_difference,
    cast(coalesce(ledger.unallocated_cost, 0) as decimal(38, 12)) as unallocated_cost,
    cast(coalesce(ledger.unallocated_ai_cost, 0) as decimal(38, 12)) as unallocated_ai_cost,
    cast(coalesce(ledger.ai_cost, 0) as decimal(38, 12)) as ai_cost,
    cast(coalesce(ledger.unmetered_cost, 0) as decimal(38, 12)) as unmetered_cost,
    cast(coalesce(ledger.model_api_cost, 0) as decimal(38, 12)) as model_api_cost,
    cast(coalesce(ledger.rounding_cost, 0) as decimal(38, 12)) as rounding_cost,
    cast(cast(ledger.unallocated_ai_cost as double) / nullif(cast(ledger.ai_cost as double), 0) as decimal(18, 9))
        as unallocated_share,
    cast(cast(ledger.unmetered_cost as double) / nullif(cast(ledger.model_api_cost as double), 0) as decimal(18, 9))
        as unmetered_share
from bills
full outer join ledger
    on
        bills.charge_date = ledger.charge_date
        and bills.invoice_issuer_name = ledger.invoice_issuer_name
        and bills.billing_currency = ledger.billing_currency
