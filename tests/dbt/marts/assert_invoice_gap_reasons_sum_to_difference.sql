{{ config(meta={'dagster': {'ref': {'name': 'invoice_gap_reasons'}}}) }}
-- The reasons of a difference leave nothing over, and what has no difference has no reason.
with reasons as (
    select invoice_issuer_name, billing_account_id, billing_month, billing_currency, sum(cost) as cost
    from {{ ref('invoice_gap_reasons') }}
    group by invoice_issuer_name, billing_account_id, billing_month, billing_currency
)

select
    coalesce(invoices.invoice_issuer_name, reasons.invoice_issuer_name) as scope,
    coalesce(invoices.billing_month, reasons.billing_month) as billing_month,
    coalesce(invoices.difference, 0) - coalesce(reasons.cost, 0) as dollars
from {{ ref('invoice_reconciliation') }} as invoices
full outer join reasons
    on
        invoices.invoice_issuer_name = reasons.invoice_issuer_name
        and invoices.billing_account_id = reasons.billing_account_id
        and invoices.billing_month = reasons.billing_month
        and invoices.billing_currency = reasons.billing_currency
where coalesce(invoices.difference, 0) <> coalesce(reasons.cost, 0)
