{#- Disjoint token classes from totals and their parts, for every request source. `relation` has prompt_tokens, completion_tokens,
    cache_read, cache_write, cache_write_5m, cache_write_1h, audio_in, image_in, reasoning, audio_out (parts are never NULL).

    Parts are inside the totals; with `is_exclusive` the cache parts come on top of the prompt tokens (Anthropic's shape).
    A row whose parts exceed their total cannot be inside it: its parts are taken as on top, nothing is clamped, and dq_status
    names the broken rule, so that a rise in such rows is seen. A known lifetime of cache writes wins over the total.
    Missing usage stays NULL: unknown is not zero. -#}
{% macro canonical_tokens(relation, is_exclusive) -%}
select
    feed,
    request_id,
    requested_at,
    usage_date,
    raw_provider,
    raw_model,
    deployment_id,
    raw_service_tier,
    raw_processing,
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
    gateway_cost,
    prompt_tokens - case when input_parts_on_top then 0 else input_parts end as input_uncached_text_tokens,
    case when prompt_tokens is not null then cache_read end as input_cache_read_tokens,
    case when prompt_tokens is not null then cache_write_5m end as input_cache_write_5m_tokens,
    case when prompt_tokens is not null then cache_write_1h end as input_cache_write_1h_tokens,
    case when prompt_tokens is not null then cache_write - cache_write_5m - cache_write_1h end as input_cache_write_unspecified_tokens,
    case when prompt_tokens is not null then audio_in end as input_audio_tokens,
    case when prompt_tokens is not null then image_in end as input_image_tokens,
    completion_tokens - case when output_parts_on_top then 0 else reasoning + audio_out end as output_text_tokens,
    case when completion_tokens is not null then reasoning end as output_reasoning_tokens,
    case when completion_tokens is not null then audio_out end as output_audio_tokens,
    prompt_tokens + case when input_parts_on_top then input_parts else 0 end as input_total_tokens,
    completion_tokens + case when output_parts_on_top then reasoning + audio_out else 0 end as output_total_tokens,
    case
        when prompt_tokens is null and completion_tokens is null then 'missing_usage'
        when input_parts_on_top and not declared_exclusive then 'input_parts_exceed_total'
        when output_parts_on_top then 'output_parts_exceed_total'
        when is_split_above_total then 'cache_write_split_exceeds_total'
        when is_split_partial then 'cache_write_split_partial'
        else 'ok'
    end as dq_status
from (
    select
        *,
        declared_exclusive or cache_read + cache_write + audio_in + image_in > prompt_tokens as input_parts_on_top,
        cache_read + cache_write + audio_in + image_in as input_parts,
        reasoning + audio_out > completion_tokens as output_parts_on_top
    from (
        select
            * replace (greatest(cache_write, cache_write_5m + cache_write_1h) as cache_write),
            {{ is_exclusive }} as declared_exclusive,
            cache_write_5m + cache_write_1h > cache_write as is_split_above_total,
            cache_write_5m + cache_write_1h > 0 and cache_write_5m + cache_write_1h < cache_write as is_split_partial
        from {{ relation }}
    ) as split_checked
) as checked
{%- endmacro %}
