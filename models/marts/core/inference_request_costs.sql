{{ config(materialized='view') }}

-- A request's part of what its group was charged: by tokens of the class, on own GPUs by prefill and decode work.
with weights as (

    select * from {{ ref('dim_serving_work_weights') }}

),

requests as (

    select
        requests.*,
        coalesce(own.prefill_weight, usual.prefill_weight) as prefill_weight,
        coalesce(own.cached_weight, usual.cached_weight) as cached_weight,
        coalesce(own.decode_weight, usual.decode_weight) as decode_weight
    from {{ ref('fct_inference_requests') }} as requests
    left join weights as own on requests.deployment_id = own.deployment_id
    left join weights as usual on usual.deployment_id = '*'
    where requests.is_of_record

),

quantities as (

    {% for class in token_class_names() + unit_class_names() -%}
        select
            meter, feed, request_id, usage_date, allocation_group_id, '{{ class }}' as token_class,
            cast({{ usage_column(class) }} as decimal(38, 9)) as quantity
        from requests
        where provider_id <> 'self_hosted' and {{ usage_column(class) }} > 0
        union all
    {% endfor -%}
    select
        meter, feed, request_id, usage_date, allocation_group_id, 'input_uncached_text',
        cast(
            coalesce({{ tokens_of('uncached', 'requests') }} + {{ tokens_of('cache_write', 'requests') }}, 0)
            * cast(prefill_weight as double)
            + coalesce({{ tokens_of('cache_read', 'requests') }}, 0) * cast(cached_weight as double)
            as decimal(38, 9)
        )
    from requests
    where provider_id = 'self_hosted'
    union all
    select
        meter, feed, request_id, usage_date, allocation_group_id, 'output_text',
        cast(
            coalesce({{ tokens_of('output', 'requests') }}, 0) * cast(decode_weight as double)
            as decimal(38, 9)
        )
    from requests
    where provider_id = 'self_hosted'

),

shares as (

    select
        *,
        sum(quantity) over (partition by usage_date, allocation_group_id, token_class) as group_quantity
    from quantities

),

charged as (

    select
        usage_date, allocation_group_id, token_class, cost_status, billing_currency,
        sum(effective_cost) as effective_cost
    from {{ ref('fct_cost_allocation') }}
    where allocation_group_id is not null
    group by usage_date, allocation_group_id, token_class, cost_status, billing_currency

)

select
    shares.meter,
    shares.feed,
    shares.request_id,
    shares.usage_date,
    shares.allocation_group_id,
    shares.token_class,
    shares.quantity,
    shares.group_quantity,
    charged.cost_status,
    charged.billing_currency,
    -- The cast is for readers on DuckDB 1.x, where rounding gives a DOUBLE.
    cast({{ allocate('charged.effective_cost', 'shares.quantity', 'shares.group_quantity') }} as decimal(38, 12)) as allocated_cost
from shares
inner join charged
    on
        shares.usage_date = charged.usage_date
        and shares.allocation_group_id = charged.allocation_group_id
        and shares.token_class = charged.token_class
