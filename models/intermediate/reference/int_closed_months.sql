-- Billing months that are closed, and when they were: once the last of their issuers had invoiced. What may not change after a close
-- asks here and nowhere else.
with marks as (

    select source, max(lag_days) as lag_days
    from {{ ref('stg_pipeline__bill_marks') }}
    group by source

),

billed as (

    select
        charges.InvoiceIssuerName as invoice_issuer_name,
        cast(date_trunc('month', charges.BillingPeriodStart) as date) as billing_month,
        -- Without the books' invoices, lines that all name one are final when their source has stopped adding.
        case
            when count(*) = count(charges.InvoiceId)
                then cast(max(cast(charges.BillingPeriodEnd as date) + coalesce(marks.lag_days, 0)) as timestamp)
        end as settled_at
    from {{ ref('cost_and_usage') }} as charges
    left join marks on charges.x_Source = marks.source
    group by charges.InvoiceIssuerName, cast(date_trunc('month', charges.BillingPeriodStart) as date)

),

invoiced as (

    select
        invoice_issuer_name,
        cast(date_trunc('month', billing_period_start) as date) as billing_month,
        min(coalesce(issued_at, cast(billing_period_end as timestamp))) as invoiced_at
    from {{ ref('int_invoices') }}
    group by invoice_issuer_name, cast(date_trunc('month', billing_period_start) as date)

),

issuers as (

    select
        billed.billing_month,
        coalesce(invoiced.invoiced_at, billed.settled_at) as closed_at
    from billed
    left join invoiced
        on billed.invoice_issuer_name = invoiced.invoice_issuer_name and billed.billing_month = invoiced.billing_month

)

select
    billing_month,
    max(closed_at) as closed_at
from issuers
group by billing_month
having count(*) = count(closed_at) and max(closed_at) <= {{ as_of() }}
