-- Answers of every vendor; what their usage means is told by its keys. Where a body has no id (embeddings, images, audio), a row is known
-- by its load, file, content and place among equal rows; only those rows pay for the numbering.
-- What an advisor did for an answer of Anthropic's is another model's work at another price, and the answer's own counts leave it out: each
-- of its turns is a row of its own, in the tier and the place of the answer.
-- OpenAI bills a session for a container in which code runs, not for each answer that uses it: it counts with the first answer of the day.
with identified as (
    select
        *,
        cast(null as varchar) as content_key,
        cast(null as bigint) as ordinal,
        cast(null as bigint) as code_sessions,
        request_id as known_id
    from {{ source('model_responses', 'model_responses') }}
    where request_id is not null and code_containers is null
    union all
    select
        *,
        cast(null as varchar) as content_key,
        cast(null as bigint) as ordinal,
        case
            when row_number() over (partition by _day, provider, code_containers order by requested_at, request_id) = 1
                then len(string_split(code_containers, ' '))
            else 0
        end as code_sessions,
        request_id as known_id
    from {{ source('model_responses', 'model_responses') }}
    where request_id is not null and code_containers is not null
    union all
    select
        *,
        cast(null as bigint) as code_sessions,
        {{ hash_key(['_load_id', '_file', 'content_key', 'ordinal']) }} as known_id
    from (
        select
            *,
            row_number() over (partition by _load_id, _file, content_key order by content_key) as ordinal
        from (
            select
                *,
                {{ hash_key([
                    'requested_at', 'provider', 'model', 'usage', 'billed_units', 'service_tier', 'batch_item_id', 'deployment_id', 'status',
                    'project_id', 'api_key_id', 'team', 'environment', 'customer_id', 'feature', 'session_id'
                ]) }} as content_key
            from {{ source('model_responses', 'model_responses') }}
            where request_id is null
        ) as hashed
    ) as numbered
    union all
    select
        * exclude (turn) replace (
            turn['usage'] as usage,
            turn['model'] as model,
            response_id || ':advisor:' || turn['ordinal'] as response_id,
            cast(null as bigint) as web_search_calls,
            cast(null as bigint) as file_search_calls,
            cast(null as varchar) as code_containers
        ),
        cast(null as varchar) as content_key,
        cast(null as bigint) as ordinal,
        cast(null as bigint) as code_sessions,
        request_id || ':advisor:' || turn['ordinal'] as known_id
    from (
        select
            *,
            unnest([
                {
                    'ordinal': cast(i as varchar),
                    'model': json_extract_string(t, '$.model'),
                    'usage': cast(json_merge_patch(t, json_object(
                        'service_tier', json_extract(usage, '$.service_tier'), 'inference_geo', json_extract(usage, '$.inference_geo')
                    )) as varchar)
                }
                for t, i in json_extract(usage, '$.iterations[*]')
                if json_extract_string(t, '$.type') = 'advisor_message'
            ]) as turn
        from {{ source('model_responses', 'model_responses') }}
        where request_id is not null and contains(usage, '"advisor_message"')
    ) as advised
),

envelopes as (
    select
        _feed as feed,
        _day as usage_date,
        known_id as request_id,
        response_id,
        requested_at,
        lower(provider) as raw_provider,
        model as raw_model,
        deployment_id,
        nullif(lower(service_tier), '') as envelope_service_tier,
        case when batch_item_id is not null then 'batch' else coalesce(nullif(lower(processing), ''), 'standard') end as raw_processing,
        nullif(lower(residency), '') as envelope_residency,
        project_id,
        api_key_id,
        team,
        environment,
        customer_id,
        feature,
        session_id,
        case
            when status_code >= 400 or lower(status) in ('failed', 'failure', 'error', 'errored', 'cancelled', 'canceled', 'expired') then 'failure'
            else 'success'
        end as status,
        coalesce(nullif(lower(served_from), ''), 'provider') as served_from,
        nullif(meter_version, '') as meter_version,
        -- a vendor's own refusal used nothing; what an application calls a failure may have
        coalesce(status_code >= 400 or lower(status) in ('errored', 'expired'), false) and usage is null and billed_units is null as is_refused,
        -- Gemini 2 bills the grounded prompt, Gemini 3 each query: both are kept, and the price of one of them is 0. What is grounded in
        -- places only is no search.
        case when grounding_queries > 0 and (coalesce(grounding_places, 0) = 0 or grounding_web_sources > 0) then grounding_queries end as queries,
        case when grounding_places > 0 then 1 end as maps_queries_made,
        web_search_calls,
        file_search_calls,
        code_containers,
        code_container_sizes,
        code_sessions,
        coalesce(
            usage,
            '{"billed_units":' || billed_units || '}',
            '{"prompt_eval_count":' || ollama_prompt_tokens || ',"eval_count":' || coalesce(ollama_output_tokens, 0) || '}'
        ) as usage
    from identified
),

requests as (
    select
        * replace (
            case when is_refused then 0 else prompt_tokens end as prompt_tokens,
            case when is_refused then 0 else completion_tokens end as completion_tokens
        ),
        coalesce(envelope_service_tier, usage_service_tier, 'standard') as raw_service_tier,
        coalesce(envelope_residency, usage_residency) as raw_residency,
        -- Anthropic bills the hours of its containers, which no answer says; OpenAI's list is of containers of the smallest size
        case
            when code_containers is null or usage_shape is null then null
            when is_exclusive then 'code_execution_not_priced'
            when code_container_sizes <> '1g' then 'container_priced_as_smallest'
        end as code_problem,
        {{ vendor_amount('stated_cost') }} as gateway_cost
    from (
        {{ usage_parts('envelopes', own_rows=['advisor_message']) }}
    ) as parts
)

{%- set units = usage_units() -%}
{%- do units.update({
    'web_searches': 'coalesce(searches, web_search_calls, queries)', 'grounded_prompts': 'case when queries > 0 then 1 end',
    'maps_queries': 'maps_queries_made', 'storage_searches': 'file_search_calls',
    'code_executions': 'case when not is_exclusive then code_sessions end'
}) %}

{{ canonical_tokens(
    'requests', is_exclusive='is_exclusive', reported_total='reported_total', usage_problem='coalesce(usage_problem, code_problem)', largest_turn='largest_turn',
    units=units
) }}
