{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- What a day's requests say about their price, resolved once per distinct set of names instead of once per request: the only place
-- where names of models, tiers and places are interpreted.
with seen as (
    select distinct
        usage_date,
        coalesce(raw_provider, '') as raw_provider,
        coalesce(raw_model, '') as raw_model,
        coalesce(raw_service_tier, '') as raw_service_tier,
        coalesce(raw_processing, '') as raw_processing,
        coalesce(raw_residency, '') as raw_residency
    from {{ ref('int_requests_unioned') }}
    where {{ in_dirty_days('usage_date') }}
),

named as (
    select
        seen.*,
        coalesce(names.provider_id, providers.provider_id, nullif(seen.raw_provider, ''), 'unknown') as provider_id,
        coalesce(names.model_id, nullif(seen.raw_model, '')) as model_id,
        names.price_provider_id
    from seen
    left join {{ ref('int_model_names') }} as names on seen.raw_provider = names.raw_provider and seen.raw_model = names.raw_model
    left join {{ ref('provider_aliases') }} as providers on seen.raw_provider = providers.raw_provider
),

-- Own deployments are asked for by names of the company's own: what the declared map makes of one, where it leads to one place.
served as (
    select
        names.usage_date,
        names.raw_model,
        case when count(distinct map.model_id) = 1 then min(map.model_id) end as model_id,
        case when count(distinct map.deployment_id) = 1 then min(map.deployment_id) end as deployment_id
    from (select distinct usage_date, raw_model from named where provider_id = 'self_hosted') as names
    inner join {{ ref('stg_reference__serving_map') }} as map
        on names.raw_model = map.model_alias
        and names.usage_date >= map.valid_from and names.usage_date < map.valid_to
    group by names.usage_date, names.raw_model
)

select
    named.usage_date,
    named.raw_provider,
    named.raw_model,
    named.raw_service_tier,
    named.raw_processing,
    named.raw_residency,
    named.provider_id,
    coalesce(served.model_id, named.model_id) as model_id,
    served.deployment_id,
    named.price_provider_id,
    coalesce(own_tiers.service_tier, tiers.service_tier, named.raw_service_tier) as service_tier,
    case
        when coalesce(own_tiers.processing, tiers.processing, '') <> '' then coalesce(own_tiers.processing, tiers.processing)
        when named.raw_processing = 'batch' then 'batch'
        else 'standard'
    end as processing,
    coalesce(own_places.residency, case when named.raw_residency <> '' then places.residency end, 'any') as residency,
    coalesce(own_tiers.is_provisioned, tiers.is_provisioned, false) as is_provisioned
from named
left join served
    on named.usage_date = served.usage_date and named.raw_model = served.raw_model and named.provider_id = 'self_hosted'
left join {{ ref('service_tiers') }} as own_tiers
    on named.provider_id = own_tiers.provider_id and named.raw_service_tier = own_tiers.raw_service_tier
left join {{ ref('service_tiers') }} as tiers
    on tiers.provider_id = '*' and named.raw_service_tier = coalesce(tiers.raw_service_tier, '')
left join {{ ref('price_residencies') }} as own_places
    on named.provider_id = own_places.provider_id and named.raw_residency = own_places.raw_residency
left join {{ ref('price_residencies') }} as places
    on named.provider_id = places.provider_id and places.raw_residency = '*'
