{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}
{%- set usage_classes = token_class_names() + unit_class_names() %}

-- Use without a price is no cost of 0: it is listed here, under the name that was logged, until a price arrives.
select
    requests.usage_date,
    requests.provider_id,
    coalesce(requests.raw_model, 'none') as raw_model,
    max(requests.model_id) as model_id,
    count(*) as unpriced_requests,
    cast(coalesce(sum(requests.input_total_tokens), 0) as decimal(38, 0)) as input_tokens,
    cast(coalesce(sum(requests.output_total_tokens), 0) as decimal(38, 0)) as output_tokens,
    concat_ws(
        ' '
        {%- for usage_class in usage_classes %},
        max(case when requests.{{ usage_column(usage_class) }} > 0 and prices.list_{{ usage_class }} is null then '{{ usage_class }}' end)
        {%- endfor %}
    ) as classes_without_price
from {{ ref('fct_inference_requests') }} as requests
left join {{ ref('int_token_prices_daily') }} as prices
    on requests.usage_date = prices.usage_date and requests.price_id = prices.price_id
where requests.is_of_record and requests.pricing_status = 'unpriced' and {{ in_dirty_days('requests.usage_date') }}
group by requests.usage_date, requests.provider_id, coalesce(requests.raw_model, 'none')
