select
    customer_id,
    product,
    revenue_month,
    {{ vendor_amount('amount') }} as amount,
    upper(currency) as currency,
    revenue_type
from {{ source('accounting', 'revenue') }}
