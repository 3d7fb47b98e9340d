-- LiteLLM writes every vendor's usage in OpenAI's shape: prompt tokens hold the cached and cache-write tokens, completion tokens
-- hold the reasoning tokens. The classes are made disjoint here. Where the parts exceed the total the row breaks that rule
-- (older versions pass Anthropic's exclusive counts through): the parts are then taken as coming on top, and `dq_status` says so. Where they
-- would fit, no row can tell: the delivery declares it (usage_semantics, T2).
with requests as (
    select
        _feed as feed,
        _day as usage_date,
        request_id,
        -- the gateway passes the vendor's id of the answer through as its own
        request_id as response_id,
        started_at as requested_at,
        lower(custom_llm_provider) as raw_provider,
        model as raw_model,
        model_id as deployment_id,
        coalesce(nullif(lower(served_tier), ''), nullif(lower(speed), ''), 'standard') as raw_service_tier,
        case when call_type like '%batch%' then 'batch' else 'standard' end as raw_processing,
        nullif(lower(residency), '') as raw_residency,
        nullif(project_id, '') as project_id,
        nullif(api_key, '') as api_key_id,
        nullif(team_id, '') as team,
        nullif(environment, '') as environment,
        coalesce(nullif(customer_id, ''), nullif(end_user, '')) as customer_id,
        nullif(feature, '') as feature,
        nullif(session_id, '') as session_id,
        coalesce(nullif(status, ''), 'success') as status,
        case when lower(cache_hit) = 'true' then 'gateway_cache' else 'provider' end as served_from,
        'litellm_spend_log' as usage_shape,
        nullif(meter_version, '') as meter_version,
        coalesce(lower(usage_semantics) = 'exclusive', false) as is_exclusive,
        prompt_tokens,
        completion_tokens,
        coalesce(usage_cached_tokens, 0) as cache_read,
        coalesce(usage_cache_write_tokens, coalesce(usage_cache_write_5m_tokens, 0) + coalesce(usage_cache_write_1h_tokens, 0)) as cache_write,
        coalesce(usage_cache_write_5m_tokens, 0) as cache_write_5m,
        coalesce(usage_cache_write_1h_tokens, 0) as cache_write_1h,
        coalesce(usage_audio_tokens, 0) as audio_in,
        coalesce(usage_image_tokens, 0) as image_in,
        coalesce(usage_video_tokens, 0) as video_in,
        0 as cache_read_audio,
        0 as cache_read_image,
        coalesce(usage_reasoning_tokens, 0) as reasoning,
        coalesce(usage_output_audio_tokens, 0) as audio_out,
        coalesce(usage_output_image_tokens, 0) as image_out,
        0 as video_out,
        cast(usage_web_searches as decimal(18, 6)) as web_searches_logged,
        {{ vendor_amount('spend') }} as gateway_cost
    from {{ source('litellm', 'litellm_spend_logs') }}
)

{{ canonical_tokens('requests', is_exclusive='is_exclusive', units={'web_searches': 'web_searches_logged'}) }}
