{{ config(meta={'dagster': {'ref': {'name': 'stg_price_book__token_prices'}}}) }}
-- At every instant and context size exactly one price row holds (T12, T13): at each point where something changes, the rows of a
-- model, class and variant that cover the point are counted.
with edges as (
    select provider_id, model_id, token_class, service_tier, processing, valid_from as day, tier_start + 1 as context_size, window_start_second as second
    from {{ ref('stg_price_book__token_prices') }}
    union
    select provider_id, model_id, token_class, service_tier, processing, valid_to, tier_start + 1, window_start_second
    from {{ ref('stg_price_book__token_prices') }}
    where valid_to < date '9999-12-31'
    union
    select provider_id, model_id, token_class, service_tier, processing, valid_from, tier_end + 1, window_start_second
    from {{ ref('stg_price_book__token_prices') }}
    where tier_end < 9223372036854775807
    union
    select provider_id, model_id, token_class, service_tier, processing, valid_from, tier_start + 1, window_end_second
    from {{ ref('stg_price_book__token_prices') }}
    where window_end_second < 86400
)

select edges.*, count(prices.model_id) as prices
from edges
left join {{ ref('stg_price_book__token_prices') }} as prices
    on edges.provider_id = prices.provider_id and edges.model_id = prices.model_id and edges.token_class = prices.token_class
    and edges.service_tier = prices.service_tier and edges.processing = prices.processing
    and edges.day >= prices.valid_from and edges.day < prices.valid_to
    and edges.context_size > prices.tier_start and edges.context_size <= prices.tier_end
    and edges.second >= prices.window_start_second and edges.second < prices.window_end_second
group by edges.provider_id, edges.model_id, edges.token_class, edges.service_tier, edges.processing, edges.day, edges.context_size, edges.second
having count(prices.model_id) <> 1
