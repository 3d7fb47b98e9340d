{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

with ledger as (

    select
        usage_date, allocation_group_id, provider_id, model_id, deployment_id, team_id, environment, feature,
        cost_status, billing_currency, usage_state, effective_cost,
        cast(0 as decimal(38, 12)) as transferred_cost
    from {{ ref('fct_cost_allocation') }}
    where
        {{ in_dirty_days('usage_date') }}
        and training_run_id is null
        and cost_component = 'net_unit_cost'
        and (workload_type = 'serving' or provider_id is not null)
    union all
    select
        usage_date, null, provider_id, model_id, deployment_id, team_id, environment, feature,
        cost_status, billing_currency, null, cast(0 as decimal(38, 12)),
        transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where
        {{ in_dirty_days('usage_date') }}
        and training_run_id is null
        and (workload_type = 'serving' or provider_id is not null)

),

-- Who asked comes from the request group; capacity and traffic without one keep what the ledger found.
costs as (

    select
        usage_date, allocation_group_id, provider_id, model_id, deployment_id, team_id, environment, feature,
        cost_status, billing_currency,
        sum(case when allocation_group_id is not null then effective_cost else 0 end) as metered_cost,
        sum(case when usage_state = 'unmetered' then effective_cost else 0 end) as unmetered_cost,
        sum(case when usage_state = 'allocated_unused' then effective_cost else 0 end) as allocated_unused_cost,
        sum(effective_cost) as net_unit_cost,
        sum(transferred_cost) as transferred_cost
    from ledger
    group by
        usage_date, allocation_group_id, provider_id, model_id, deployment_id, team_id, environment, feature,
        cost_status, billing_currency

),

-- A group whose cost comes from several bills is counted once, with the dearest.
ranked as (

    select
        *,
        row_number() over (
            partition by allocation_group_id order by net_unit_cost desc, cost_status asc, billing_currency asc, team_id asc, environment asc
        ) as cost_rank
    from costs

),

request_groups as (

    select *
    from {{ ref('int_request_groups_hourly') }}
    where {{ in_dirty_days('usage_date') }}

),

joined as (

    select
        coalesce(ranked.usage_date, request_groups.usage_date) as usage_date,
        coalesce(ranked.provider_id, request_groups.provider_id, 'none') as provider_id,
        coalesce(ranked.model_id, request_groups.model_id, 'none') as model_id,
        coalesce(ranked.deployment_id, request_groups.deployment_id) as deployment_id,
        coalesce(ranked.team_id, request_groups.team_id) as team_id,
        coalesce(ranked.environment, request_groups.environment) as environment,
        coalesce(ranked.feature, request_groups.feature) as feature,
        coalesce(ranked.cost_status, 'estimated') as cost_status,
        coalesce(ranked.billing_currency, request_groups.cost_currency, 'XXX') as billing_currency,
        ranked.metered_cost,
        ranked.unmetered_cost,
        ranked.allocated_unused_cost,
        ranked.net_unit_cost,
        ranked.transferred_cost,
        request_groups.requests,
        request_groups.failed_requests,
        request_groups.unpriced_requests,
        {{ tokens_of('input', 'request_groups') }} as input_tokens,
        {{ tokens_of('output', 'request_groups') }} as output_tokens
    from ranked
    full outer join request_groups
        on
            ranked.allocation_group_id = request_groups.allocation_group_id
            and ranked.cost_rank = 1

),

summed as (

    select
        usage_date, provider_id, model_id, deployment_id, team_id, environment, feature, cost_status, billing_currency,
        cast(sum(requests) as bigint) as requests,
        cast(sum(failed_requests) as bigint) as failed_requests,
        cast(sum(unpriced_requests) as bigint) as unpriced_requests,
        cast(sum(input_tokens) as decimal(38, 0)) as input_tokens,
        cast(sum(output_tokens) as decimal(38, 0)) as output_tokens,
        cast(sum(metered_cost) as decimal(38, 12)) as metered_cost,
        cast(sum(unmetered_cost) as decimal(38, 12)) as unmetered_cost,
        cast(sum(allocated_unused_cost) as decimal(38, 12)) as allocated_unused_cost,
        cast(sum(net_unit_cost) as decimal(38, 12)) as net_unit_cost,
        cast(sum(net_unit_cost) as decimal(38, 12)) as direct_cost,
        cast(sum(transferred_cost) as decimal(38, 12)) as transferred_cost,
        cast(sum(net_unit_cost) + sum(transferred_cost) as decimal(38, 12)) as fully_loaded_cost
    from joined
    group by usage_date, provider_id, model_id, deployment_id, team_id, environment, feature, cost_status, billing_currency

)

select
    summed.*,
    {{ unit_rate('summed.metered_cost', 'summed.requests') }} as cost_per_request,
    {{ unit_rate('summed.metered_cost', '(summed.input_tokens + summed.output_tokens)', 1000000) }} as cost_per_million_tokens,
    rates.to_currency as reporting_currency,
    rates.rate_set,
    {{ reporting_cost('summed.net_unit_cost', 'rates.rate') }} as net_unit_reporting_cost
from summed
left join {{ ref('dim_currency_rates') }} as rates
    on
        summed.billing_currency = rates.from_currency
        and summed.usage_date = rates.rate_date
        and rates.is_reporting_rate
