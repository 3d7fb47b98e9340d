-- What the API that the declared map names as the alternative of a served model asks for a token on the days on which the model served:
-- list price of the day's book, standard tier, any place, shortest context, dearest hour of the day.
with days as (

    select usage_date from {{ ref('int_deployment_token_work_hourly') }}
    union
    select usage_date from {{ ref('int_request_groups_hourly') }}
    where provider_id = 'self_hosted'

),

-- Of several names of a model in a deployment the first that names an API counts.
declared as (

    select
        days.usage_date,
        map.deployment_id,
        map.model_id,
        map.api_provider,
        map.api_model,
        row_number() over (
            partition by days.usage_date, map.deployment_id, map.model_id order by map.model_alias, map.api_provider, map.api_model
        ) as preference
    from days
    inner join {{ ref('stg_reference__serving_map') }} as map
        on days.usage_date >= map.valid_from and days.usage_date < map.valid_to
    where map.api_model is not null

),

named as (

    select
        declared.usage_date,
        declared.deployment_id,
        declared.model_id,
        coalesce(names.provider_id, declared.api_provider) as api_provider_id,
        coalesce(names.model_id, declared.api_model) as api_model_id,
        names.price_provider_id
    from declared
    left join {{ ref('int_model_names') }} as names
        on declared.api_provider = names.raw_provider and declared.api_model = names.raw_model
    where declared.preference = 1

)

select
    named.usage_date,
    named.deployment_id,
    named.model_id,
    named.api_provider_id,
    named.api_model_id,
    max(prices.book_id) as price_version,
    max(case when prices.token_class = 'input_uncached_text' then prices.unit_price_usd end) as input_price_usd,
    max(case when prices.token_class = 'input_cache_read' then prices.unit_price_usd end) as cache_read_price_usd,
    max(case when prices.token_class = 'output_text' then prices.unit_price_usd end) as output_price_usd
from named
left join {{ ref('stg_price_book__book_days') }} as books
    on named.usage_date >= books.valid_from and named.usage_date < books.valid_to
left join {{ ref('stg_price_book__token_prices') }} as prices
    on
        books.book_id = prices.book_id
        and named.price_provider_id = prices.provider_id
        and named.api_model_id = prices.model_id
        and named.usage_date >= prices.valid_from
        and named.usage_date < prices.valid_to
        and prices.weekdays like concat('%', {{ iso_weekday('named.usage_date') }}, '%')
        and prices.service_tier = 'standard'
        and prices.processing = 'standard'
        and prices.residency = 'any'
        and prices.tier_start = 0
group by named.usage_date, named.deployment_id, named.model_id, named.api_provider_id, named.api_model_id
