{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

select
    allocation_group_id,
    usage_date,
    {%- for column in allocation_group_columns() %}
    any_value({{ column }}) as {{ column }},
    {%- endfor %}
    count(*) as requests,
    count(case when is_failed then 1 end) as failed_requests,
    count(case when pricing_status = 'unpriced' then 1 end) as unpriced_requests,
    {%- for token_class in token_class_names() %}
    cast(coalesce(sum({{ token_class }}_tokens), 0) as decimal(38, 0)) as {{ token_class }}_tokens,
    {%- endfor %}
    max(case when has_units then 1 else 0 end) = 1 as has_units,
    sum(list_cost) as list_cost,
    sum(contracted_cost) as contracted_cost,
    sum(gateway_cost) as gateway_cost,
    max(cost_currency) as cost_currency
from {{ ref('fct_inference_requests') }}
where is_of_record and {{ in_dirty_days('usage_date') }}
group by allocation_group_id, usage_date
