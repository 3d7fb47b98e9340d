{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- List and contract prices laid out so that a request finds its one row by a hash join: a row per day, model, variant, place, context
-- range and time window, a column per usage class. Only what the day's requests ask for, so the table stays small.
with prices as (
    select
        prices.*,
        classes.billing_token_class
    from {{ ref('int_list_prices_daily') }} as prices
    inner join {{ ref('token_classes') }} as classes on prices.token_class = classes.token_class
    where {{ in_dirty_days('usage_date') }}
),

-- Of several negotiated rates the most specific one holds: an exact model before every model, then the class, its billing class,
-- every class; of equals the one that started last.
rates as (
    select
        prices.usage_date,
        prices.provider_id,
        prices.model_id,
        prices.token_class,
        rates.discount_pct,
        rates.unit_price_per_million,
        rates.currency,
        row_number() over (
            partition by prices.usage_date, prices.provider_id, prices.model_id, prices.token_class
            order by
                case when rates.model_pattern = '*' then 1 else 0 end asc,
                case when rates.token_class = prices.token_class then 0 when rates.token_class = '*' then 2 else 1 end asc,
                rates.valid_from desc,
                rates.discount_pct desc,
                rates.unit_price_per_million asc
        ) as rank
    from (select distinct usage_date, provider_id, model_id, token_class, billing_token_class from prices) as prices
    inner join {{ ref('stg_reference__contract_rates') }} as rates
        on prices.provider_id = rates.provider_id
        and prices.usage_date >= rates.valid_from and prices.usage_date < rates.valid_to
    where rates.model_pattern in ('*', prices.model_id)
        and rates.token_class in ('*', prices.token_class, prices.billing_token_class)
),

contracted as (
    select
        prices.*,
        rates.rank is not null as has_contract_rate,
        -- A negotiated price in another currency cannot stand in a USD cost: it is unknown here, not the list price.
        cast(case
            when rates.rank is null then prices.unit_price_usd
            when rates.unit_price_per_million is not null and rates.currency = 'USD' then cast(rates.unit_price_per_million as decimal(38, 9)) * 0.000001
            when rates.unit_price_per_million is null
                then cast(prices.unit_price_usd as decimal(25, 12)) * (1 - cast(rates.discount_pct as decimal(13, 10)) * 0.01)
        end as decimal(18, 12)) as contract_price_usd
    from prices
    left join rates
        on prices.usage_date = rates.usage_date
        and prices.provider_id = rates.provider_id
        and prices.model_id = rates.model_id
        and prices.token_class = rates.token_class
        and rates.rank = 1
)

select
    {{ hash_key(['provider_id', 'model_id', 'service_tier', 'processing', 'residency', 'context_above', 'window_start_second']) }} as price_id,
    usage_date,
    provider_id,
    model_id,
    service_tier,
    processing,
    residency,
    is_provisioned,
    context_above,
    context_up_to,
    window_start_second,
    window_end_second,
    {%- for usage_class in token_class_names() + unit_class_names() %}
    max(case when token_class = '{{ usage_class }}' then unit_price_usd end) as list_{{ usage_class }},
    max(case when token_class = '{{ usage_class }}' then contract_price_usd end) as contract_{{ usage_class }},
    {%- endfor %}
    max(case when has_contract_rate then 1 else 0 end) = 1 as has_contract_rate,
    max(case when is_residency_fallback then 1 else 0 end) = 1 as is_residency_fallback,
    count(case when is_fallback then 1 end) as fallback_classes,
    min(book_id) as price_version
from contracted
group by
    usage_date, provider_id, model_id, service_tier, processing, residency, is_provisioned, context_above, context_up_to,
    window_start_second, window_end_second
