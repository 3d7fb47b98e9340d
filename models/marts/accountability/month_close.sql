-- A month closes when it is over and every issuer's bill is tied to its invoices, or differs for reasons that are known.
with issuers as (

    select
        *,
        reconciliation_status in ('tied', 'explained') as is_settled
    from {{ ref('invoice_reconciliation') }}

)

select
    billing_month,
    case
        when max(case when is_settled then 0 else 1 end) = 1 then 'open'
        when billing_month + interval 1 month > {{ as_of() }} then 'open'
        else 'closed'
    end as close_status,
    cast(count(*) as bigint) as issuers,
    cast(sum(case when reconciliation_status = 'tied' then 1 else 0 end) as bigint) as tied,
    cast(sum(case when reconciliation_status = 'explained' then 1 else 0 end) as bigint) as explained,
    cast(sum(case when reconciliation_status = 'unexplained' then 1 else 0 end) as bigint) as unexplained,
    cast(sum(case when reconciliation_status = 'no_invoice' then 1 else 0 end) as bigint) as no_invoice,
    {{ listed("case when not is_settled then invoice_issuer_name || ' ' || billing_account_id || ' ' || billing_currency end") }} as open_issuers,
    max(issued_at) as last_issued_at
from issuers
group by billing_month
