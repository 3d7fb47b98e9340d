{{ config(materialized='table') }}

-- What an own deployment serves, under the name that its requests carry; the label of its pods is often only an alias. A deployment
-- that serves several models (adapters) on a day is none of them.
select
    usage_date,
    deployment_id,
    max(model_id) as model_id
from {{ ref('int_request_groups_hourly') }}
where
    provider_id = 'self_hosted'
    and deployment_id is not null
    and model_id is not null
    and {{ in_charge_days('usage_date', ref('int_charge_hours')) }}
group by usage_date, deployment_id
having count(distinct model_id) = 1
