{{ config(tags='each_night') }}
-- How far each contract is known (B25): as far as the bills of its issuers are complete. A vendor that is late, or whose newest days still
-- fill, would otherwise look as if it drew less. A contract that no bill names yet is known as far as any bill is.
with commitments as (

    select * from {{ ref('int_commitments') }}

),

billed as (

    select
        InvoiceIssuerName as invoice_issuer_name,
        BillingAccountId as billing_account_id,
        x_Source as source,
        x_Feed as feed,
        max(x_ChargeDate) as newest_charge_date
    from {{ ref('vendor_charges') }}
    where ChargeCategory = 'Usage'
    group by InvoiceIssuerName, BillingAccountId, x_Source, x_Feed

),

issuers as (

    select
        billed.invoice_issuer_name,
        least(max(coalesce(marks.open_from, billed.newest_charge_date)), cast({{ as_of() }} as date)) as complete_until
    from billed
    left join {{ ref('stg_pipeline__bill_marks') }} as marks
        on
            billed.source = marks.source
            and billed.feed = marks.feed
            and (marks.account = '' or billed.billing_account_id = marks.account)
    group by billed.invoice_issuer_name

),

furthest as (

    select max(complete_until) as complete_until from issuers

),

issuers_of_contracts as (

    select contract_id, invoice_issuer_name from commitments
    where invoice_issuer_name is not null
    union distinct
    select contract_id, invoice_issuer_name from {{ ref('int_commitment_charges') }}

)

select
    commitments.contract_id,
    coalesce(max(issuers.complete_until), max(furthest.complete_until), cast({{ as_of() }} as date)) as complete_until
from commitments
cross join furthest
left join issuers_of_contracts on commitments.contract_id = issuers_of_contracts.contract_id
left join issuers on issuers_of_contracts.invoice_issuer_name = issuers.invoice_issuer_name
group by commitments.contract_id
