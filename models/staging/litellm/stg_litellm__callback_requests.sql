-- The gateway's callback payloads. Where a payload has no usage object, its two totals are one.
with envelopes as (
    select
        _feed as feed,
        _day as usage_date,
        request_id,
        request_id as response_id,
        started_at as requested_at,
        lower(custom_llm_provider) as raw_provider,
        model as raw_model,
        model_id as deployment_id,
        nullif(lower(served_tier), '') as envelope_service_tier,
        case when call_type like '%batch%' then 'batch' else 'standard' end as raw_processing,
        nullif(lower(residency), '') as envelope_residency,
        nullif(project_id, '') as project_id,
        nullif(api_key, '') as api_key_id,
        nullif(team_id, '') as team,
        nullif(environment, '') as environment,
        coalesce(nullif(customer_id, ''), nullif(end_user, '')) as customer_id,
        nullif(feature, '') as feature,
        nullif(session_id, '') as session_id,
        coalesce(nullif(lower(status), ''), 'success') as status,
        case when lower(cache_hit) = 'true' then 'gateway_cache' else 'provider' end as served_from,
        nullif(meter_version, '') as meter_version,
        case when try_cast(response_cost as decimal(38, 28)) is not null then response_cost end as response_cost,
        coalesce(usage, '{"prompt_tokens":' || prompt_tokens || ',"completion_tokens":' || completion_tokens || '}') as usage
    from {{ source('litellm', 'litellm_callbacks') }}
),

requests as (
    select
        *,
        coalesce(envelope_service_tier, usage_service_tier, 'standard') as raw_service_tier,
        coalesce(envelope_residency, usage_residency) as raw_residency,
        {{ vendor_amount('response_cost') }} as gateway_cost
    from (
        {{ usage_parts('envelopes') }}
    ) as parts
)

{{ canonical_tokens(
    'requests', is_exclusive='is_exclusive', reported_total='reported_total', usage_problem='usage_problem', largest_turn='largest_turn',
    units=usage_units()
) }}
