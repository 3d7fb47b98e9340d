{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_allocation'}}}) }}
-- Law 10. What stands as estimated is the metered use of that provider and day at contract price, no more and no less; and metered
-- use with a price is either estimated or behind a bill that reaches past its day.
with billed_until as (
    select x_MeterScope as provider_id, max(x_ChargeDate) as last_day
    from {{ ref('cost_and_usage') }}
    where
        x_MeterScope is not null and ChargeCategory = 'Usage'
        and ChargePeriodEnd <= {{ as_of() }}
    group by x_MeterScope
),

metered as (
    select
        token_groups.usage_date, token_groups.provider_id, token_groups.cost_currency,
        sum(token_groups.contracted_cost) as cost
    from {{ ref('int_token_groups_hourly') }} as token_groups
    left join billed_until on token_groups.provider_id = billed_until.provider_id
    where
        token_groups.provider_id <> 'self_hosted'
        and token_groups.contracted_cost is not null
        and (billed_until.last_day is null or token_groups.usage_date > billed_until.last_day)
        and {{ replaced_days('token_groups.usage_date') }}
    group by token_groups.usage_date, token_groups.provider_id, token_groups.cost_currency
),

estimated as (
    select usage_date, provider_id, billing_currency, sum(effective_cost) as cost
    from {{ ref('fct_cost_allocation') }}
    where cost_status = 'estimated' and {{ replaced_days('usage_date') }}
    group by usage_date, provider_id, billing_currency
)

select
    coalesce(metered.usage_date, estimated.usage_date) as usage_date,
    coalesce(metered.provider_id, estimated.provider_id) as scope,
    abs(coalesce(estimated.cost, 0) - coalesce(metered.cost, 0)) as dollars
from metered
full outer join estimated
    on
        metered.usage_date = estimated.usage_date
        and metered.provider_id = estimated.provider_id
        and metered.cost_currency = estimated.billing_currency
where metered.cost is distinct from estimated.cost
