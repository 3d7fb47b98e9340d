-- What people say of differences, one row a reason.
select
    invoice_issuer_name,
    billing_account_id,
    cast(date_trunc('month', billing_month) as date) as billing_month,
    currency as billing_currency,
    reason,
    sum(amount) as amount,
    min(note) as note
from {{ ref('stg_accounting__invoice_explanations') }}
group by invoice_issuer_name, billing_account_id, cast(date_trunc('month', billing_month) as date), currency, reason
