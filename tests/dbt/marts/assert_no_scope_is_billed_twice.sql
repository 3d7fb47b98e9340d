{{ config(meta={'dagster': {'ref': {'name': 'billed_twice'}}}) }}
-- B10. Two feeds that bill one account on the same days are summed only where somebody has said that they are other money. Land reference
-- table bill_feeds: `additive` to sum a feed, `superseded` to leave it out. Dollars are what would be counted beside the largest feed.
with feeds as (
    select
        scope_id, charge_month, all_feeds, billing_currency, source, feed,
        sum(abs(effective_cost)) as dollars
    from {{ ref('billed_twice') }}
    where treatment = 'undeclared'
    group by scope_id, charge_month, all_feeds, billing_currency, source, feed
)

select
    scope_id || ' in ' || all_feeds as scope,
    charge_month,
    billing_currency,
    sum(dollars) - case when count(*) > 1 then max(dollars) else 0 end as dollars
from feeds
group by scope_id, charge_month, all_feeds, billing_currency
