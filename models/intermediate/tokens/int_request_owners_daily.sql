{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- Who owns a day's requests, and whether a flat subscription pays for them, resolved once per distinct set of keys instead of once per
-- request. Exactly one identity wins: the lowest priority number, then the one that names the provider, then a fixed order of kinds, so
-- that the order of rows never decides.
with providers as (
    select distinct usage_date, raw_provider, raw_model, provider_id
    from {{ ref('int_price_contexts_daily') }}
    where {{ in_dirty_days('usage_date') }}
),

-- Of the millions of requests few sets of names and keys remain before anything is joined.
logged_keys as (
    select distinct
        usage_date,
        coalesce(raw_provider, '') as raw_provider,
        coalesce(raw_model, '') as raw_model,
        coalesce(team, '') as team,
        coalesce(project_id, '') as project_id,
        coalesce(api_key_id, '') as api_key_id
    from {{ ref('int_requests_unioned') }}
    where {{ in_dirty_days('usage_date') }}
),

request_keys as (
    select distinct
        logged_keys.usage_date,
        providers.provider_id,
        logged_keys.team,
        logged_keys.project_id,
        logged_keys.api_key_id
    from logged_keys
    inner join providers
        on logged_keys.usage_date = providers.usage_date
        and logged_keys.raw_provider = providers.raw_provider
        and logged_keys.raw_model = providers.raw_model
),

key_kinds as (
    select usage_date, provider_id, team, project_id, api_key_id, 'api_key' as key_type, api_key_id as key_value, 1 as kind_order from request_keys
    union all
    select usage_date, provider_id, team, project_id, api_key_id, 'litellm_team' as key_type, team as key_value, 2 as kind_order from request_keys
    union all
    select usage_date, provider_id, team, project_id, api_key_id, 'project' as key_type, project_id as key_value, 3 as kind_order from request_keys
    union all
    select usage_date, provider_id, team, project_id, api_key_id, 'workspace' as key_type, project_id as key_value, 4 as kind_order from request_keys
    union all
    select usage_date, provider_id, team, project_id, api_key_id, 'inference_profile' as key_type, project_id as key_value, 5 as kind_order from request_keys
),

ranked as (
    select
        key_kinds.usage_date,
        key_kinds.provider_id,
        key_kinds.team,
        key_kinds.project_id,
        key_kinds.api_key_id,
        identities.unit_id,
        identities.project,
        identities.environment,
        identities.is_subscription,
        row_number() over (
            partition by key_kinds.usage_date, key_kinds.provider_id, key_kinds.team, key_kinds.project_id, key_kinds.api_key_id
            order by
                identities.priority asc,
                case when identities.scope = '' then 1 else 0 end asc,
                key_kinds.kind_order asc,
                identities.valid_from desc,
                identities.unit_id asc,
                identities.project asc,
                identities.environment asc,
                identities.is_subscription asc
        ) as rank
    from key_kinds
    inner join {{ ref('stg_reference__identity_map') }} as identities
        on key_kinds.key_type = identities.key_type and key_kinds.key_value = identities.key_value
    where key_kinds.key_value <> ''
        and identities.scope in ('', key_kinds.provider_id)
        and key_kinds.usage_date >= identities.valid_from and key_kinds.usage_date < identities.valid_to
)

select
    usage_date,
    provider_id,
    team,
    project_id,
    api_key_id,
    unit_id,
    project,
    environment,
    is_subscription
from ranked
where rank = 1
