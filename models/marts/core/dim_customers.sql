select
    {{ hash_key(['customer_id', 'valid_from']) }} as customer_key,
    customer_id,
    name,
    plan,
    segment,
    valid_from,
    valid_to,
    valid_to = date '9999-12-31' as is_current
from {{ ref('int_customers') }}
