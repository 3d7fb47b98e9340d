{{ config(meta={'dagster': {'ref': {'name': 'fct_inference_requests'}}}) }}
-- T18: of each meter and day, what counts and what is overruled are all of its requests; and where another row of the same call
-- overrules, such a row counts, on that day or (around midnight) the day before.
with seen as (
    select usage_date, meter, sum(requests) as requests
    from {{ ref('int_meter_days') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date, meter
),

facts as (
    select usage_date, meter, count(case when is_of_record then 1 end) as counted
    from {{ ref('fct_inference_requests') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date, meter
),

overruled as (
    select *
    from {{ ref('int_meter_of_record_overruled') }}
    where {{ replaced_days('usage_date') }}
),

overruled_counts as (
    select usage_date, meter, count(*) as requests
    from overruled
    group by usage_date, meter
),

overruled_calls as (
    select
        overruled.usage_date,
        overruled.meter,
        overruled.feed,
        requests.request_id,
        coalesce(requests.response_id, requests.request_id) as response_id
    from overruled
    inner join {{ ref('fct_inference_requests') }} as requests
        on overruled.usage_date = requests.usage_date and overruled.meter = requests.meter
        and overruled.feed = requests.feed and overruled.request_id = requests.request_id
    where overruled.reason = 'same_response'
),

-- An inner join from the few that are overruled, so that without any the facts are not read again.
counted_calls as (
    select distinct overruled_calls.usage_date, overruled_calls.meter, overruled_calls.feed, overruled_calls.request_id
    from overruled_calls
    inner join {{ ref('fct_inference_requests') }} as counted
        on overruled_calls.response_id = coalesce(counted.response_id, counted.request_id)
        and counted.usage_date in (overruled_calls.usage_date, cast(overruled_calls.usage_date - interval 1 day as date))
    where counted.is_of_record
)

select seen.usage_date, seen.meter, cast(null as varchar) as request_id, seen.requests, facts.counted
from seen
full outer join facts on seen.usage_date = facts.usage_date and seen.meter = facts.meter
left join overruled_counts on seen.usage_date = overruled_counts.usage_date and seen.meter = overruled_counts.meter
where seen.requests is distinct from facts.counted + coalesce(overruled_counts.requests, 0)
union all
select overruled_calls.usage_date, overruled_calls.meter, overruled_calls.request_id, 1, 0
from overruled_calls
left join counted_calls
    on overruled_calls.usage_date = counted_calls.usage_date and overruled_calls.meter = counted_calls.meter
    and overruled_calls.feed = counted_calls.feed and overruled_calls.request_id = counted_calls.request_id
where counted_calls.request_id is null
