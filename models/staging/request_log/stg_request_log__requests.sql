-- Logs of any shape. Where a log has no request id, a row is known by its load, file, content and place among equal rows; only
-- those rows pay for the numbering.
with identified as (
    select
        *,
        cast(null as varchar) as content_key,
        cast(null as bigint) as ordinal,
        request_id as known_id
    from {{ source('request_log', 'request_log') }}
    where request_id is not null
    union all
    select
        *,
        {{ hash_key(['_load_id', '_file', 'content_key', 'ordinal']) }} as known_id
    from (
        select
            *,
            row_number() over (partition by _day, _load_id, _file, content_key order by content_key) as ordinal
        from (
            select
                *,
                {{ hash_key([
                    'requested_at', 'provider', 'model', 'input_tokens', 'input_cache_read_tokens', 'input_cache_write_tokens',
                    'input_cache_write_5m_tokens', 'input_cache_write_1h_tokens', 'output_tokens', 'output_reasoning_tokens', 'service_tier',
                    'processing', 'deployment_id', 'status', 'project_id', 'api_key_id', 'team', 'environment', 'customer_id', 'feature',
                    'session_id', '_extra'
                ]) }} as content_key
            from {{ source('request_log', 'request_log') }}
            where request_id is null
        ) as hashed
    ) as numbered
),

requests as (
    select
        _feed as feed,
        _day as usage_date,
        known_id as request_id,
        coalesce(vendor_response_id, known_id) as response_id,
        requested_at,
        lower(provider) as raw_provider,
        model as raw_model,
        deployment_id,
        coalesce(nullif(lower(service_tier), ''), 'standard') as raw_service_tier,
        coalesce(nullif(lower(processing), ''), 'standard') as raw_processing,
        nullif(lower(residency), '') as raw_residency,
        project_id,
        api_key_id,
        team,
        environment,
        customer_id,
        feature,
        session_id,
        coalesce(nullif(lower(status), ''), 'success') as status,
        coalesce(nullif(lower(served_from), ''), 'provider') as served_from,
        'request_log' as usage_shape,
        nullif(meter_version, '') as meter_version,
        lower(usage_semantics) = 'exclusive' as is_exclusive,
        input_tokens as prompt_tokens,
        output_tokens as completion_tokens,
        coalesce(input_cache_read_tokens, 0) as cache_read,
        coalesce(input_cache_write_tokens, coalesce(input_cache_write_5m_tokens, 0) + coalesce(input_cache_write_1h_tokens, 0)) as cache_write,
        coalesce(input_cache_write_5m_tokens, 0) as cache_write_5m,
        coalesce(input_cache_write_1h_tokens, 0) as cache_write_1h,
        coalesce(input_audio_tokens, 0) as audio_in,
        coalesce(input_image_tokens, 0) as image_in,
        0 as video_in,
        0 as cache_read_audio,
        0 as cache_read_image,
        coalesce(output_reasoning_tokens, 0) as reasoning,
        coalesce(output_audio_tokens, 0) as audio_out,
        0 as image_out,
        0 as video_out,
        {{ vendor_amount('logged_cost') }} as gateway_cost
    from identified
)

{{ canonical_tokens('requests', is_exclusive='coalesce(is_exclusive, false)') }}
