{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- What the provider meters, so without answers of the gateway's own cache and failures that used nothing. Requests of one price row
-- have one unit price: adding up first and pricing the sums gives the same cost as adding up priced requests, exactly.
with sums as (
    select
        allocation_group_id,
        usage_date,
        price_id,
        {%- for column in allocation_group_columns() %}
        any_value({{ column }}) as {{ column }},
        {%- endfor %}
        {%- for token_class in token_class_names() %}
        cast(coalesce(sum({{ token_class }}_tokens), 0) as decimal(18, 0)) as {{ token_class }}_tokens{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_inference_requests') }}
    where pricing_status <> 'not_billable' and {{ in_dirty_days('usage_date') }}
    group by allocation_group_id, usage_date, price_id
),

classes as (
    {%- for token_class in token_class_names() %}
    select
        sums.allocation_group_id,
        sums.usage_date,
        {%- for column in allocation_group_columns() %}
        sums.{{ column }},
        {%- endfor %}
        '{{ token_class }}' as token_class,
        sums.{{ token_class }}_tokens as tokens,
        sums.{{ token_class }}_tokens * prices.list_{{ token_class }} as list_cost,
        sums.{{ token_class }}_tokens * prices.contract_{{ token_class }} as contracted_cost
    from sums
    left join {{ ref('int_token_prices_daily') }} as prices
        on sums.usage_date = prices.usage_date and sums.price_id = prices.price_id
    where sums.{{ token_class }}_tokens > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    classes.allocation_group_id,
    classes.usage_date,
    {%- for column in allocation_group_columns() %}
    any_value(classes.{{ column }}) as {{ column }},
    {%- endfor %}
    classes.token_class,
    any_value(names.billing_token_class) as billing_token_class,
    cast(sum(classes.tokens) as decimal(38, 0)) as tokens,
    -- one unpriced part makes the sum unknown
    cast(case when count(classes.list_cost) = count(*) then sum(classes.list_cost) end as decimal(38, 12)) as list_cost,
    cast(case when count(classes.contracted_cost) = count(*) then sum(classes.contracted_cost) end as decimal(38, 12)) as contracted_cost
from classes
inner join {{ ref('token_classes') }} as names on classes.token_class = names.token_class
group by classes.allocation_group_id, classes.usage_date, classes.token_class
