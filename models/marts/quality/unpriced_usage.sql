-- What to give a price or an alias, the largest first in tokens: names that the book does not know, and classes that it lacks.
with names as (

    select provider_id, raw_model, max(matched_by) as matched_by, max(suggested_model_id) as suggested_model_id
    from {{ ref('int_model_names') }}
    group by provider_id, raw_model

),

unpriced as (

    select
        provider_id,
        raw_model,
        max(model_id) as model_id,
        min(usage_date) as first_seen_date,
        max(usage_date) as last_seen_date,
        cast(sum(unpriced_requests) as bigint) as unpriced_requests,
        cast(sum(input_tokens) as decimal(38, 0)) as input_tokens,
        cast(sum(output_tokens) as decimal(38, 0)) as output_tokens,
        concat_ws(
            ' '
            {%- for usage_class in token_class_names() + unit_class_names() %},
            max(case when concat(' ', classes_without_price, ' ') like '% {{ usage_class }} %' then '{{ usage_class }}' end)
            {%- endfor %}
        ) as classes_without_price
    from {{ ref('unpriced_usage_daily') }}
    group by provider_id, raw_model

)

select
    unpriced.provider_id,
    unpriced.raw_model,
    unpriced.model_id,
    unpriced.first_seen_date,
    unpriced.last_seen_date,
    unpriced.unpriced_requests,
    unpriced.input_tokens,
    unpriced.output_tokens,
    unpriced.classes_without_price,
    coalesce(names.matched_by, 'none') as matched_by,
    names.suggested_model_id
from unpriced
left join names on unpriced.provider_id = names.provider_id and unpriced.raw_model = names.raw_model
