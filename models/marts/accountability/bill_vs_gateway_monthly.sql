{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_month'}
) }}

-- From what the gateway thought to what the vendor billed, each step with its reason; the steps add up.
with metered as (

    select
        cast(date_trunc('month', usage_date) as date) as usage_month,
        provider_id,
        coalesce(cost_currency, 'XXX') as billing_currency,
        cast(sum(requests) as bigint) as requests,
        cast(sum(unpriced_requests) as bigint) as unpriced_requests,
        coalesce(sum(gateway_cost), 0) as gateway_cost,
        coalesce(sum(list_cost), 0) as list_cost,
        coalesce(sum(contracted_cost), 0) as contracted_cost
    from {{ ref('int_request_groups_hourly') }}
    where
        provider_id <> 'self_hosted'
        and {{ in_dirty_months("cast(date_trunc('month', usage_date) as date)") }}
    group by cast(date_trunc('month', usage_date) as date), provider_id, coalesce(cost_currency, 'XXX')

),

ledger as (

    select
        cast(date_trunc('month', usage_date) as date) as usage_month,
        provider_id,
        billing_currency,
        sum(case when cost_status = 'estimated' then effective_cost else 0 end) as not_yet_billed_cost,
        sum(case when cost_status <> 'estimated' and usage_state = 'unmetered' then effective_cost else 0 end)
            + sum(case when cost_status <> 'estimated' and remainder_reason = 'unmetered_without_owner' then effective_cost else 0 end)
            as unmetered_cost,
        sum(case when cost_status <> 'estimated' then effective_cost else 0 end) as billed_cost,
        min(case when cost_status = 'billed_open' then 'billed_open' when cost_status = 'billed_closed' then 'billed_z' end) as status
    from {{ ref('fct_cost_allocation') }}
    where
        provider_id is not null
        and provider_id not in ('self_hosted', 'own')
        and cost_component = 'net_unit_cost'
        and {{ in_dirty_months("cast(date_trunc('month', usage_date) as date)") }}
    group by cast(date_trunc('month', usage_date) as date), provider_id, billing_currency

),

joined as (

    select
        coalesce(metered.usage_month, ledger.usage_month) as usage_month,
        coalesce(metered.provider_id, ledger.provider_id) as provider_id,
        coalesce(metered.billing_currency, ledger.billing_currency) as billing_currency,
        case ledger.status when 'billed_open' then 'billed_open' when 'billed_z' then 'billed_closed' else 'estimated' end
            as cost_status,
        coalesce(metered.requests, 0) as requests,
        coalesce(metered.unpriced_requests, 0) as unpriced_requests,
        coalesce(metered.gateway_cost, 0) as gateway_cost,
        coalesce(metered.list_cost, 0) as list_cost,
        coalesce(metered.contracted_cost, 0) as contracted_cost,
        coalesce(ledger.not_yet_billed_cost, 0) as not_yet_billed_cost,
        coalesce(ledger.unmetered_cost, 0) as unmetered_cost,
        coalesce(ledger.billed_cost, 0) as billed_cost
    from metered
    full outer join ledger
        on
            metered.usage_month = ledger.usage_month
            and metered.provider_id = ledger.provider_id
            and metered.billing_currency = ledger.billing_currency

)

select
    usage_month,
    provider_id,
    billing_currency,
    cost_status,
    requests,
    unpriced_requests,
    cast(gateway_cost as decimal(38, 12)) as gateway_cost,
    cast(list_cost - gateway_cost as decimal(38, 12)) as gateway_price_error_cost,
    cast(list_cost as decimal(38, 12)) as list_cost,
    cast(contracted_cost - list_cost as decimal(38, 12)) as negotiated_discount_cost,
    cast(contracted_cost as decimal(38, 12)) as contracted_cost,
    cast(-not_yet_billed_cost as decimal(38, 12)) as not_yet_billed_cost,
    cast(unmetered_cost as decimal(38, 12)) as unmetered_traffic_cost,
    cast((billed_cost - unmetered_cost) - (contracted_cost - not_yet_billed_cost) as decimal(38, 12)) as billed_vs_contracted_cost,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    cast(billed_cost - gateway_cost as decimal(38, 12)) as gap_cost
from joined
