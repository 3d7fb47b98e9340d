-- Invoices as the books hold them; and those that only their issuer states, line by line, in the shape of FOCUS 1.4. Where both have an
-- invoice the books count, and the issuer fills in parts that they do not break out.
with books as (

    select * from {{ ref('stg_accounting__invoices') }}

),

stated as (

    select
        invoice_issuer_name,
        invoice_id,
        billing_account_id,
        min(billing_period_start) as billing_period_start,
        max(billing_period_end) as billing_period_end,
        currency,
        sum(case when charge_category not in ('Tax', 'Credit') then billed_cost else 0 end) as subtotal,
        sum(case when charge_category = 'Credit' then billed_cost else 0 end) as credit,
        sum(case when charge_category = 'Tax' then billed_cost else 0 end) as tax,
        sum(billed_cost) as total,
        max(issued_at) as issued_at
    from {{ ref('stg_accounting__invoice_details') }}
    group by invoice_issuer_name, invoice_id, billing_account_id, currency

)

select
    coalesce(books.invoice_issuer_name, stated.invoice_issuer_name) as invoice_issuer_name,
    coalesce(books.invoice_id, stated.invoice_id) as invoice_id,
    coalesce(books.billing_account_id, stated.billing_account_id) as billing_account_id,
    coalesce(books.billing_period_start, stated.billing_period_start) as billing_period_start,
    coalesce(books.billing_period_end, stated.billing_period_end) as billing_period_end,
    coalesce(books.currency, stated.currency) as currency,
    coalesce(books.subtotal, stated.subtotal) as subtotal,
    books.discount,
    coalesce(books.credit, stated.credit) as credit,
    coalesce(books.tax, stated.tax) as tax,
    coalesce(books.total, stated.total) as total,
    coalesce(books.issued_at, stated.issued_at) as issued_at,
    books.paid_at,
    books.invoice_id is not null as is_in_books,
    stated.total as stated_total
from books
full outer join stated
    on
        books.invoice_issuer_name = stated.invoice_issuer_name
        and books.invoice_id = stated.invoice_id
        and books.billing_account_id = stated.billing_account_id
        and books.currency = stated.currency
