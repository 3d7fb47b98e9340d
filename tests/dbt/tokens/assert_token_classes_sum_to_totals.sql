{{ config(meta={'dagster': {'ref': {'name': 'fct_inference_requests'}}}) }}
-- The classes of a request are disjoint and complete: they add up to the totals, and none is negative (T1, T5, T6). A total without
-- its classes, or classes without a total, fails too.
select meter, feed, request_id, input_total_tokens, output_total_tokens, dq_status
from {{ ref('fct_inference_requests') }} as requests
where {{ replaced_days('usage_date') }}
    and (
        input_total_tokens is distinct from {{ tokens_of('input', 'requests') }}
        or output_total_tokens is distinct from {{ tokens_of('output', 'requests') }}
        or least(
            {%- for token_class in token_class_names() %} coalesce({{ token_class }}_tokens, 0){{ ',' if not loop.last }} {%- endfor %}
        ) < 0
    )
