{{ config(meta={'dagster': {'ref': {'name': 'fct_inference_requests'}}}) }}
-- The classes of a request are disjoint and complete: they add up to the totals, and none is negative (T1, T5, T6). A total without
-- its classes, or classes without a total, fails too.
select meter, feed, request_id, input_total_tokens, output_total_tokens, dq_status
from {{ ref('fct_inference_requests') }}
where {{ replaced_days('usage_date') }}
    and (
        input_total_tokens is distinct from
        input_uncached_text_tokens + input_cache_read_tokens + input_cache_write_5m_tokens + input_cache_write_1h_tokens
        + input_cache_write_unspecified_tokens + input_audio_tokens + input_image_tokens
        or output_total_tokens is distinct from output_text_tokens + output_reasoning_tokens + output_audio_tokens
        or least(
            {%- for token_class in token_class_names() %} coalesce({{ token_class }}_tokens, 0){{ ',' if not loop.last }} {%- endfor %}
        ) < 0
    )
