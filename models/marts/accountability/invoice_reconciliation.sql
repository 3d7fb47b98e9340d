-- The books' invoice against the sum of the bill's lines. Compared by period, because corrections of a closed period come under
-- an invoice of their own and because lines of an open period carry no invoice yet.
with invoices as (

    select
        invoice_issuer_name,
        billing_account_id,
        cast(date_trunc('month', billing_period_start) as date) as billing_month,
        currency as billing_currency,
        cast(count(*) as bigint) as invoices,
        min(invoice_id) as first_invoice_id,
        sum(total) as invoice_total,
        sum(credit) as invoice_credit,
        sum(tax) as invoice_tax,
        max(issued_at) as issued_at
    from {{ ref('int_invoices') }}
    group by
        invoice_issuer_name, billing_account_id, cast(date_trunc('month', billing_period_start) as date), currency

),

bills as (

    select
        InvoiceIssuerName as invoice_issuer_name,
        BillingAccountId as billing_account_id,
        cast(date_trunc('month', BillingPeriodStart) as date) as billing_month,
        BillingCurrency as billing_currency,
        cast(count(*) as bigint) as bill_lines,
        sum(BilledCost) as billed_cost,
        sum(case when ChargeCategory = 'Tax' then BilledCost else 0 end) as billed_tax,
        sum(case when ChargeCategory = 'Credit' then BilledCost else 0 end) as billed_credit,
        sum(case when ChargeClass = 'Correction' then BilledCost else 0 end) as billed_corrections
    from {{ ref('cost_and_usage') }}
    group by
        InvoiceIssuerName, BillingAccountId, cast(date_trunc('month', BillingPeriodStart) as date), BillingCurrency

),

joined as (

    select
        coalesce(bills.invoice_issuer_name, invoices.invoice_issuer_name) as invoice_issuer_name,
        coalesce(bills.billing_account_id, invoices.billing_account_id) as billing_account_id,
        coalesce(bills.billing_month, invoices.billing_month) as billing_month,
        coalesce(bills.billing_currency, invoices.billing_currency) as billing_currency,
        coalesce(invoices.invoices, 0) as invoices,
        invoices.first_invoice_id,
        invoices.issued_at,
        invoices.invoice_total,
        invoices.invoice_tax,
        invoices.invoice_credit,
        coalesce(bills.bill_lines, 0) as bill_lines,
        coalesce(bills.billed_cost, 0) as billed_cost,
        coalesce(bills.billed_tax, 0) as billed_tax,
        coalesce(bills.billed_credit, 0) as billed_credit,
        coalesce(bills.billed_corrections, 0) as billed_corrections,
        coalesce(bills.billed_cost, 0) - invoices.invoice_total as difference,
        -- FOCUS 1.4, appendix on rounding variance: the larger of 100 subunits and half a subunit a root of lines.
        cast(
            greatest(100, 0.5 * sqrt(cast(coalesce(bills.bill_lines, 0) as double)))
            * case when coalesce(bills.billing_currency, invoices.billing_currency) in ('JPY', 'KRW', 'VND', 'CLP') then 1 else 0.01 end
            as decimal(38, 12)
        ) as tolerance
    from bills
    full outer join invoices
        on
            bills.invoice_issuer_name = invoices.invoice_issuer_name
            and bills.billing_account_id = invoices.billing_account_id
            and bills.billing_month = invoices.billing_month
            and bills.billing_currency = invoices.billing_currency

),

explained as (

    select
        *,
        case
            when invoice_total is null or abs(difference) <= tolerance then null
            when abs(difference - (billed_tax - coalesce(invoice_tax, 0))) <= tolerance then 'tax'
            when abs(difference - (billed_credit - coalesce(invoice_credit, 0))) <= tolerance then 'credits'
            when billed_corrections <> 0 and abs(difference - billed_corrections) <= tolerance then 'corrections_after_issue'
        end as explanation
    from joined

)

select
    invoice_issuer_name,
    billing_account_id,
    billing_month,
    billing_currency,
    case when invoice_total is null then 'billed_open' else 'billed_closed' end as cost_status,
    invoices,
    first_invoice_id,
    issued_at,
    bill_lines,
    cast(invoice_total as decimal(38, 12)) as invoice_total,
    cast(invoice_tax as decimal(38, 12)) as invoice_tax,
    cast(invoice_credit as decimal(38, 12)) as invoice_credit,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    cast(billed_tax as decimal(38, 12)) as billed_tax,
    cast(billed_credit as decimal(38, 12)) as billed_credit,
    cast(billed_corrections as decimal(38, 12)) as billed_corrections,
    cast(difference as decimal(38, 12)) as difference,
    tolerance,
    case
        when invoice_total is null then 'no_invoice'
        when abs(difference) <= tolerance then 'tied'
        when explanation is not null then 'explained'
        else 'unexplained'
    end as reconciliation_status,
    explanation
from explained
