{#- Disjoint token classes from totals and their parts, for every request source. `relation` has prompt_tokens, completion_tokens
    and their parts (never NULL): cache_read, cache_write, cache_write_5m, cache_write_1h, audio_in, image_in, video_in,
    cache_read_audio, cache_read_image, reasoning, audio_out, image_out, video_out. The parts are disjoint; `cache_read`, `audio_in`
    and `image_in` leave out what is both cached and of a modality.

    Parts are inside the totals; with `is_exclusive` the cache parts come on top of the prompt tokens (Anthropic's shape).
    A row whose parts exceed their total cannot be inside it: its parts are taken as on top, nothing is clamped, and dq_status
    names the broken rule, so that a rise in such rows is seen. A known lifetime of cache writes wins over the total.
    Missing usage stays NULL, and so does usage with a negative count: unknown is not zero. `reported_total`: SQL of the vendor's own
    total of all tokens, NULL where it gives none; `largest_turn`: SQL of the input tokens of the largest turn, where an answer took several
    and a threshold of context holds for each of them; `units`: unit class to SQL of its quantity; `usage_problem`: SQL of the dq_status that
    reading the usage gave, NULL where it gave none. -#}
{% macro canonical_tokens(
    relation, is_exclusive, reported_total='cast(null as bigint)', units={}, usage_problem='cast(null as varchar)',
    largest_turn='cast(null as bigint)'
) -%}
{%- set inputs = ['audio_in', 'image_in', 'video_in', 'cache_read_audio', 'cache_read_image'] -%}
{%- set outputs = ['reasoning', 'audio_out', 'image_out', 'video_out'] -%}
{%- set classes = {
    'input_cache_read': 'cache_read', 'input_cache_write_5m': 'cache_write_5m', 'input_cache_write_1h': 'cache_write_1h',
    'input_cache_write_unspecified': 'cache_write - cache_write_5m - cache_write_1h', 'input_audio': 'audio_in',
    'input_image': 'image_in', 'input_video': 'video_in', 'input_cache_read_audio': 'cache_read_audio',
    'input_cache_read_image': 'cache_read_image', 'output_reasoning': 'reasoning', 'output_audio': 'audio_out',
    'output_image': 'image_out', 'output_video': 'video_out',
} -%}
select
    feed,
    request_id,
    response_id,
    requested_at,
    usage_date,
    raw_provider,
    raw_model,
    deployment_id,
    raw_service_tier,
    raw_processing,
    raw_residency,
    project_id,
    api_key_id,
    team,
    environment,
    customer_id,
    feature,
    session_id,
    status,
    status <> 'success' as is_failed,
    served_from,
    usage_shape,
    case when prompt_tokens is not null then case when input_parts_on_top then 'exclusive' else 'inclusive' end end as usage_semantics,
    meter_version,
    gateway_cost,
    cast(prompt_tokens - case when input_parts_on_top then 0 else input_parts end as bigint) as input_uncached_text_tokens,
    cast(completion_tokens - case when output_parts_on_top then 0 else output_parts end as bigint) as output_text_tokens,
    {%- for token_class, part in classes.items() %}
    cast(
        case when {{ 'prompt_tokens' if token_class.startswith('input') else 'completion_tokens' }} is not null then {{ part }} end as bigint
    ) as {{ token_class }}_tokens,
    {%- endfor %}
    cast(prompt_tokens + case when input_parts_on_top then input_parts else 0 end as bigint) as input_total_tokens,
    cast(completion_tokens + case when output_parts_on_top then output_parts else 0 end as bigint) as output_total_tokens,
    cast({{ largest_turn }} as bigint) as largest_turn_tokens,
    {%- for unit_class in unit_class_names() %}
    cast({{ unit_class if unit_class in units else 'null' }} as decimal(18, 6)) as {{ unit_class }},
    {%- endfor %}
    {% if units -%}
    coalesce({% for unit_class in units %}{{ unit_class }} > 0{{ ' or ' if not loop.last }}{% endfor %}, false)
    {%- else -%} false {%- endif %} as has_units,
    case
        when problem_found is not null then problem_found
        when has_negative then 'negative_tokens'
        when prompt_tokens is null or completion_tokens is null then 'missing_usage'
        when input_parts_on_top and not declared_exclusive then 'input_parts_exceed_total'
        when output_parts_on_top then 'output_parts_exceed_total'
        when is_split_above_total then 'cache_write_split_exceeds_total'
        when is_split_partial then 'cache_write_split_partial'
        when total_of_all <> prompt_tokens + case when input_parts_on_top then input_parts else 0 end
            + coalesce(completion_tokens, 0) + case when output_parts_on_top then output_parts else 0 end then 'parts_differ_from_total'
        else 'ok'
    end as dq_status
from (
    select
        *,
        declared_exclusive or cache_read + cache_write + {{ inputs | join(' + ') }} > prompt_tokens as input_parts_on_top,
        cache_read + cache_write + {{ inputs | join(' + ') }} as input_parts,
        {{ outputs | join(' + ') }} > completion_tokens as output_parts_on_top,
        {{ outputs | join(' + ') }} as output_parts
    from (
        select
            * replace (
                case when not has_negative then prompt_tokens end as prompt_tokens,
                case when not has_negative then completion_tokens end as completion_tokens,
                greatest(cache_write, cache_write_5m + cache_write_1h) as cache_write
            ),
            {{ is_exclusive }} as declared_exclusive,
            {{ reported_total }} as total_of_all,
            {{ usage_problem }} as problem_found,
            {%- for unit_class, quantity in units.items() %}
            {{ quantity }} as {{ unit_class }},
            {%- endfor %}
            cache_write_5m + cache_write_1h > cache_write as is_split_above_total,
            cache_write_5m + cache_write_1h > 0 and cache_write_5m + cache_write_1h < cache_write as is_split_partial
        from (
            select
                *,
                least(
                    prompt_tokens, completion_tokens, cache_read, cache_write, cache_write_5m, cache_write_1h,
                    {{ (inputs + outputs) | join(', ') }}
                ) < 0 as has_negative
            from {{ relation }}
        ) as signed
    ) as split_checked
) as checked
{%- endmacro %}
