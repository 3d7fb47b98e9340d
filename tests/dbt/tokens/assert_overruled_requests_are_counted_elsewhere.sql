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
        requests.request_id,
        coalesce(requests.response_id, requests.request_id) as response_id
    from overruled
    inner join {{ ref('fct_inference_requests') }} as requests
        on overruled.usage_date = requests.usage_date and overruled.meter = requests.meter
        and overruled.feed = requests.feed and overruled.request_id = requests.request_id
    where overruled.reason = 'same_response'
)

select seen.usage_date, seen.meter, cast(null as varchar) as request_id, seen.requests, facts.counted
from seen
full outer join facts on seen.usage_date = facts.usage_date and seen.meter = facts.meter
left join overruled_counts on seen.usage_date = overruled_counts.usage_date and seen.meter = overruled_counts.meter
where seen.requests is distinct from facts.counted + coalesce(overruled_counts.requests, 0)
union all
select overruled_calls.usage_date, overruled_calls.meter, overruled_calls.request_id, 1, 0
from overruled_calls
left join {{ ref('fct_inference_requests') }} as counted
    on counted.is_of_record
    and overruled_calls.response_id = coalesce(counted.response_id, counted.request_id)
    and counted.usage_date in (overruled_calls.usage_date, cast(overruled_calls.usage_date - interval 1 day as date))
where counted.request_id is null
