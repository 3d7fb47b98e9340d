{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_month'}
) }}

-- Cost and revenue each in the currency in which they arose; margin in the reporting currency, where the two can meet.
with ledger as (

    select
        usage_date, customer_id, billing_currency, cost_status, provider_id, effective_cost,
        cast(0 as decimal(38, 12)) as transferred_cost
    from {{ ref('fct_cost_allocation') }}
    where
        customer_id is not null
        and cost_component = 'net_unit_cost'
        and {{ in_dirty_months("cast(date_trunc('month', usage_date) as date)") }}
    union all
    select
        usage_date, customer_id, billing_currency, cost_status, provider_id, cast(0 as decimal(38, 12)),
        transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where
        customer_id is not null
        and {{ in_dirty_months("cast(date_trunc('month', usage_date) as date)") }}

),

costs_daily as (

    select
        cast(date_trunc('month', usage_date) as date) as usage_month,
        usage_date,
        customer_id,
        billing_currency,
        sum(case when cost_status <> 'estimated' and provider_id <> 'self_hosted' then effective_cost else 0 end) as api_cost,
        sum(case when cost_status <> 'estimated' and provider_id = 'self_hosted' then effective_cost else 0 end)
            as self_hosted_cost,
        sum(case when cost_status <> 'estimated' then effective_cost else 0 end) as billed_direct_cost,
        sum(case when cost_status = 'billed_open' then effective_cost else 0 end) as billed_open_direct_cost,
        sum(case when cost_status = 'estimated' then effective_cost else 0 end) as estimated_direct_cost,
        sum(transferred_cost) as transferred_cost
    from ledger
    group by cast(date_trunc('month', usage_date) as date), usage_date, customer_id, billing_currency

),

revenues_of_months as (

    select usage_month, customer_id, currency, revenue
    from {{ ref('int_revenue_monthly') }}
    where {{ in_dirty_months('usage_month') }}

),

-- One set of rates for all that a margin is made of: the one that covers most of it, then the one that comes first.
rates_needed as (

    select usage_month, customer_id, billing_currency, usage_date as rate_date from costs_daily
    union
    select usage_month, customer_id, currency, usage_month as rate_date from revenues_of_months

),

rates as (

    select rate_date, from_currency, rate_set, rate, preference
    from {{ ref('dim_currency_rates') }}
    where purpose = 'reporting'

),

rate_sets_ranked as (

    select
        rates_needed.usage_month,
        rates_needed.customer_id,
        rates.rate_set,
        row_number() over (
            partition by rates_needed.usage_month, rates_needed.customer_id
            order by count(*) desc, sum(rates.preference) asc, rates.rate_set asc
        ) as set_rank
    from rates_needed
    inner join rates on rates_needed.billing_currency = rates.from_currency and rates_needed.rate_date = rates.rate_date
    where rates.rate_set <> 'identity'
    group by rates_needed.usage_month, rates_needed.customer_id, rates.rate_set

),

customer_rates as (

    select
        rates_needed.usage_month,
        rates_needed.customer_id,
        rates_needed.billing_currency,
        rates_needed.rate_date,
        coalesce(sets.rate_set, 'identity') as rate_set,
        rates.rate
    from rates_needed
    left join rate_sets_ranked as sets
        on
            rates_needed.usage_month = sets.usage_month
            and rates_needed.customer_id = sets.customer_id
            and sets.set_rank = 1
    left join rates
        on
            rates_needed.billing_currency = rates.from_currency
            and rates_needed.rate_date = rates.rate_date
            and (rates.rate_set = 'identity' or sets.rate_set = rates.rate_set)

),

costs as (

    select
        costs_daily.usage_month,
        costs_daily.customer_id,
        costs_daily.billing_currency,
        sum(costs_daily.api_cost) as api_cost,
        sum(costs_daily.self_hosted_cost) as self_hosted_cost,
        sum(costs_daily.billed_direct_cost) as billed_direct_cost,
        sum(costs_daily.billed_open_direct_cost) as billed_open_direct_cost,
        sum(costs_daily.estimated_direct_cost) as estimated_direct_cost,
        sum(costs_daily.transferred_cost) as transferred_cost,
        max(rates.rate_set) as rate_set,
        count(*) - count(rates.rate) as days_without_rate,
        sum({{ reporting_cost('costs_daily.billed_direct_cost', 'rates.rate') }}) as billed_reporting_cost,
        sum({{ reporting_cost('costs_daily.estimated_direct_cost', 'rates.rate') }}) as estimated_reporting_cost
    from costs_daily
    left join customer_rates as rates
        on
            costs_daily.customer_id = rates.customer_id
            and costs_daily.billing_currency = rates.billing_currency
            and costs_daily.usage_date = rates.rate_date
    group by costs_daily.usage_month, costs_daily.customer_id, costs_daily.billing_currency

),

revenues as (

    select
        revenues.usage_month,
        revenues.customer_id,
        revenues.currency,
        revenues.revenue,
        rates.rate_set,
        case when rates.rate is null then 1 else 0 end as months_without_rate,
        {{ reporting_cost('revenues.revenue', 'rates.rate') }} as reporting_revenue
    from revenues_of_months as revenues
    left join customer_rates as rates
        on
            revenues.customer_id = rates.customer_id
            and revenues.currency = rates.billing_currency
            and revenues.usage_month = rates.rate_date

),

usage_of_customers as (

    select
        cast(date_trunc('month', usage_date) as date) as usage_month,
        customer_id,
        cast(sum(requests) as bigint) as requests
    from {{ ref('int_request_groups_hourly') }}
    where
        customer_id is not null
        and {{ in_dirty_months("cast(date_trunc('month', usage_date) as date)") }}
    group by cast(date_trunc('month', usage_date) as date), customer_id

),

joined as (

    select
        coalesce(costs.usage_month, revenues.usage_month) as usage_month,
        coalesce(costs.customer_id, revenues.customer_id) as customer_id,
        coalesce(costs.billing_currency, revenues.currency) as billing_currency,
        coalesce(costs.api_cost, 0) as api_cost,
        coalesce(costs.self_hosted_cost, 0) as self_hosted_cost,
        coalesce(costs.billed_direct_cost, 0) as billed_direct_cost,
        coalesce(costs.billed_open_direct_cost, 0) as billed_open_direct_cost,
        coalesce(costs.estimated_direct_cost, 0) as estimated_direct_cost,
        coalesce(costs.transferred_cost, 0) as transferred_cost,
        coalesce(revenues.revenue, 0) as revenue,
        coalesce(costs.rate_set, revenues.rate_set) as rate_set,
        case when coalesce(costs.days_without_rate, 0) = 0 then coalesce(costs.billed_reporting_cost, 0) end
            as billed_reporting_cost,
        case when coalesce(costs.days_without_rate, 0) = 0 then coalesce(costs.estimated_reporting_cost, 0) end
            as estimated_reporting_cost,
        case when coalesce(revenues.months_without_rate, 0) = 0 then coalesce(revenues.reporting_revenue, 0) end
            as reporting_revenue
    from costs
    full outer join revenues
        on
            costs.usage_month = revenues.usage_month
            and costs.customer_id = revenues.customer_id
            and costs.billing_currency = revenues.currency

),

ranked as (

    select
        *,
        row_number() over (partition by usage_month, customer_id order by billed_direct_cost desc, billing_currency asc) as cost_rank,
        count(*) over (partition by usage_month, customer_id) as currencies,
        count(billed_reporting_cost) over (partition by usage_month, customer_id) as currencies_with_cost_rate,
        count(reporting_revenue) over (partition by usage_month, customer_id) as currencies_with_revenue_rate,
        sum(billed_reporting_cost) over (partition by usage_month, customer_id) as customer_billed_cost,
        sum(estimated_reporting_cost) over (partition by usage_month, customer_id) as customer_estimated_cost,
        sum(reporting_revenue) over (partition by usage_month, customer_id) as customer_revenue
    from joined

),

comparable as (

    select
        *,
        currencies = currencies_with_cost_rate and currencies = currencies_with_revenue_rate as is_comparable
    from ranked

)

select
    comparable.usage_month,
    comparable.customer_id,
    comparable.billing_currency,
    case
        when comparable.billed_direct_cost = 0 then 'estimated'
        when comparable.billed_open_direct_cost <> 0 then 'billed_open'
        else 'billed_closed'
    end as cost_status,
    case when comparable.cost_rank = 1 then usage_of_customers.requests end as requests,
    cast(comparable.api_cost as decimal(38, 12)) as api_cost,
    cast(comparable.self_hosted_cost as decimal(38, 12)) as self_hosted_cost,
    cast(comparable.billed_direct_cost as decimal(38, 12)) as billed_direct_cost,
    cast(comparable.estimated_direct_cost as decimal(38, 12)) as estimated_direct_cost,
    cast(comparable.billed_direct_cost + comparable.estimated_direct_cost as decimal(38, 12)) as direct_cost,
    cast(comparable.transferred_cost as decimal(38, 12)) as transferred_cost,
    cast(
        comparable.billed_direct_cost + comparable.estimated_direct_cost + comparable.transferred_cost as decimal(38, 12)
    ) as fully_loaded_cost,
    cast(comparable.revenue as decimal(38, 12)) as revenue,
    '{{ var("report_currency") }}' as reporting_currency,
    comparable.rate_set,
    cast(comparable.billed_reporting_cost as decimal(38, 12)) as billed_direct_reporting_cost,
    cast(comparable.estimated_reporting_cost as decimal(38, 12)) as estimated_direct_reporting_cost,
    cast(comparable.reporting_revenue as decimal(38, 12)) as reporting_revenue,
    cast(comparable.reporting_revenue - comparable.billed_reporting_cost as decimal(38, 12)) as gross_margin_reporting,
    cast(
        comparable.reporting_revenue - comparable.billed_reporting_cost - comparable.estimated_reporting_cost
        as decimal(38, 12)
    ) as estimated_gross_margin_reporting,
    case when comparable.is_comparable then
        {{ unit_rate('(comparable.customer_revenue - comparable.customer_billed_cost)', 'comparable.customer_revenue') }}
    end as gross_margin_ratio,
    case when comparable.is_comparable then
        {{ unit_rate(
            '(comparable.customer_revenue - comparable.customer_billed_cost - comparable.customer_estimated_cost)',
            'comparable.customer_revenue'
        ) }}
    end as estimated_gross_margin_ratio
from comparable
left join usage_of_customers
    on
        comparable.usage_month = usage_of_customers.usage_month
        and comparable.customer_id = usage_of_customers.customer_id
