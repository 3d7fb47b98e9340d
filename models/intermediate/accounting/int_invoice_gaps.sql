{%- set parts = [
    'document_without_lines', 'invoice_not_in_books', 'tax', 'credits', 'corrections', 'billed_in_a_later_period'
] -%}
{{ config(materialized='table') }}

-- The invoices of a billing month against the sum of the bill's lines, and what the difference is made of. Compared by period, because
-- lines of an open period carry no invoice yet and some issuers' lines never do.
with documents as (

    select
        invoice_issuer_name,
        billing_account_id,
        cast(date_trunc('month', billing_period_start) as date) as billing_month,
        currency as billing_currency,
        invoice_id,
        sum(subtotal) as subtotal,
        sum(discount) as discount,
        sum(credit) as credit,
        sum(tax) as tax,
        sum(total) as total,
        sum(stated_total) as stated_total,
        sum(case when paid_at is not null then total else 0 end) as paid_total,
        max(issued_at) as issued_at,
        max(paid_at) as paid_at
    from {{ ref('int_invoices') }}
    group by invoice_issuer_name, billing_account_id, cast(date_trunc('month', billing_period_start) as date), currency, invoice_id

),

charges as (

    select
        coalesce(InvoiceIssuerName, 'unknown') as invoice_issuer_name,
        coalesce(BillingAccountId, 'none') as billing_account_id,
        cast(date_trunc('month', BillingPeriodStart) as date) as billing_month,
        cast(date_trunc('month', ChargePeriodStart) as date) as charge_month,
        BillingCurrency as billing_currency,
        InvoiceId as invoice_id,
        ChargeCategory as charge_category,
        coalesce(ChargeClass = 'Correction', false) as is_correction,
        count(*) as bill_lines,
        sum(BilledCost) as billed_cost
    from {{ ref('cost_and_usage') }}
    group by
        coalesce(InvoiceIssuerName, 'unknown'), coalesce(BillingAccountId, 'none'),
        cast(date_trunc('month', BillingPeriodStart) as date), cast(date_trunc('month', ChargePeriodStart) as date),
        BillingCurrency, InvoiceId, ChargeCategory, coalesce(ChargeClass = 'Correction', false)

),

lines as (

    select
        charges.*,
        documents.invoice_id is not null as is_in_books,
        -- Numbers say something only where the bill and the books number alike.
        max(case when documents.invoice_id is not null then 1 else 0 end) over (
            partition by
                charges.invoice_issuer_name, charges.billing_account_id, charges.billing_month, charges.billing_currency
        ) = 1 as is_numbered
    from charges
    left join documents
        on
            charges.invoice_issuer_name = documents.invoice_issuer_name
            and charges.billing_account_id = documents.billing_account_id
            and charges.billing_month = documents.billing_month
            and charges.billing_currency = documents.billing_currency
            and charges.invoice_id = documents.invoice_id

),

matched_lines as (

    select *, not is_numbered or is_in_books or invoice_id is null as is_matched from lines

),

bills as (

    select
        invoice_issuer_name,
        billing_account_id,
        billing_month,
        billing_currency,
        cast(sum(bill_lines) as bigint) as bill_lines,
        sum(billed_cost) as billed_cost,
        sum(case when charge_category = 'Tax' then billed_cost else 0 end) as billed_tax,
        sum(case when charge_category = 'Credit' then billed_cost else 0 end) as billed_credit,
        sum(case when is_correction then billed_cost else 0 end) as billed_corrections,
        sum(case when not is_matched then billed_cost else 0 end) as not_in_books,
        sum(case when is_matched and charge_category = 'Tax' then billed_cost else 0 end) as matched_tax,
        sum(case when is_matched and charge_category = 'Credit' then billed_cost else 0 end) as matched_credit,
        sum(case when is_matched and is_correction and charge_category not in ('Tax', 'Credit') then billed_cost else 0 end)
            as matched_corrections
    from matched_lines
    group by invoice_issuer_name, billing_account_id, billing_month, billing_currency

),

named as (

    select distinct invoice_issuer_name, billing_account_id, billing_month, billing_currency, invoice_id
    from lines
    where is_in_books

),

numbered as (

    select distinct invoice_issuer_name, billing_account_id, billing_month, billing_currency
    from named

),

invoices as (

    select
        documents.invoice_issuer_name,
        documents.billing_account_id,
        documents.billing_month,
        documents.billing_currency,
        cast(count(*) as bigint) as invoices,
        min(documents.invoice_id) as first_invoice_id,
        sum(documents.subtotal) as invoice_subtotal,
        sum(documents.discount) as invoice_discount,
        sum(documents.credit) as invoice_credit,
        sum(documents.tax) as invoice_tax,
        sum(documents.total) as invoice_total,
        sum(documents.stated_total) as stated_total,
        sum(documents.paid_total) as paid_total,
        max(documents.issued_at) as issued_at,
        max(documents.paid_at) as paid_at,
        sum(case when numbered.billing_month is not null and named.invoice_id is null then documents.total else 0 end) as without_lines,
        sum(case when numbered.billing_month is null or named.invoice_id is not null then documents.tax end) as matched_tax,
        sum(case when numbered.billing_month is null or named.invoice_id is not null then documents.credit end) as matched_credit
    from documents
    left join numbered
        on
            documents.invoice_issuer_name = numbered.invoice_issuer_name
            and documents.billing_account_id = numbered.billing_account_id
            and documents.billing_month = numbered.billing_month
            and documents.billing_currency = numbered.billing_currency
    left join named
        on
            documents.invoice_issuer_name = named.invoice_issuer_name
            and documents.billing_account_id = named.billing_account_id
            and documents.billing_month = named.billing_month
            and documents.billing_currency = named.billing_currency
            and documents.invoice_id = named.invoice_id
    group by documents.invoice_issuer_name, documents.billing_account_id, documents.billing_month, documents.billing_currency

),

-- B14: an older month's charges, corrected on a later bill.
later_corrections as (

    select invoice_issuer_name, billing_account_id, charge_month as billing_month, billing_currency, sum(billed_cost) as billed_cost
    from charges
    where is_correction and charge_month < billing_month
    group by invoice_issuer_name, billing_account_id, charge_month, billing_currency

),

declared as (

    select invoice_issuer_name, billing_account_id, billing_month, billing_currency, sum(amount) as amount
    from {{ ref('int_invoice_explanations') }}
    group by invoice_issuer_name, billing_account_id, billing_month, billing_currency

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
        invoices.paid_at,
        invoices.invoice_subtotal,
        invoices.invoice_discount,
        invoices.invoice_credit,
        invoices.invoice_tax,
        invoices.invoice_total,
        invoices.stated_total,
        invoices.paid_total,
        coalesce(bills.bill_lines, 0) as bill_lines,
        coalesce(bills.billed_cost, 0) as billed_cost,
        coalesce(bills.billed_tax, 0) as billed_tax,
        coalesce(bills.billed_credit, 0) as billed_credit,
        coalesce(bills.billed_corrections, 0) as billed_corrections,
        coalesce(bills.billed_cost, 0) - invoices.invoice_total as difference,
        -invoices.without_lines as document_without_lines_part,
        coalesce(bills.not_in_books, 0) as invoice_not_in_books_part,
        -- what an invoice does not break out is in its total, and cannot be told apart
        coalesce(bills.matched_tax, 0) - invoices.matched_tax as tax_part,
        coalesce(bills.matched_credit, 0) - invoices.matched_credit as credits_part,
        coalesce(bills.matched_corrections, 0) as corrections_part
    from bills
    full outer join invoices
        on
            bills.invoice_issuer_name = invoices.invoice_issuer_name
            and bills.billing_account_id = invoices.billing_account_id
            and bills.billing_month = invoices.billing_month
            and bills.billing_currency = invoices.billing_currency

),

measured as (

    select
        joined.*,
        -later_corrections.billed_cost as billed_in_a_later_period_part,
        -- FOCUS 1.4, appendix on rounding variance: the larger of 100 subunits and half a subunit a root of lines. A currency without a known
        -- subunit has no tolerance.
        coalesce(
            cast(greatest(100, 0.5 * sqrt(cast(joined.bill_lines as double))) * power(10, -currencies.minor_units) as decimal(38, 12)), 0
        ) as tolerance,
        coalesce(declared.amount, 0) as declared_cost
    from joined
    left join {{ ref('currencies') }} as currencies on joined.billing_currency = currencies.currency
    left join later_corrections
        on
            joined.invoice_issuer_name = later_corrections.invoice_issuer_name
            and joined.billing_account_id = later_corrections.billing_account_id
            and joined.billing_month = later_corrections.billing_month
            and joined.billing_currency = later_corrections.billing_currency
    left join declared
        on
            joined.invoice_issuer_name = declared.invoice_issuer_name
            and joined.billing_account_id = declared.billing_account_id
            and joined.billing_month = declared.billing_month
            and joined.billing_currency = declared.billing_currency

),

-- What people declare stands as they say it. A part that the bill shows counts as a reason only where it makes the rest smaller: invoices
-- that put a credit elsewhere than the bill differ in two parts and not in their sum.
step_0 as (

    select
        *,
        case when abs(difference) <= tolerance then 0 else difference - declared_cost end as rest_0,
        abs(difference) <= tolerance as is_within_tolerance
    from measured

),
{% for part in parts %}
step_{{ loop.index }} as (

    select
        *,
        case when abs(rest_{{ loop.index0 }} - {{ part }}_part) < abs(rest_{{ loop.index0 }}) then {{ part }}_part else 0 end
            as {{ part }}_cost,
        case
            when abs(rest_{{ loop.index0 }} - {{ part }}_part) < abs(rest_{{ loop.index0 }})
                then rest_{{ loop.index0 }} - {{ part }}_part
            else rest_{{ loop.index0 }}
        end as rest_{{ loop.index }}
    from step_{{ loop.index0 }}

),
{% endfor %}
explained as (

    select
        *,
        case
            when is_within_tolerance then difference
            when abs(rest_{{ parts | length }}) <= tolerance then rest_{{ parts | length }}
            else 0
        end as rounding_cost,
        case when abs(rest_{{ parts | length }}) <= tolerance then 0 else rest_{{ parts | length }} end as unexplained_cost
    from step_{{ parts | length }}

)

select
    invoice_issuer_name,
    billing_account_id,
    billing_month,
    billing_currency,
    invoices,
    first_invoice_id,
    issued_at,
    paid_at,
    invoice_subtotal,
    invoice_discount,
    invoice_credit,
    invoice_tax,
    invoice_total,
    stated_total,
    paid_total,
    bill_lines,
    billed_cost,
    billed_tax,
    billed_credit,
    billed_corrections,
    difference,
    tolerance,
    {% for part in parts %}
    {{ part }}_cost,
    {% endfor %}
    case when is_within_tolerance then 0 else declared_cost end as declared_cost,
    coalesce(rounding_cost, 0) as rounding_cost,
    coalesce(unexplained_cost, 0) as unexplained_cost,
    case
        -- who has billed nothing sends no invoice
        when invoice_total is null and billed_cost = 0 then 'tied'
        when invoice_total is null then 'no_invoice'
        when is_within_tolerance then 'tied'
        when unexplained_cost = 0 then 'explained'
        else 'unexplained'
    end as reconciliation_status
from explained
