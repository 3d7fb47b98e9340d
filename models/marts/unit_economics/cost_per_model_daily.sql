{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

with placed as (

    select
        usage_date, provider_id, model_id, training_run_id, workload_type, cost_status, billing_currency, cost_component,
        accelerator_type, allocation_group_id,
        -- classes have the cost of what was logged, as they have its tokens
        case when allocation_group_id is not null then token_class end as token_class,
        effective_cost,
        cast(0 as decimal(38, 12)) as transferred_cost
    from {{ ref('fct_cost_allocation') }}
    where {{ in_dirty_days('usage_date') }}
    union all
    select
        usage_date, provider_id, model_id, training_run_id, workload_type, cost_status, billing_currency, null,
        null, null, null, cast(0 as decimal(38, 12)),
        transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where {{ in_dirty_days('usage_date') }}

),

ledger as (

    select
        *,
        case
            when training_run_id is not null or workload_type = 'training' then 'training'
            when workload_type = 'serving' or provider_id is not null then 'inference'
            else 'other'
        end as purpose
    from placed

),

costs as (

    select
        usage_date,
        coalesce(provider_id, 'none') as provider_id,
        coalesce(model_id, 'none') as model_id,
        purpose,
        cost_status,
        billing_currency,
        {{ listed('accelerator_type') }} as accelerator_types,
        {{ component_cost('net_unit_cost') }} as net_unit_cost,
        {{ component_cost('unused_commitment') }} as unused_commitment_cost,
        {{ component_cost('credits') }} as credits_cost,
        {{ component_cost('tax') }} as tax_cost,
        {{ component_cost('fees') }} as fees_cost,
        sum(effective_cost) as total_cost,
        sum(transferred_cost) as transferred_cost,
        sum(case when allocation_group_id is not null then effective_cost else 0 end) as metered_cost,
        sum(case when token_class in ('{{ token_classes_of("uncached") | join("', '") }}') then effective_cost end) as input_cost,
        sum(case when token_class in ('{{ token_classes_of("cache_read") | join("', '") }}') then effective_cost end) as cache_read_cost,
        sum(case when token_class in ('{{ token_classes_of("cache_write") | join("', '") }}') then effective_cost end) as cache_write_cost,
        sum(case when token_class in ('{{ token_classes_of("output") | join("', '") }}') then effective_cost end) as output_cost
    from ledger
    group by
        usage_date, coalesce(provider_id, 'none'), coalesce(model_id, 'none'), purpose, cost_status, billing_currency

),

requests as (

    select
        usage_date,
        coalesce(provider_id, 'none') as provider_id,
        coalesce(model_id, 'none') as model_id,
        'inference' as purpose,
        max(cost_currency) as cost_currency,
        cast(sum(requests) as bigint) as requests,
        cast(sum(failed_requests) as bigint) as failed_requests,
        cast(sum(unpriced_requests) as bigint) as unpriced_requests,
        sum{{ tokens_of('uncached', 'request_groups') }} as input_tokens,
        sum{{ tokens_of('cache_read', 'request_groups') }} as cache_read_tokens,
        sum{{ tokens_of('cache_write', 'request_groups') }} as cache_write_tokens,
        sum{{ tokens_of('output', 'request_groups') }} as output_tokens
    from {{ ref('int_request_groups_hourly') }} as request_groups
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, coalesce(provider_id, 'none'), coalesce(model_id, 'none')

),

-- The requests of a model and day stand on one row, the dearest, so that they can be added up.
ranked as (

    select
        *,
        row_number() over (
            partition by usage_date, provider_id, model_id, purpose
            order by metered_cost desc, cost_status asc, billing_currency asc
        ) as cost_rank
    from costs

),

joined as (

    select
        coalesce(ranked.usage_date, requests.usage_date) as usage_date,
        coalesce(ranked.provider_id, requests.provider_id) as provider_id,
        coalesce(ranked.model_id, requests.model_id) as model_id,
        coalesce(ranked.purpose, requests.purpose) as purpose,
        coalesce(ranked.cost_status, 'estimated') as cost_status,
        -- XXX: ISO 4217 for no currency; nothing could be priced.
        coalesce(ranked.billing_currency, requests.cost_currency, 'XXX') as billing_currency,
        ranked.accelerator_types,
        ranked.net_unit_cost,
        ranked.unused_commitment_cost,
        ranked.credits_cost,
        ranked.tax_cost,
        ranked.fees_cost,
        ranked.total_cost,
        ranked.transferred_cost,
        ranked.metered_cost,
        ranked.input_cost,
        ranked.cache_read_cost,
        ranked.cache_write_cost,
        ranked.output_cost,
        requests.requests,
        requests.failed_requests,
        requests.unpriced_requests,
        requests.input_tokens,
        requests.cache_read_tokens,
        requests.cache_write_tokens,
        requests.output_tokens,
        requests.input_tokens + requests.cache_read_tokens + requests.cache_write_tokens + requests.output_tokens as total_tokens
    from ranked
    full outer join requests
        on
            ranked.usage_date = requests.usage_date
            and ranked.provider_id = requests.provider_id
            and ranked.model_id = requests.model_id
            and ranked.purpose = requests.purpose
            and ranked.cost_rank = 1

)

select
    joined.usage_date,
    joined.provider_id,
    joined.model_id,
    joined.purpose,
    joined.cost_status,
    joined.billing_currency,
    joined.accelerator_types,
    joined.requests,
    joined.failed_requests,
    joined.unpriced_requests,
    cast(joined.input_tokens as decimal(38, 0)) as input_tokens,
    cast(joined.cache_read_tokens as decimal(38, 0)) as cache_read_tokens,
    cast(joined.cache_write_tokens as decimal(38, 0)) as cache_write_tokens,
    cast(joined.output_tokens as decimal(38, 0)) as output_tokens,
    cast(joined.total_tokens as decimal(38, 0)) as total_tokens,
    cast(joined.net_unit_cost as decimal(38, 12)) as net_unit_cost,
    cast(joined.unused_commitment_cost as decimal(38, 12)) as unused_commitment_cost,
    cast(joined.credits_cost as decimal(38, 12)) as credits_cost,
    cast(joined.tax_cost as decimal(38, 12)) as tax_cost,
    cast(joined.fees_cost as decimal(38, 12)) as fees_cost,
    cast(joined.total_cost as decimal(38, 12)) as total_cost,
    cast(joined.total_cost as decimal(38, 12)) as direct_cost,
    cast(joined.transferred_cost as decimal(38, 12)) as transferred_cost,
    cast(joined.total_cost + joined.transferred_cost as decimal(38, 12)) as fully_loaded_cost,
    cast(joined.metered_cost as decimal(38, 12)) as metered_cost,
    cast(joined.input_cost as decimal(38, 12)) as input_cost,
    cast(joined.cache_read_cost as decimal(38, 12)) as cache_read_cost,
    cast(joined.cache_write_cost as decimal(38, 12)) as cache_write_cost,
    cast(joined.output_cost as decimal(38, 12)) as output_cost,
    {{ unit_rate('joined.metered_cost', 'joined.requests') }} as cost_per_request,
    {{ unit_rate('joined.input_cost', 'joined.input_tokens', 1000000) }} as input_cost_per_million_tokens,
    {{ unit_rate('joined.cache_read_cost', 'joined.cache_read_tokens', 1000000) }} as cache_read_cost_per_million_tokens,
    {{ unit_rate('joined.cache_write_cost', 'joined.cache_write_tokens', 1000000) }} as cache_write_cost_per_million_tokens,
    {{ unit_rate('joined.output_cost', 'joined.output_tokens', 1000000) }} as output_cost_per_million_tokens,
    {{ unit_rate('joined.metered_cost', 'joined.total_tokens', 1000000) }} as cost_per_million_tokens,
    {{ unit_rate('joined.net_unit_cost', 'joined.total_tokens', 1000000) }} as allocated_cost_per_million_tokens,
    rates.to_currency as reporting_currency,
    rates.rate_set,
    {{ reporting_cost('joined.net_unit_cost', 'rates.rate') }} as net_unit_reporting_cost,
    {{ reporting_cost('joined.total_cost', 'rates.rate') }} as total_reporting_cost
from joined
left join {{ ref('dim_currency_rates') }} as rates
    on
        joined.billing_currency = rates.from_currency
        and joined.usage_date = rates.rate_date
        and rates.is_reporting_rate
