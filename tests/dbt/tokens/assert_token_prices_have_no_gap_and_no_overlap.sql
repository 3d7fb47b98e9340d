{{ config(meta={'dagster': {'ref': {'name': 'stg_price_book__token_prices'}}}) }}
-- At every instant and context size exactly one price row holds (T12, T13): at each point where something changes, the rows of a
-- model, class, variant and place that cover the point are counted. A declared price may end without another one to follow it,
-- and what is sold may end at a context size, for good or from a day on; the smallest requests have no gap.
{%- set price_of = 'book_id, provider_id, model_id, token_class, service_tier, processing, residency, weekdays' %}
with edges as (
    select {{ price_of }}, day, context_size, second, max(is_listed) as is_listed
    from (
        {%- for point in [
            ['valid_from', 'tier_start + 1', 'window_start_second', 'true', 1],
            ['valid_to', 'tier_start + 1', 'window_start_second', "valid_to < date '9999-12-31'", 'case when tier_start = 0 then 1 else 0 end'],
            ['valid_from', 'tier_end + 1', 'window_start_second', 'tier_end < 9223372036854775807', 0],
            ['valid_from', 'tier_start + 1', 'window_end_second', 'window_end_second < 86400', 1],
        ] %}
        select
            {{ price_of }}, {{ point[0] }} as day, {{ point[1] }} as context_size, {{ point[2] }} as second,
            case when source in ('genai-prices', 'uplift') then {{ point[4] }} else 0 end as is_listed
        from {{ ref('stg_price_book__token_prices') }}
        where {{ point[3] }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as points
    group by {{ price_of }}, day, context_size, second
)

select
    edges.book_id, edges.provider_id, edges.model_id, edges.token_class, edges.service_tier, edges.processing, edges.residency, edges.weekdays,
    edges.day, edges.context_size, edges.second,
    count(prices.model_id) as prices
from edges
left join {{ ref('stg_price_book__token_prices') }} as prices
    on edges.book_id = prices.book_id and edges.provider_id = prices.provider_id and edges.model_id = prices.model_id
    and edges.token_class = prices.token_class and edges.service_tier = prices.service_tier and edges.processing = prices.processing
    and edges.residency = prices.residency and edges.weekdays = prices.weekdays
    and edges.day >= prices.valid_from and edges.day < prices.valid_to
    and edges.context_size > prices.tier_start and edges.context_size <= prices.tier_end
    and edges.second >= prices.window_start_second and edges.second < prices.window_end_second
group by
    edges.book_id, edges.provider_id, edges.model_id, edges.token_class, edges.service_tier, edges.processing, edges.residency, edges.weekdays,
    edges.day, edges.context_size, edges.second, edges.is_listed
having count(prices.model_id) > 1 or count(prices.model_id) < edges.is_listed
