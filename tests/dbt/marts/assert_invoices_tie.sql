{{ config(meta={'dagster': {'ref': {'name': 'invoice_reconciliation'}}}, severity='warn') }}
-- An invoice that differs from its bill for no known reason. It informs: the books may be ahead of the export or behind it.
select
    invoice_issuer_name as scope,
    billing_account_id,
    billing_month,
    billing_currency,
    difference as dollars
from {{ ref('invoice_reconciliation') }}
where reconciliation_status = 'unexplained'
