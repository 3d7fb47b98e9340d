{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Use without a price is no cost of 0: it is listed here until a price arrives. Self-hosted models have none by nature.
select
    usage_date,
    provider_id,
    coalesce(model_id, 'unknown') as model_id,
    cast(sum(requests) as bigint) as requests,
    cast(sum(unpriced_requests) as bigint) as unpriced_requests,
    cast(cast(sum(unpriced_requests) as double) / nullif(cast(sum(requests) as double), 0) as decimal(18, 9)) as unpriced_share
from {{ ref('int_request_groups_hourly') }}
where provider_id <> 'self_hosted' and {{ in_dirty_days('usage_date') }}
group by usage_date, provider_id, coalesce(model_id, 'unknown')
having sum(unpriced_requests) > 0
