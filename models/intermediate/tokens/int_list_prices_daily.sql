-- The prices of the day's book for what the day's requests ask of it: a row per usage class, before negotiated rates.
-- Graduated prices are averages over the tiers that a request reaches, so every input size of the day has rows of its own there; all
-- other prices hold for a range of sizes.
with wanted as (
    select distinct
        usage_date,
        provider_id,
        model_id,
        price_provider_id,
        service_tier,
        processing,
        residency,
        is_provisioned,
        -- what provisioned capacity serves would have cost this much on demand
        case when is_provisioned then 'standard' else service_tier end as list_tier
    from {{ ref('int_price_contexts_daily') }}
    where price_provider_id is not null and {{ in_dirty_days('usage_date') }}
),

places as (
    select
        wanted.usage_date,
        wanted.provider_id,
        wanted.model_id,
        wanted.service_tier,
        wanted.processing,
        wanted.residency,
        wanted.is_provisioned,
        books.book_id,
        prices.residency as price_residency,
        prices.token_class,
        prices.tier_start,
        prices.tier_end,
        prices.tier_mode,
        prices.window_start_second,
        prices.window_end_second,
        prices.unit_price_usd,
        prices.is_fallback,
        max(case when prices.residency = wanted.residency then 1 else 0 end) over (
            partition by wanted.usage_date, wanted.provider_id, wanted.model_id, wanted.service_tier, wanted.processing, wanted.residency
        ) = 1 as has_own_place
    from wanted
    inner join {{ ref('stg_price_book__book_days') }} as books
        on wanted.usage_date >= books.valid_from and wanted.usage_date < books.valid_to
    inner join {{ ref('stg_price_book__token_prices') }} as prices
        on books.book_id = prices.book_id
        and wanted.price_provider_id = prices.provider_id
        and wanted.model_id = prices.model_id
        and wanted.list_tier = prices.service_tier
        and wanted.processing = prices.processing
        and wanted.usage_date >= prices.valid_from and wanted.usage_date < prices.valid_to
        and prices.weekdays like concat('%', {{ iso_weekday('wanted.usage_date') }}, '%')
    where prices.residency in ('any', wanted.residency)
        -- the variants of a list hold for its own provider only; a place that a reseller has is named for it (Azure's data zones)
        and (
            prices.provider_id = wanted.provider_id
            or (prices.service_tier = 'standard' and prices.processing = 'standard' and prices.residency in ('any', wanted.residency))
        )
),

prices as (
    select
        *,
        residency <> price_residency as is_residency_fallback
    from places
    where price_residency = residency or not has_own_place
),

graduated as (
    select distinct usage_date, provider_id, model_id, service_tier, processing, residency, tier_start, tier_end, window_start_second
    from prices
    where tier_mode = 'graduated' and tier_start > 0
),

-- Nothing is read of the requests where no price of the day is graduated.
sizes as (
    select distinct
        graduated.usage_date,
        graduated.provider_id,
        graduated.model_id,
        graduated.service_tier,
        graduated.processing,
        graduated.residency,
        graduated.tier_start,
        graduated.window_start_second,
        coalesce(requests.largest_turn_tokens, requests.input_total_tokens) as input_size
    from {{ ref('int_requests_unioned') }} as requests
    inner join {{ ref('int_price_contexts_daily') }} as contexts
        on requests.usage_date = contexts.usage_date
        and coalesce(requests.raw_provider, '') = contexts.raw_provider
        and coalesce(requests.raw_model, '') = contexts.raw_model
        and coalesce(requests.raw_service_tier, '') = contexts.raw_service_tier
        and coalesce(requests.raw_processing, '') = contexts.raw_processing
        and coalesce(requests.raw_residency, '') = contexts.raw_residency
    inner join graduated
        on contexts.usage_date = graduated.usage_date
        and contexts.provider_id = graduated.provider_id
        and contexts.model_id = graduated.model_id
        and contexts.service_tier = graduated.service_tier
        and contexts.processing = graduated.processing
        and contexts.residency = graduated.residency
        and coalesce(requests.largest_turn_tokens, requests.input_total_tokens) > graduated.tier_start
        and coalesce(requests.largest_turn_tokens, requests.input_total_tokens) <= graduated.tier_end
    where {{ in_dirty_days('requests.usage_date') }}
),

averages as (
    select
        sizes.usage_date,
        sizes.provider_id,
        sizes.model_id,
        sizes.service_tier,
        sizes.processing,
        sizes.residency,
        sizes.tier_start,
        sizes.window_start_second,
        sizes.input_size,
        prices.token_class,
        cast(
            cast(sum((least(prices.tier_end, sizes.input_size) - prices.tier_start) * cast(prices.unit_price_usd as decimal(38, 12))) as double)
            / sizes.input_size
            as decimal(18, 12)
        ) as average_price
    from sizes
    inner join prices
        on sizes.usage_date = prices.usage_date
        and sizes.provider_id = prices.provider_id
        and sizes.model_id = prices.model_id
        and sizes.service_tier = prices.service_tier
        and sizes.processing = prices.processing
        and sizes.residency = prices.residency
        and sizes.window_start_second = prices.window_start_second
        and sizes.input_size > prices.tier_start
    group by
        sizes.usage_date, sizes.provider_id, sizes.model_id, sizes.service_tier, sizes.processing, sizes.residency, sizes.tier_start,
        sizes.window_start_second, sizes.input_size, prices.token_class
)

select
    prices.usage_date,
    prices.provider_id,
    prices.model_id,
    prices.service_tier,
    prices.processing,
    prices.residency,
    prices.is_provisioned,
    prices.is_residency_fallback,
    prices.book_id,
    case
        when averages.input_size is not null then averages.input_size - 1
        -- an exclusive lower bound that lets a request without input tokens pass
        when prices.tier_start = 0 then -1
        else prices.tier_start
    end as context_above,
    coalesce(averages.input_size, prices.tier_end) as context_up_to,
    prices.window_start_second,
    prices.window_end_second,
    prices.token_class,
    case when prices.tier_mode = 'graduated' and averages.input_size is not null then averages.average_price else prices.unit_price_usd end as unit_price_usd,
    prices.is_fallback
from prices
left join graduated
    on prices.usage_date = graduated.usage_date
    and prices.provider_id = graduated.provider_id
    and prices.model_id = graduated.model_id
    and prices.service_tier = graduated.service_tier
    and prices.processing = graduated.processing
    and prices.residency = graduated.residency
    and prices.tier_start = graduated.tier_start
    and prices.window_start_second = graduated.window_start_second
left join averages
    on graduated.usage_date = averages.usage_date
    and graduated.provider_id = averages.provider_id
    and graduated.model_id = averages.model_id
    and graduated.service_tier = averages.service_tier
    and graduated.processing = averages.processing
    and graduated.residency = averages.residency
    and graduated.tier_start = averages.tier_start
    and graduated.window_start_second = averages.window_start_second
    and prices.token_class = averages.token_class
where graduated.tier_start is null or averages.input_size is not null
