{{ config(materialized='table') }}

-- Law 10. Before `open_from` a bill is complete and replaces the estimate of its scope; from that day on the vendor is still adding lines.
with billed as (

    select distinct
        x_MeterScope as provider_id,
        InvoiceIssuerName as invoice_issuer_name,
        BillingAccountId as billing_account_id,
        ServiceName as service_name,
        x_Source as source,
        x_Feed as feed
    from {{ ref('cost_and_usage') }}
    where x_MeterScope is not null and ChargeCategory = 'Usage'

)

select
    billed.provider_id,
    billed.invoice_issuer_name,
    billed.billing_account_id,
    billed.service_name,
    -- One account's bill in two feeds is as complete as the further one.
    max(marks.newest_day) as newest_day,
    max(marks.open_from) as open_from
from billed
left join {{ ref('stg_pipeline__bill_marks') }} as marks
    on
        billed.source = marks.source
        and billed.feed = marks.feed
        and (marks.account = '' or billed.billing_account_id = marks.account)
group by billed.provider_id, billed.invoice_issuer_name, billed.billing_account_id, billed.service_name
