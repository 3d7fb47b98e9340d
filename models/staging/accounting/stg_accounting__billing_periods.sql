select
    invoice_issuer_name,
    cast(billing_period_start as date) as billing_period_start,
    cast(billing_period_end as date) as billing_period_end,
    billing_period_status,
    billing_period_last_updated
from {{ source('accounting', 'billing_periods') }}
