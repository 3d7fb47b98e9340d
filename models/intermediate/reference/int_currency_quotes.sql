-- Every quoted rate with the time in which it was what its source said: from its delivery until the feed's next one. Before its first
-- delivery a feed had nothing else to say, so that one is taken as known from the beginning.
with declared as (

    select * from {{ ref('stg_reference__fx_rates') }}

),

deliveries as (

    select
        feed,
        delivered_at,
        lag(delivered_at) over (partition by feed order by delivered_at) as delivered_before,
        lead(delivered_at) over (partition by feed order by delivered_at) as delivered_next
    from (select distinct feed, delivered_at from declared) as known

)

select
    declared.from_currency,
    declared.to_currency,
    declared.rate,
    declared.rate_set,
    declared.feed,
    declared.valid_from,
    declared.valid_to,
    case when deliveries.delivered_before is null then timestamp '0001-01-01' else declared.delivered_at end as known_from,
    coalesce(deliveries.delivered_next, timestamp '9999-12-31') as known_to
from declared
inner join deliveries on declared.feed = deliveries.feed and declared.delivered_at = deliveries.delivered_at
union all
-- the ECB does not revise what it published
select
    from_currency, to_currency, rate, rate_set, 'ecb', valid_from, valid_to,
    cast(valid_from as timestamp), timestamp '9999-12-31'
from {{ ref('stg_ecb__reference_rates') }}
