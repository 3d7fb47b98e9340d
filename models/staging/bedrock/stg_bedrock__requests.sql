-- The log counts tokens twice: in its own fields, which cut off bodies and streams have too, and in the answer's usage object, which
-- alone knows the lifetimes of cache writes. The object counts where it is there. An application inference profile hides the model in its
-- ARN; then the body's name of it is taken, where it has one.
with envelopes as (
    select
        _feed as feed,
        _day as usage_date,
        request_id,
        request_id as response_id,
        requested_at,
        'aws' as raw_provider,
        case when model_id like '%:application-inference-profile/%' then coalesce(body_model, model_id) else model_id end as raw_model,
        case when model_id like 'arn:%' then model_id end as deployment_id,
        case when model_id like '%:provisioned-model/%' then 'provisioned' else lower(service_tier) end as envelope_service_tier,
        'standard' as raw_processing,
        cast(null as varchar) as raw_residency,
        account_id as project_id,
        identity_arn as api_key_id,
        team,
        environment,
        customer_id,
        feature,
        session_id,
        case when error_code is null then 'success' else 'failure' end as status,
        'provider' as served_from,
        meter_version,
        cast(null as decimal(38, 12)) as gateway_cost,
        coalesce(
            case when starts_with(usage, '{') then usage end,
            '{"inputTokenCount":' || input_tokens || ',"outputTokenCount":' || coalesce(cast(output_tokens as varchar), 'null')
            || ',"cacheReadInputTokenCount":' || coalesce(cache_read_tokens, 0)
            || ',"cacheWriteInputTokenCount":' || coalesce(cache_write_tokens, 0) || '}'
        ) as usage
    from {{ source('bedrock', 'bedrock_invocations') }}
),

requests as (
    select
        *,
        coalesce(envelope_service_tier, usage_service_tier, 'standard') as raw_service_tier
    from (
        {{ usage_parts('envelopes') }}
    ) as parts
)

{{ canonical_tokens(
    'requests', is_exclusive='is_exclusive', reported_total='reported_total', usage_problem='usage_problem', largest_turn='largest_turn',
    units=usage_units()
) }}
