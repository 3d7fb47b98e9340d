{{ config(materialized='parquet_days', meta={'replace_by': 'usage_date', 'days_from': 'int_requests_unioned'}) }}

-- One pass over the requests of each day: hash joins with small tables only (price sheet, owners), no window, nothing row by row.
-- The price sheet has exactly one row for a request: its names, tier, place, size and second of the day select it.
with requests as (
    select
        requests.*,
        date_trunc('hour', requests.requested_at) as usage_hour,
        overruled.request_id is null as is_of_record,
        coalesce(overruled.record_meter, requests.meter) as meter_of_record,
        {{ seconds_of_day('requests.requested_at') }} as second_of_day
    from {{ ref('int_requests_unioned') }} as requests
    left join {{ ref('int_meter_of_record_overruled') }} as overruled
        on requests.usage_date = overruled.usage_date
        and requests.meter = overruled.meter
        and requests.feed = overruled.feed
        and requests.request_id = overruled.request_id
    where {{ in_dirty_days('requests.usage_date') }}
),

priced as (
    select
        requests.*,
        coalesce(prices.provider_id, requests.raw_provider, 'unknown') as provider_id,
        prices.model_id,
        coalesce(requests.deployment_id, prices.deployment_id) as served_deployment_id,
        -- what is declared for its key goes before what a log cannot say
        case when owners.is_subscription then 'subscription' else prices.service_tier end as service_tier,
        prices.processing,
        coalesce(requests.project_id, owners.project) as vendor_project_id,
        case when requests.meter in ('request_log', 'otel', 'langfuse') then coalesce(owners.unit_id, requests.team) else owners.unit_id end as team_id,
        coalesce(requests.environment, owners.environment) as owned_environment,
        prices.price_id,
        prices.price_version,
        coalesce(prices.is_residency_fallback, false) as is_residency_fallback,
        coalesce(prices.has_contract_rate, false) as has_contract_rate,
        case
            when prices.provider_id = 'self_hosted' then 'self_hosted'
            when requests.served_from = 'gateway_cache' then 'not_billable'
            when requests.is_failed and requests.input_total_tokens + requests.output_total_tokens = 0 and not requests.has_units then 'not_billable'
            when prices.is_provisioned or owners.is_subscription then 'provisioned'
            -- an attempt that broke off may be billed, and nobody logged what it used
            when requests.is_failed and coalesce(requests.input_total_tokens, 0) + coalesce(requests.output_total_tokens, 0) = 0 and not requests.has_units
                then 'usage_unknown'
            else 'billable'
        end as billing_status,
        {{ usage_cost('requests', 'prices', 'list') }} as usage_list_cost,
        -- Most price rows have no negotiated rate: the second multiplication is done only where one holds.
        case when prices.has_contract_rate then {{ usage_cost('requests', 'prices', 'contract') }} end as negotiated_cost
    from requests
    left join {{ ref('int_price_sheet_daily') }} as prices
        on requests.usage_date = prices.usage_date
        and coalesce(requests.raw_model, '') = prices.raw_model
        and coalesce(requests.raw_provider, '') = prices.raw_provider
        and coalesce(requests.raw_service_tier, '') = prices.raw_service_tier
        and coalesce(requests.raw_processing, '') = prices.raw_processing
        and coalesce(requests.raw_residency, '') = prices.raw_residency
        and coalesce(requests.largest_turn_tokens, requests.input_total_tokens, 0) > prices.context_above
        and coalesce(requests.largest_turn_tokens, requests.input_total_tokens, 0) <= prices.context_up_to
        and requests.second_of_day >= prices.window_start_second
        and requests.second_of_day < prices.window_end_second
    left join {{ ref('int_request_owners_daily') }} as owners
        on requests.usage_date = owners.usage_date
        and prices.provider_id = owners.provider_id
        and coalesce(requests.team, '') = owners.team
        and coalesce(requests.project_id, '') = owners.project_id
        and coalesce(requests.api_key_id, '') = owners.api_key_id
)

select
    request_id,
    case when response_id <> request_id then response_id end as response_id,
    meter,
    is_of_record,
    meter_of_record,
    feed,
    requested_at,
    usage_hour,
    usage_date,
    provider_id,
    raw_model,
    model_id,
    served_deployment_id as deployment_id,
    service_tier,
    processing,
    raw_residency as residency,
    status,
    is_failed,
    served_from,
    usage_shape,
    usage_semantics,
    meter_version,
    vendor_project_id as project_id,
    api_key_id,
    team_id,
    owned_environment as environment,
    customer_id,
    feature,
    session_id,
    {%- for token_class in token_class_names() %}
    {{ token_class }}_tokens,
    {%- endfor %}
    {%- for unit_class in unit_class_names() %}
    {{ unit_class }},
    {%- endfor %}
    has_units,
    input_total_tokens,
    output_total_tokens,
    cast(case when billing_status = 'billable' then usage_list_cost when billing_status not in ('self_hosted', 'usage_unknown') then 0 end as decimal(38, 12)) as list_cost,
    cast(case
        when billing_status = 'billable' and has_contract_rate then negotiated_cost
        when billing_status = 'billable' then usage_list_cost
        when billing_status not in ('self_hosted', 'usage_unknown') then 0
    end as decimal(38, 12)) as contracted_cost,
    cast(case when billing_status = 'provisioned' then usage_list_cost end as decimal(38, 12)) as shadow_list_cost,
    gateway_cost,
    'USD' as cost_currency,
    case when billing_status <> 'billable' then billing_status when usage_list_cost is null then 'unpriced' else 'priced' end as pricing_status,
    price_id,
    price_version,
    is_residency_fallback,
    dq_status,
    {{ hash_key([
        'usage_hour', 'provider_id', 'vendor_project_id', 'api_key_id', 'model_id', 'served_deployment_id', 'service_tier', 'processing',
        'team_id', 'owned_environment', 'customer_id', 'feature'
    ]) }} as allocation_group_id
from priced
