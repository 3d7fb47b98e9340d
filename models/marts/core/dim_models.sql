-- Every model that was asked, billed or trained; one row also where several providers offer it under one name.
with seen as (

    select provider_id, model_id, min(usage_date) as first_seen_date, max(usage_date) as last_seen_date
    from {{ ref('int_request_groups_hourly') }}
    where model_id is not null
    group by provider_id, model_id
    union all
    select x_MeterScope, x_ModelId, min(x_ChargeDate), max(x_ChargeDate)
    from {{ ref('cost_and_usage') }}
    where x_ModelId is not null and x_MeterScope is not null
    group by x_MeterScope, x_ModelId
    union all
    select 'own', model_id, min(cast(started_at as date)), max(cast(started_at as date))
    from {{ ref('fct_training_runs') }}
    where model_id is not null
    group by model_id

),

developers as (

    select x_MeterScope as provider_id, x_ModelId as model_id, max(x_ModelDeveloper) as model_developer
    from {{ ref('cost_and_usage') }}
    where x_ModelId is not null and x_MeterScope is not null
    group by x_MeterScope, x_ModelId

)

select
    {{ hash_key(['seen.provider_id', 'seen.model_id']) }} as model_key,
    seen.provider_id,
    seen.model_id,
    max(developers.model_developer) as model_developer,
    seen.provider_id = 'self_hosted' as is_self_hosted,
    seen.provider_id = 'own' as is_trained_here,
    min(seen.first_seen_date) as first_seen_date,
    max(seen.last_seen_date) as last_seen_date
from seen
left join developers
    on seen.provider_id = developers.provider_id and seen.model_id = developers.model_id
group by seen.provider_id, seen.model_id
