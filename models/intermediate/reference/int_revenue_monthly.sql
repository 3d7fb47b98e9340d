-- Revenue of a customer in a month, each currency by itself.
select
    customer_id,
    cast(date_trunc('month', revenue_month) as date) as usage_month,
    currency,
    sum(amount) as revenue
from {{ ref('stg_accounting__revenue') }}
group by customer_id, cast(date_trunc('month', revenue_month) as date), currency
