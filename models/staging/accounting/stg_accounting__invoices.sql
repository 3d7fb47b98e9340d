select
    _feed as feed,
    invoice_issuer_name,
    invoice_id,
    billing_account_id,
    billing_period_start,
    billing_period_end,
    upper(currency) as currency,
    {{ vendor_amount('subtotal') }} as subtotal,
    {{ vendor_amount('discount') }} as discount,
    {{ vendor_amount('credit') }} as credit,
    {{ vendor_amount('tax') }} as tax,
    {{ vendor_amount('total') }} as total,
    issued_at,
    paid_at
from {{ source('accounting', 'invoices') }}
