-- Whether each issuer's bill is what it invoiced. The reasons of a difference are rows of invoice_gap_reasons.
with gaps as (

    select * from {{ ref('int_invoice_gaps') }}

),

reasons as (

    select
        invoice_issuer_name,
        billing_account_id,
        billing_month,
        billing_currency,
        {{ listed('reason') }} as explanation
    from {{ ref('invoice_gap_reasons') }}
    where reason not in ('rounding', 'unexplained')
    group by invoice_issuer_name, billing_account_id, billing_month, billing_currency

),

periods as (

    select * from {{ ref('int_billing_periods') }}

)

select
    gaps.invoice_issuer_name,
    gaps.billing_account_id,
    gaps.billing_month,
    gaps.billing_currency,
    case
        when periods.billing_period_status = 'Closed' then 'billed_closed'
        when periods.billing_period_status = 'Open' or gaps.invoice_total is null then 'billed_open'
        else 'billed_closed'
    end as cost_status,
    gaps.invoices,
    gaps.first_invoice_id,
    gaps.issued_at,
    gaps.paid_at,
    gaps.bill_lines,
    cast(gaps.invoice_subtotal as decimal(38, 12)) as invoice_subtotal,
    cast(gaps.invoice_discount as decimal(38, 12)) as invoice_discount,
    cast(gaps.invoice_credit as decimal(38, 12)) as invoice_credit,
    cast(gaps.invoice_tax as decimal(38, 12)) as invoice_tax,
    cast(gaps.invoice_total as decimal(38, 12)) as invoice_total,
    cast(gaps.stated_total as decimal(38, 12)) as stated_total,
    cast(gaps.paid_total as decimal(38, 12)) as paid_total,
    cast(gaps.billed_cost as decimal(38, 12)) as billed_cost,
    cast(gaps.billed_tax as decimal(38, 12)) as billed_tax,
    cast(gaps.billed_credit as decimal(38, 12)) as billed_credit,
    cast(gaps.billed_corrections as decimal(38, 12)) as billed_corrections,
    cast(gaps.difference as decimal(38, 12)) as difference,
    gaps.tolerance,
    gaps.reconciliation_status,
    reasons.explanation
from gaps
left join reasons
    on
        gaps.invoice_issuer_name = reasons.invoice_issuer_name
        and gaps.billing_account_id = reasons.billing_account_id
        and gaps.billing_month = reasons.billing_month
        and gaps.billing_currency = reasons.billing_currency
left join periods
    on gaps.invoice_issuer_name = periods.invoice_issuer_name and gaps.billing_month = periods.billing_period_start
