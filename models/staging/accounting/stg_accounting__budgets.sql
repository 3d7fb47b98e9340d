select
    scope_type,
    scope_id,
    period_start,
    period_end,
    {{ vendor_amount('amount') }} as amount,
    upper(currency) as currency,
    alert_pct
from {{ source('accounting', 'budgets') }}
