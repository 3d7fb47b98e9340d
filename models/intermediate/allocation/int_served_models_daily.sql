{{ config(materialized='table') }}

-- The model that a deployment's capacity is held for, under the name that its requests carry; the label of its pods is often only an
-- alias. The declared map says it; else the one model that was asked for; else the one that the engines name, whatever adapters they
-- also serve. A deployment without a row has what its pods' label says (int_node_shares_hourly).
with days as (

    select distinct cast(usage_hour as date) as usage_date
    from {{ ref('int_charge_hours') }}

),

mapped as (

    select days.usage_date, map.deployment_id, min(map.model_id) as model_id
    from days
    inner join {{ ref('stg_reference__serving_map') }} as map
        on days.usage_date >= map.valid_from and days.usage_date < map.valid_to
    where map.adapter is null
    group by days.usage_date, map.deployment_id
    having count(distinct map.model_id) = 1

),

requested as (

    select usage_date, deployment_id, min(model_id) as model_id
    from {{ ref('int_request_groups_hourly') }}
    where
        provider_id = 'self_hosted'
        and deployment_id is not null
        and model_id is not null
        and {{ in_charge_days('usage_date', ref('int_charge_hours')) }}
    group by usage_date, deployment_id
    having count(distinct model_id) = 1

),

engines as (

    select usage_date, deployment_id, min(served_model_name) as model_id
    from {{ ref('int_deployment_token_work_hourly') }}
    where {{ in_charge_days('usage_date', ref('int_charge_hours')) }}
    group by usage_date, deployment_id
    having count(distinct served_model_name) = 1

),

said as (

    select usage_date, deployment_id, model_id, 'serving_map' as model_rule, 1 as precedence from mapped
    union all
    select usage_date, deployment_id, model_id, 'requests', 2 from requested
    union all
    select usage_date, deployment_id, model_id, 'engine', 3 from engines

),

ranked as (

    select *, row_number() over (partition by usage_date, deployment_id order by precedence) as preference
    from said

)

select usage_date, deployment_id, model_id, model_rule
from ranked
where preference = 1
