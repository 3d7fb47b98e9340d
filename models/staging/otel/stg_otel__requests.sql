-- Calls of models among spans. Agents, workflows and wrappers repeat the usage of the calls inside them, so a span counts only where it
-- is the call itself: by its kind or operation, and without another call inside it. Old instrumentations name no operation: there a
-- client's span with a model that was asked for and usage is a call.
with calls as not materialized (
    select
        *,
        coalesce(lower(operation) in ('embeddings', 'embedding') or upper(ai_kind) = 'EMBEDDING', false) as is_embedding
    from {{ source('otel', 'otel_spans') }}
    where case
        when ai_kind is not null then upper(ai_kind) in ('LLM', 'EMBEDDING')
        when operation is not null
            then lower(operation) in (
                'chat', 'generate_content', 'text_completion', 'embeddings', 'responses', 'completion', 'embedding', 'rerank'
            )
        else
            kind in ('3', 'SPAN_KIND_CLIENT') and request_model is not null and coalesce(input_tokens, output_tokens) is not null
    end
),

-- A call within another one says so as a row in that one's place.
marked as (
    select
        *,
        false as is_mark
    from calls
    union all
    select
        * replace (parent_span_id as span_id),
        true as is_mark
    from calls
    where parent_span_id is not null
),

-- A window by day, through which a filter on days gets: a join of the calls with themselves would read the spans of all days for each.
traced as (
    select
        *,
        max(case when is_mark then 1 else 0 end) over (partition by _day, trace_id, span_id) as has_call_inside
    from marked
),

requests as (
    select
        calls._feed as feed,
        calls._day as usage_date,
        calls.trace_id || ':' || calls.span_id as request_id,
        nullif(calls.response_id, '') as response_id,
        calls.started_at as requested_at,
        lower(calls.provider) as raw_provider,
        coalesce(calls.response_model, calls.request_model) as raw_model,
        nullif(calls.deployment_id, '') as deployment_id,
        coalesce(nullif(lower(calls.service_tier), ''), 'standard') as raw_service_tier,
        'standard' as raw_processing,
        cast(null as varchar) as raw_residency,
        nullif(calls.project_id, '') as project_id,
        nullif(calls.api_key_id, '') as api_key_id,
        nullif(calls.team, '') as team,
        nullif(calls.environment, '') as environment,
        nullif(calls.customer_id, '') as customer_id,
        nullif(calls.feature, '') as feature,
        nullif(calls.session_id, '') as session_id,
        case when calls.error_type is not null or calls.status_code in ('2', 'STATUS_CODE_ERROR') then 'failure' else 'success' end as status,
        'provider' as served_from,
        case when calls.ai_kind is not null then 'openinference_span' else 'gen_ai_span' end as usage_shape,
        nullif(concat_ws(' ', nullif(calls.scope_name, ''), nullif(calls.scope_version, '')), '') as meter_version,
        calls.input_tokens as prompt_tokens,
        case when calls.is_embedding and calls.input_tokens is not null then coalesce(calls.output_tokens, 0) else calls.output_tokens end
            as completion_tokens,
        coalesce(calls.cache_read_tokens, 0) as cache_read,
        coalesce(calls.cache_write_tokens, 0) as cache_write,
        0 as cache_write_5m,
        0 as cache_write_1h,
        coalesce(calls.input_audio_tokens, 0) as audio_in,
        coalesce(calls.input_image_tokens, 0) as image_in,
        coalesce(calls.input_video_tokens, 0) as video_in,
        0 as cache_read_audio,
        0 as cache_read_image,
        coalesce(calls.reasoning_tokens, 0) as reasoning,
        coalesce(calls.output_audio_tokens, 0) as audio_out,
        0 as image_out,
        0 as video_out,
        calls.total_tokens as logged_total,
        {{ vendor_amount('try_cast(calls.reported_cost as decimal(38, 28))') }} as gateway_cost
    from traced as calls
    where not calls.is_mark and calls.has_call_inside = 0
)

-- Cached tokens belong into the input tokens, but some instrumentations leave them out: the total, where there is one, tells.
{{ canonical_tokens(
    'requests',
    is_exclusive='coalesce(cache_read + cache_write > 0 and logged_total = prompt_tokens + completion_tokens + cache_read + cache_write, false)',
    reported_total='logged_total'
) }}
