-- Billing months that are closed, and since when: the first invoice of the last issuer. A memo that comes later does not move the close.
with invoiced as (

    select
        invoice_issuer_name,
        billing_account_id,
        cast(date_trunc('month', billing_period_start) as date) as billing_month,
        min(coalesce(issued_at, cast(billing_period_end as timestamp))) as invoiced_at
    from {{ ref('int_invoices') }}
    group by invoice_issuer_name, billing_account_id, cast(date_trunc('month', billing_period_start) as date)

)

select
    invoiced.billing_month,
    max(invoiced.invoiced_at) as closed_at
from invoiced
inner join {{ ref('month_close') }} as months on invoiced.billing_month = months.billing_month
where months.close_status = 'closed'
group by invoiced.billing_month
