{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}
{%- set deployment = ['usage_date', 'deployment_id', 'cost_status', 'billing_currency'] -%}
{%- set shared_parts = ['idle_cost', 'activity_unknown_cost', 'transferred_cost'] -%}
{%- set logged = ['requests', 'failed_requests', 'prompt_tokens', 'cached_prompt_tokens', 'generated_tokens'] -%}

-- What a deployment cost and served, by model and adapter. Requests have their own productive cost; what the deployment held beside it
-- (idle, unknown, passed on by rules) is shared out over its models by that. What engines counted and no log has stands with the
-- deployment's own model, under which engines count their adapters too.
with ledger as (

    select
        {{ deployment | join(', ') }},
        model_id,
        driver,
        accelerator_type,
        allocation_group_id is not null as is_logged,
        allocation_step = 'token_work' or allocation_step = 'remainder' and method like 'serving_%' as is_productive,
        -- capacity without an owner has lost its state
        usage_state = 'activity_unknown' or usage_state = 'unallocated' and activity_signal is null as is_unknown,
        token_class = 'input_uncached_text' as is_prefill,
        token_class = 'output_text' as is_decode,
        effective_cost,
        cast(0 as decimal(38, 12)) as transferred_cost
    from {{ ref('fct_cost_allocation') }}
    where deployment_id is not null and workload_type = 'serving' and {{ in_dirty_days('usage_date') }}
    union all
    select
        {{ deployment | join(', ') }},
        null, null, null, true, false, false, false, false, cast(0 as decimal(38, 12)), transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where deployment_id is not null and workload_type = 'serving' and {{ in_dirty_days('usage_date') }}

),

-- The model that capacity is held for is on every row of capacity and of work without a log.
own_models as (

    select usage_date, deployment_id, coalesce(max(case when not is_logged then model_id end), 'none') as model_id
    from ledger
    group by usage_date, deployment_id

),

deployments as (

    select
        {% for column in deployment %}ledger.{{ column }}, {% endfor %}
        max(own_models.model_id) as own_model_id,
        {{ listed('ledger.accelerator_type') }} as accelerator_types,
        case
            when count(distinct case when ledger.is_prefill or ledger.is_decode then ledger.driver end) > 1 then 'mixed'
            else max(case when ledger.is_prefill or ledger.is_decode then ledger.driver end)
        end as work_basis,
        sum(case when ledger.is_productive then ledger.effective_cost else 0 end) as productive_cost,
        sum(case when not ledger.is_productive and not ledger.is_unknown then ledger.effective_cost else 0 end) as idle_cost,
        sum(case when not ledger.is_productive and ledger.is_unknown then ledger.effective_cost else 0 end) as activity_unknown_cost,
        sum(ledger.transferred_cost) as transferred_cost,
        row_number() over (
            partition by ledger.usage_date, ledger.deployment_id
            order by sum(ledger.effective_cost) desc, ledger.cost_status asc, ledger.billing_currency asc
        ) as cost_rank
    from ledger
    inner join own_models
        on ledger.usage_date = own_models.usage_date and ledger.deployment_id = own_models.deployment_id
    group by {% for column in deployment %}ledger.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

),

asked as (

    select
        usage_date,
        deployment_id,
        coalesce(model_id, 'none') as model_id,
        sum(requests) as requests,
        sum(failed_requests) as failed_requests,
        sum{{ tokens_of('input', 'request_groups') }} as prompt_tokens,
        sum{{ tokens_of('cache_read', 'request_groups') }} as cached_prompt_tokens,
        sum{{ tokens_of('output', 'request_groups') }} as generated_tokens
    from {{ ref('int_request_groups_hourly') }} as request_groups
    where provider_id = 'self_hosted' and {{ in_dirty_days('usage_date') }}
    group by usage_date, deployment_id, coalesce(model_id, 'none')

),

-- Every deployment has a row of its own model, also where nobody asked for it, and one of every model that was asked for.
productive as (

    select
        {% for column in deployment %}deployments.{{ column }}, {% endfor %}
        deployments.own_model_id as model_id,
        true as is_own,
        cast(0 as decimal(38, 0)) as logged_tokens,
        cast(0 as decimal(38, 12)) as productive_cost,
        cast(0 as decimal(38, 12)) as prefill_cost,
        cast(0 as decimal(38, 12)) as decode_cost
    from deployments
    union all
    select
        {% for column in deployment %}deployments.{{ column }}, {% endfor %}
        asked.model_id,
        asked.model_id = deployments.own_model_id,
        asked.prompt_tokens + asked.generated_tokens,
        0, 0, 0
    from deployments
    inner join asked
        on deployments.usage_date = asked.usage_date and deployments.deployment_id = asked.deployment_id and deployments.cost_rank = 1
    union all
    select
        {% for column in deployment %}ledger.{{ column }}, {% endfor %}
        case when ledger.is_logged then coalesce(ledger.model_id, 'none') else deployments.own_model_id end,
        case when ledger.is_logged then coalesce(ledger.model_id, 'none') = deployments.own_model_id else true end,
        0,
        ledger.effective_cost,
        case when ledger.is_prefill then ledger.effective_cost else 0 end,
        case when ledger.is_decode then ledger.effective_cost else 0 end
    from ledger
    inner join deployments
        on
            {% for column in deployment %}ledger.{{ column }} = deployments.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

    where ledger.is_productive

),

models as (

    select
        {{ deployment | join(', ') }},
        model_id,
        is_own,
        sum(logged_tokens) as logged_tokens,
        sum(productive_cost) as productive_cost,
        sum(prefill_cost) as prefill_cost,
        sum(decode_cost) as decode_cost
    from productive
    group by {{ deployment | join(', ') }}, model_id, is_own

),

-- By productive cost; where no activity was measured, by logged tokens.
shares as (

    select
        models.*,
        deployments.work_basis,
        deployments.accelerator_types,
        deployments.cost_rank,
        {% for part in shared_parts %}deployments.{{ part }} as whole_{{ part }}, {% endfor %}
        case when deployments.productive_cost > 0 then models.productive_cost else models.logged_tokens end as driver
    from models
    inner join deployments
        on
            {% for column in deployment %}models.{{ column }} = deployments.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

),

ranked as (

    select
        *,
        sum(driver) over (partition by {{ deployment | join(', ') }}) as driver_total,
        row_number() over (partition by {{ deployment | join(', ') }} order by driver desc, is_own desc, model_id asc) as model_rank
    from shares

),

split as (

    select
        *,
        {% for part in shared_parts -%}
            case when model_rank > 1 then coalesce({{ allocate('whole_' ~ part, 'driver', 'driver_total') }}, 0) else 0 end as part_{{ part }}
            {{- ',' if not loop.last }}
        {% endfor %}
    from ranked

),

-- The dearest model takes what the others leave, so that the parts add up to the last place.
costs as (

    select
        *,
        {% for part in shared_parts -%}
            case when model_rank = 1 then whole_{{ part }} - sum(part_{{ part }}) over (partition by {{ deployment | join(', ') }}) else part_{{ part }} end
                as {{ part }}{{ ',' if not loop.last }}
        {% endfor %}
    from split

),

asked_of_deployments as (

    select
        usage_date,
        deployment_id,
        sum(requests - failed_requests) as answered_requests,
        {% for column in logged -%} sum({{ column }}) as {{ column }}{{ ', ' if not loop.last }} {%- endfor %}
    from asked
    group by usage_date, deployment_id

),

counted as (

    select
        usage_date,
        deployment_id,
        {% for column in [
            'prompt_tokens', 'cached_prompt_tokens', 'prefix_queried_tokens', 'generated_tokens', 'answered_requests', 'preemptions',
            'recomputed_tokens', 'prefill_seconds', 'decode_seconds',
        ] -%} sum({{ column }}) as {{ column }}{{ ', ' if not loop.last }} {%- endfor %}
    from {{ ref('int_deployment_token_work_hourly') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, deployment_id

),

unlogged as (

    select
        counted.usage_date,
        counted.deployment_id,
        {% for column in ['answered_requests', 'prompt_tokens', 'cached_prompt_tokens', 'generated_tokens'] -%}
            case when counted.{{ column }} is not null then greatest(counted.{{ column }} - coalesce(asked_of_deployments.{{ column }}, 0), 0) end
                as {{ column }},
        {% endfor -%}
        counted.prefix_queried_tokens,
        counted.preemptions,
        counted.recomputed_tokens,
        counted.prefill_seconds,
        counted.decode_seconds
    from counted
    left join asked_of_deployments
        on counted.usage_date = asked_of_deployments.usage_date and counted.deployment_id = asked_of_deployments.deployment_id

),

-- Traffic stands on one row, of the deployment's dearest status and currency, so that it can be added up.
served as (

    select
        costs.*,
        models_daily.model_rule,
        coalesce(asked.requests, 0) as requests,
        coalesce(asked.failed_requests, 0) as failed_requests,
        coalesce(unlogged.answered_requests, 0) as unlogged_requests,
        coalesce(asked.prompt_tokens, 0) + coalesce(unlogged.prompt_tokens, 0) as prompt_tokens,
        coalesce(asked.cached_prompt_tokens, 0) + coalesce(unlogged.cached_prompt_tokens, 0) as cached_prompt_tokens,
        coalesce(asked.generated_tokens, 0) + coalesce(unlogged.generated_tokens, 0) as generated_tokens,
        coalesce(unlogged.prompt_tokens, 0) + coalesce(unlogged.generated_tokens, 0) as unlogged_tokens,
        unlogged.prefix_queried_tokens,
        unlogged.preemptions,
        unlogged.recomputed_tokens,
        unlogged.prefill_seconds,
        unlogged.decode_seconds
    from costs
    left join {{ ref('int_served_models_daily') }} as models_daily
        on costs.usage_date = models_daily.usage_date and costs.deployment_id = models_daily.deployment_id
    left join asked
        on
            costs.usage_date = asked.usage_date
            and costs.deployment_id = asked.deployment_id
            and costs.model_id = asked.model_id
            and costs.cost_rank = 1
    left join unlogged
        on
            costs.usage_date = unlogged.usage_date
            and costs.deployment_id = unlogged.deployment_id
            and costs.is_own
            and costs.cost_rank = 1

),

loaded as (

    select
        *,
        productive_cost + idle_cost + activity_unknown_cost as direct_cost,
        productive_cost + idle_cost + activity_unknown_cost + transferred_cost as fully_loaded_cost,
        requests - failed_requests + unlogged_requests as answered_requests,
        prompt_tokens - cached_prompt_tokens as computed_prompt_tokens,
        prompt_tokens + generated_tokens as total_tokens,
        -- where nothing was measured, 0 productive is no rate of use
        case when productive_cost > 0 or activity_unknown_cost = 0 then productive_cost end as usage_cost
    from served

),

-- Input and output by what prefill and decode took of the productive cost; of other cost in the same measure.
phases as (

    select
        *,
        {{ allocate('fully_loaded_cost', 'prefill_cost', '(prefill_cost + decode_cost)') }} as input_cost,
        {{ allocate('usage_cost', 'prefill_cost', '(prefill_cost + decode_cost)') }} as usage_input_cost
    from loaded

),

compared as (

    select
        phases.*,
        alternatives.api_provider_id,
        alternatives.api_model_id,
        alternatives.price_version as api_price_version,
        -- an API without a price for cached tokens charges them like any others
        case when phases.total_tokens > 0 then cast(
            cast(phases.computed_prompt_tokens as decimal(38, 0)) * alternatives.input_price_usd
            + cast(phases.cached_prompt_tokens as decimal(38, 0))
            * coalesce(alternatives.cache_read_price_usd, alternatives.input_price_usd)
            + cast(phases.generated_tokens as decimal(38, 0)) * alternatives.output_price_usd
            as decimal(38, 12)
        ) end as api_list_cost_usd,
        rates.to_currency as reporting_currency,
        rates.rate_set,
        rates.rate,
        {% if var('report_currency') == 'USD' -%} cast(1 as decimal(22, 12)) {%- else -%} dollars.rate {%- endif %} as dollar_rate
    from phases
    left join {{ ref('int_api_alternatives_daily') }} as alternatives
        on
            phases.usage_date = alternatives.usage_date
            and phases.deployment_id = alternatives.deployment_id
            and phases.model_id = alternatives.model_id
    left join {{ ref('dim_currency_rates') }} as rates
        on
            phases.billing_currency = rates.from_currency
            and phases.usage_date = rates.rate_date
            and rates.is_reporting_rate
    {%- if var('report_currency') != 'USD' %}
    left join {{ ref('dim_currency_rates') }} as dollars
        on dollars.from_currency = 'USD' and phases.usage_date = dollars.rate_date and dollars.is_reporting_rate
    {%- endif %}

),

reported as (

    select
        *,
        {{ reporting_cost('fully_loaded_cost', 'rate') }} as fully_loaded_reporting_cost,
        {{ reporting_cost('usage_cost', 'rate') }} as usage_reporting_cost,
        {{ reporting_cost('api_list_cost_usd', 'dollar_rate') }} as api_list_reporting_cost
    from compared

)

select
    usage_date,
    deployment_id,
    model_id,
    cost_status,
    billing_currency,
    not is_own as is_co_hosted,
    case when model_id <> 'none' then coalesce(model_rule, 'pod_label') end as model_rule,
    cast(productive_cost as decimal(38, 12)) as productive_cost,
    cast(idle_cost as decimal(38, 12)) as idle_cost,
    cast(activity_unknown_cost as decimal(38, 12)) as activity_unknown_cost,
    cast(direct_cost as decimal(38, 12)) as direct_cost,
    cast(transferred_cost as decimal(38, 12)) as transferred_cost,
    cast(fully_loaded_cost as decimal(38, 12)) as fully_loaded_cost,
    case when cost_rank = 1 then cast(requests as bigint) end as requests,
    case when cost_rank = 1 then cast(failed_requests as bigint) end as failed_requests,
    case when cost_rank = 1 then cast(unlogged_requests as bigint) end as unlogged_requests,
    case when cost_rank = 1 then cast(answered_requests as bigint) end as answered_requests,
    case when cost_rank = 1 then cast(prompt_tokens as decimal(38, 0)) end as prompt_tokens,
    case when cost_rank = 1 then cast(cached_prompt_tokens as decimal(38, 0)) end as cached_prompt_tokens,
    case when cost_rank = 1 then cast(computed_prompt_tokens as decimal(38, 0)) end as computed_prompt_tokens,
    case when cost_rank = 1 then cast(generated_tokens as decimal(38, 0)) end as generated_tokens,
    case when cost_rank = 1 then cast(total_tokens as decimal(38, 0)) end as total_tokens,
    case when cost_rank = 1 then cast(unlogged_tokens as decimal(38, 0)) end as unlogged_tokens,
    cast(prefix_queried_tokens as decimal(38, 0)) as prefix_queried_tokens,
    cast(preemptions as bigint) as preemptions,
    cast(recomputed_tokens as decimal(38, 0)) as recomputed_tokens,
    cast(prefill_seconds as decimal(38, 9)) as prefill_seconds,
    cast(decode_seconds as decimal(38, 9)) as decode_seconds,
    work_basis,
    accelerator_types,
    cast(input_cost as decimal(38, 12)) as input_cost,
    cast(fully_loaded_cost - input_cost as decimal(38, 12)) as output_cost,
    cast(usage_input_cost as decimal(38, 12)) as usage_input_cost,
    cast(usage_cost - usage_input_cost as decimal(38, 12)) as usage_output_cost,
    {{ unit_rate('fully_loaded_cost', 'answered_requests') }} as allocation_cost_per_request,
    {{ unit_rate('usage_cost', 'answered_requests') }} as usage_cost_per_request,
    {{ unit_rate('fully_loaded_cost', 'total_tokens', 1000000) }} as allocation_cost_per_million_tokens,
    {{ unit_rate('usage_cost', 'total_tokens', 1000000) }} as usage_cost_per_million_tokens,
    {{ unit_rate('input_cost', 'computed_prompt_tokens', 1000000) }} as allocation_input_cost_per_million_tokens,
    {{ unit_rate('fully_loaded_cost - input_cost', 'generated_tokens', 1000000) }} as allocation_output_cost_per_million_tokens,
    {{ unit_rate('usage_input_cost', 'computed_prompt_tokens', 1000000) }} as usage_input_cost_per_million_tokens,
    {{ unit_rate('usage_cost - usage_input_cost', 'generated_tokens', 1000000) }} as usage_output_cost_per_million_tokens,
    cast(cast(usage_cost as double) / nullif(cast(fully_loaded_cost as double), 0) as decimal(18, 9)) as serving_utilization_ratio,
    api_provider_id,
    api_model_id,
    api_price_version,
    api_list_cost_usd,
    {{ unit_rate('api_list_cost_usd', 'total_tokens', 1000000) }} as api_list_cost_usd_per_million_tokens,
    reporting_currency,
    rate_set,
    cast(fully_loaded_reporting_cost as decimal(38, 12)) as fully_loaded_reporting_cost,
    cast(usage_reporting_cost as decimal(38, 12)) as usage_reporting_cost,
    cast(api_list_reporting_cost as decimal(38, 12)) as api_list_reporting_cost,
    cast(
        cast(usage_reporting_cost as double) / nullif(cast(api_list_reporting_cost as double), 0) as decimal(18, 9)
    ) as break_even_utilization_ratio,
    cast(round(
        cast(fully_loaded_reporting_cost as double) * cast(total_tokens as double) / nullif(cast(api_list_reporting_cost as double), 0), 0
    ) as decimal(38, 0)) as break_even_tokens
from reported
