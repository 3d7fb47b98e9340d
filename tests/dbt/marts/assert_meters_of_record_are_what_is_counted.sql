{{ config(meta={'dagster': {'ref': {'name': 'meter_coverage_daily'}}}) }}
-- Over all meters of a day, what is of record are the requests and the list cost that everything else is made of.
with coverage as (
    select usage_date, sum(requests_of_record) as requests, sum(list_cost_of_record) as list_cost
    from {{ ref('meter_coverage_daily') }}
    where not is_vendor_report and {{ replaced_days('usage_date') }}
    group by usage_date
),

counted as (
    select usage_date, sum(requests) as requests, sum(list_cost) as list_cost
    from {{ ref('int_request_groups_hourly') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date
)

select
    coalesce(coverage.usage_date, counted.usage_date) as usage_date,
    coverage.requests,
    counted.requests as counted_requests,
    coverage.list_cost,
    counted.list_cost as counted_list_cost
from coverage
full outer join counted on coverage.usage_date = counted.usage_date
where (coalesce(coverage.requests, 0) <> 0 or counted.requests is not null)
    and (coverage.requests is distinct from counted.requests or coverage.list_cost is distinct from counted.list_cost)
