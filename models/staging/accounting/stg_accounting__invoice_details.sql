-- Voided invoices and those that are not issued yet are no invoices.
select
    invoice_issuer_name,
    invoice_id,
    invoice_detail_id,
    billing_account_id,
    cast(billing_period_start as date) as billing_period_start,
    cast(billing_period_end as date) as billing_period_end,
    upper(billing_currency) as currency,
    charge_category,
    {{ vendor_amount('billed_cost') }} as billed_cost,
    invoice_issue_date as issued_at
from {{ source('accounting', 'invoice_details') }}
where invoice_issue_status = 'Issued'
