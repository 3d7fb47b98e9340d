{{ config(meta={'dagster': {'ref': {'name': 'cost_per_model_daily'}}}) }}
-- Each metered request stands once in each report that counts requests, also where a model's cost comes from several bills.
with metered as (
    select usage_date, sum(requests) as requests
    from {{ ref('int_request_groups_hourly') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date
),

by_model as (
    select usage_date, sum(requests) as requests
    from {{ ref('cost_per_model_daily') }}
    where requests is not null and {{ replaced_days('usage_date') }}
    group by usage_date
),

by_inference as (
    select usage_date, sum(requests) as requests
    from {{ ref('cost_per_inference_daily') }}
    where requests is not null and {{ replaced_days('usage_date') }}
    group by usage_date
)

select
    coalesce(metered.usage_date, by_model.usage_date, by_inference.usage_date) as scope,
    metered.requests,
    by_model.requests as requests_by_model,
    by_inference.requests as requests_by_inference
from metered
full outer join by_model on metered.usage_date = by_model.usage_date
full outer join by_inference on metered.usage_date = by_inference.usage_date
where metered.requests is distinct from by_model.requests or metered.requests is distinct from by_inference.requests
