-- What a request joins: the names that it was logged with, what they mean, and its prices. Names that nothing is known of have a row
-- too, without prices, so that unknown use is found by the same join and never costs nothing.
select
    contexts.usage_date,
    contexts.raw_provider,
    contexts.raw_model,
    contexts.raw_service_tier,
    contexts.raw_processing,
    contexts.raw_residency,
    contexts.provider_id,
    contexts.model_id,
    contexts.deployment_id,
    contexts.service_tier,
    contexts.processing,
    contexts.is_provisioned,
    prices.price_id,
    prices.price_version,
    coalesce(prices.context_above, -1) as context_above,
    coalesce(prices.context_up_to, 9223372036854775807) as context_up_to,
    coalesce(prices.window_start_second, 0) as window_start_second,
    coalesce(prices.window_end_second, 86400) as window_end_second,
    {%- for usage_class in token_class_names() + unit_class_names() %}
    prices.list_{{ usage_class }},
    prices.contract_{{ usage_class }},
    {%- endfor %}
    coalesce(prices.has_contract_rate, false) as has_contract_rate,
    coalesce(prices.is_residency_fallback, false) as is_residency_fallback
from {{ ref('int_price_contexts_daily') }} as contexts
left join {{ ref('int_token_prices_daily') }} as prices
    on contexts.usage_date = prices.usage_date
    and contexts.provider_id = prices.provider_id
    and contexts.model_id = prices.model_id
    and contexts.service_tier = prices.service_tier
    and contexts.processing = prices.processing
    and contexts.residency = prices.residency
