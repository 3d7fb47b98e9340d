select
    invoice_issuer_name,
    billing_account_id,
    billing_month,
    upper(currency) as currency,
    reason,
    {{ vendor_amount('amount') }} as amount,
    note
from {{ source('accounting', 'invoice_explanations') }}
