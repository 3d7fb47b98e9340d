-- Calls of models among observations. Usage is a map whose kinds differ between SDKs; each kind is told by its words, and `total` is
-- never added. Whether cached and reasoning tokens are inside `input` and `output` or beside them differs too: the total tells.
with observations as (
    select
        *,
        map_entries(try_cast(try_cast(usage_details as json) as map(varchar, varchar))) as texts
    from {{ source('langfuse', 'langfuse_observations') }}
    where upper(type) in ('GENERATION', 'EMBEDDING')
        and lower(coalesce(is_deleted, 'false')) not in ('1', 'true', 't')
),

-- One count that is none makes the whole map unknown: without it the rest would be a cheaper request.
numbered as (
    select
        * exclude (texts),
        [{'key': k.key, 'value': try_cast(try_cast(k.value as decimal(18, 6)) as bigint)} for k in texts] as kinds,
        case
            when texts is null and usage_details <> '' then 'unreadable_usage'
            when len([
                k for k in texts
                if k.value is not null and coalesce(try_cast(k.value as decimal(18, 6)) <> trunc(try_cast(k.value as decimal(18, 6))), true)
            ]) > 0 then 'unreadable_usage'
        end as usage_problem
    from observations
),

{%- set cached = "contains(lower(k.key), 'cache')" %}
{%- set written = "regexp_matches(lower(k.key), 'creation|write')" %}
{%- set reasoned = "regexp_matches(lower(k.key), 'reasoning|thinking|thought')" %}
{%- set of_input = "regexp_matches(lower(k.key), 'input|prompt')" %}
{%- set of_output = "regexp_matches(lower(k.key), 'output|completion|candidates')" %}

counted as (
    select
        * exclude (kinds),
        list_sum([k.value for k in kinds if lower(k.key) in ('input', 'input_tokens', 'prompt', 'prompt_tokens')]) as input_alone,
        list_sum([k.value for k in kinds if lower(k.key) in ('output', 'output_tokens', 'completion', 'completion_tokens')]) as output_alone,
        list_sum([k.value for k in kinds if lower(k.key) in ('total', 'total_tokens')]) as logged_total,
        coalesce(list_sum([k.value for k in kinds if {{ cached }} and not {{ written }}]), 0) as cache_read,
        coalesce(list_sum([k.value for k in kinds if {{ cached }} and {{ written }} and not regexp_matches(k.key, '5m|1h')]), 0) as cache_write_whole,
        coalesce(list_sum([k.value for k in kinds if {{ cached }} and {{ written }} and contains(k.key, '5m')]), 0) as cache_write_5m,
        coalesce(list_sum([k.value for k in kinds if {{ cached }} and {{ written }} and contains(k.key, '1h')]), 0) as cache_write_1h,
        coalesce(list_sum([k.value for k in kinds if {{ reasoned }} and not {{ cached }}]), 0) as reasoning,
        coalesce(list_sum([k.value for k in kinds if contains(k.key, 'audio') and {{ of_input }} and not {{ cached }}]), 0) as audio_in,
        coalesce(list_sum([k.value for k in kinds if contains(k.key, 'image') and {{ of_input }} and not {{ cached }}]), 0) as image_in,
        coalesce(list_sum([k.value for k in kinds if contains(k.key, 'audio') and {{ of_output }}]), 0) as audio_out
    from numbered
),

parts as (
    select
        *,
        greatest(cache_write_whole, cache_write_5m + cache_write_1h) as cache_write,
        case when usage_problem is null and coalesce(input_alone, output_alone) is not null then coalesce(input_alone, 0) end as input_logged,
        case when usage_problem is null and coalesce(input_alone, output_alone) is not null then coalesce(output_alone, 0) end as output_logged,
        cache_read + greatest(cache_write_whole, cache_write_5m + cache_write_1h) + audio_in + image_in as input_parts,
        reasoning + audio_out as output_parts
    from counted
),

requests as (
    select
        _feed as feed,
        _day as usage_date,
        coalesce(project_id || ':', '') || id as request_id,
        response_id,
        start_time as requested_at,
        lower(provider) as raw_provider,
        model as raw_model,
        cast(null as varchar) as deployment_id,
        coalesce(nullif(lower(service_tier), ''), 'standard') as raw_service_tier,
        'standard' as raw_processing,
        cast(null as varchar) as raw_residency,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        nullif(team, '') as team,
        nullif(environment, '') as environment,
        coalesce(nullif(customer_id, ''), nullif(user_id, '')) as customer_id,
        nullif(feature, '') as feature,
        nullif(session_id, '') as session_id,
        case when upper(level) = 'ERROR' then 'failure' else 'success' end as status,
        'provider' as served_from,
        'langfuse_usage_details' as usage_shape,
        nullif(concat_ws(' ', nullif(scope_name, ''), nullif(scope_version, '')), '') as meter_version,
        case
            when logged_total = input_logged + output_logged then input_logged
            when logged_total in (
                input_logged + output_logged + input_parts, input_logged + output_logged + input_parts + output_parts
            ) then input_logged + input_parts
            else input_logged
        end as prompt_tokens,
        case
            when logged_total = input_logged + output_logged then output_logged
            when logged_total in (
                input_logged + output_logged + output_parts, input_logged + output_logged + input_parts + output_parts
            ) then output_logged + output_parts
            else output_logged
        end as completion_tokens,
        cache_read,
        cache_write,
        cache_write_5m,
        cache_write_1h,
        audio_in,
        image_in,
        0 as video_in,
        0 as cache_read_audio,
        0 as cache_read_image,
        reasoning,
        audio_out,
        0 as image_out,
        0 as video_out,
        logged_total,
        usage_problem,
        {{ vendor_amount('try_cast(total_cost as decimal(38, 28))') }} as gateway_cost
    from parts
)

{{ canonical_tokens('requests', is_exclusive='false', reported_total='logged_total', usage_problem='usage_problem') }}
