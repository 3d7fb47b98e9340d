{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}
{%- set usage_classes = token_class_names() + unit_class_names() %}

-- What the provider meters, so without answers of the gateway's own cache and failures that used nothing. Requests of one price row
-- have one unit price: adding up first and pricing the sums gives the same cost as adding up priced requests, exactly.
with sums as (
    select
        allocation_group_id,
        usage_date,
        price_id,
        pricing_status = 'provisioned' as is_provisioned,
        {%- for token_class in token_class_names() %}
        cast(coalesce(sum({{ token_class }}_tokens), 0) as decimal(18, 0)) as {{ token_class }},
        {%- endfor %}
        {%- for unit_class in unit_class_names() %}
        cast(coalesce(sum({{ unit_class }}), 0) as decimal(18, 6)) as {{ unit_class }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_inference_requests') }}
    where is_of_record and pricing_status <> 'not_billable' and {{ in_dirty_days('usage_date') }}
    group by allocation_group_id, usage_date, price_id, pricing_status = 'provisioned'
),

unit_prices as (
    select
        sums.*
        {%- for usage_class in usage_classes %}
        {%- for price in ['list', 'contract'] %},
        case when sums.is_provisioned then 0 else prices.{{ price }}_{{ usage_class }} end as {{ price }}_{{ usage_class }}
        {%- endfor %}
        {%- endfor %}
    from sums
    left join {{ ref('int_token_prices_daily') }} as prices
        on sums.usage_date = prices.usage_date and sums.price_id = prices.price_id
),

-- A row for each class that was used: most groups use three of them.
used as (
    {%- for usage_class in usage_classes %}
    select
        allocation_group_id,
        usage_date,
        '{{ usage_class }}' as token_class,
        cast({{ usage_class }} as decimal(24, 6)) as quantity,
        {{ usage_class }} * list_{{ usage_class }} as list_cost,
        {{ usage_class }} * contract_{{ usage_class }} as contracted_cost
    from unit_prices
    where {{ usage_class }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A group has several price rows only where its requests lie on both sides of a context threshold or of a time window. One used and
-- unpriced part makes the group's cost of that class unknown.
classes as (
    select
        allocation_group_id,
        usage_date,
        token_class,
        cast(sum(quantity) as decimal(38, 6)) as quantity,
        cast(case when count(list_cost) = count(*) then sum(list_cost) end as decimal(38, 12)) as list_cost,
        cast(case when count(contracted_cost) = count(*) then sum(contracted_cost) end as decimal(38, 12)) as contracted_cost
    from used
    group by allocation_group_id, usage_date, token_class
)

select
    classes.allocation_group_id,
    classes.usage_date,
    {%- for column in allocation_group_columns() %}
    request_groups.{{ column }},
    {%- endfor %}
    classes.token_class,
    names.billing_token_class,
    classes.quantity,
    bill_classes.quantity_unit,
    classes.list_cost,
    classes.contracted_cost,
    request_groups.cost_currency
from classes
inner join {{ ref('token_classes') }} as names on classes.token_class = names.token_class
inner join {{ ref('billing_token_classes') }} as bill_classes on names.billing_token_class = bill_classes.billing_token_class
inner join {{ ref('int_request_groups_hourly') }} as request_groups
    on classes.usage_date = request_groups.usage_date and classes.allocation_group_id = request_groups.allocation_group_id
