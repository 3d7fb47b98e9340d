{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail',
    meta={
        'replace_by': 'charge_date',
        'history': {
            'name': 'bill_beliefs_daily',
            'key': [
                'source', 'feed', 'invoice_issuer_name', 'billing_account_id', 'service_name', 'charge_date', 'billing_month', 'billing_currency'
            ],
            'values': ['charges', 'billed_cost', 'effective_cost', 'cost_status'],
        },
    }
) }}

-- What the bills say now of each day, both by charge and by billing period (B13, B14). Publishing keeps what they said before in
-- accountability.bill_beliefs_daily.
with charges as (

    select * from {{ ref('int_charges_in_scope') }}
    where {{ in_dirty_days('charge_date') }}

)

select
    source,
    feed,
    coalesce(invoice_issuer_name, 'unknown') as invoice_issuer_name,
    coalesce(billing_account_id, 'none') as billing_account_id,
    coalesce(service_name, 'none') as service_name,
    charge_date,
    cast(date_trunc('month', coalesce(billing_period_start, charge_date)) as date) as billing_month,
    billing_currency,
    -- a single line that may still change keeps the day open
    max(cost_status) as cost_status,
    cast(count(*) as bigint) as charges,
    cast(sum(billed_cost) as decimal(38, 12)) as billed_cost,
    cast(sum(effective_cost) as decimal(38, 12)) as effective_cost
from charges
group by
    source, feed, coalesce(invoice_issuer_name, 'unknown'), coalesce(billing_account_id, 'none'), coalesce(service_name, 'none'),
    charge_date, cast(date_trunc('month', coalesce(billing_period_start, charge_date)) as date), billing_currency
