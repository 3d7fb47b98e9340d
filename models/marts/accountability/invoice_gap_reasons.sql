{%- set shown = [
    'document_without_lines', 'invoice_not_in_books', 'tax', 'credits', 'corrections', 'billed_in_a_later_period', 'rounding', 'unexplained'
] -%}
-- What each difference between bill and invoices is made of: the rows of a difference sum to it exactly.
with gaps as (

    select * from {{ ref('int_invoice_gaps') }}
    where difference <> 0

),

parts as (

    {% for reason in shown -%}
    select
        invoice_issuer_name, billing_account_id, billing_month, billing_currency, '{{ reason }}' as reason, {{ reason }}_cost as cost,
        cast(null as varchar) as note
    from gaps
    union all
    {% endfor -%}
    select
        gaps.invoice_issuer_name, gaps.billing_account_id, gaps.billing_month, gaps.billing_currency, explanations.reason,
        explanations.amount, explanations.note
    from gaps
    inner join {{ ref('int_invoice_explanations') }} as explanations
        on
            gaps.invoice_issuer_name = explanations.invoice_issuer_name
            and gaps.billing_account_id = explanations.billing_account_id
            and gaps.billing_month = explanations.billing_month
            and gaps.billing_currency = explanations.billing_currency
    where gaps.declared_cost <> 0

)

select
    invoice_issuer_name,
    billing_account_id,
    billing_month,
    billing_currency,
    reason,
    cast(cost as decimal(38, 12)) as cost,
    note
from parts
where cost <> 0
