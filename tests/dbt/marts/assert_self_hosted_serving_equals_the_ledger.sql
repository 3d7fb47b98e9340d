{{ config(meta={'dagster': {'ref': {'name': 'self_hosted_serving_daily'}}}) }}
-- Law 3. A deployment's models and adapters cost what the ledger and the transfers have for it, and their traffic is what was logged or
-- counted; a row's parts are its cost; a rate times its own denominator is its cost again (G14), but for the nine places of a rate. Own GPUs
-- are above the break-even exactly where all that they cost is below the API's price: cost on the usage basis alone decides nothing (G15).
{%- set rates = [
    ('allocation_cost_per_request', 'fully_loaded_cost', 'answered_requests', 1),
    ('allocation_cost_per_million_tokens', 'fully_loaded_cost', 'total_tokens', 1000000),
    ('usage_cost_per_request', 'usage_cost', 'answered_requests', 1),
    ('usage_cost_per_million_tokens', 'usage_cost', 'total_tokens', 1000000),
    ('allocation_input_cost_per_million_tokens', 'input_cost', 'computed_prompt_tokens', 1000000),
    ('allocation_output_cost_per_million_tokens', 'output_cost', 'generated_tokens', 1000000),
    ('usage_input_cost_per_million_tokens', 'usage_input_cost', 'computed_prompt_tokens', 1000000),
    ('usage_output_cost_per_million_tokens', 'usage_output_cost', 'generated_tokens', 1000000),
] %}
with mart as (
    select
        *,
        -- where nothing was measured all day, no use is known
        case when productive_cost > 0 or activity_unknown_cost = 0 then productive_cost end as usage_cost
    from {{ ref('self_hosted_serving_daily') }}
    where {{ replaced_days('usage_date') }}
),

of_mart as (
    select
        usage_date, deployment_id, cost_status, billing_currency, sum(direct_cost) as direct_cost, sum(transferred_cost) as transferred_cost
    from mart
    group by usage_date, deployment_id, cost_status, billing_currency
),

placed as (
    select usage_date, deployment_id, cost_status, billing_currency, effective_cost as direct_cost, 0 as transferred_cost
    from {{ ref('fct_cost_allocation') }}
    where deployment_id is not null and workload_type = 'serving' and {{ replaced_days('usage_date') }}
    union all
    select usage_date, deployment_id, cost_status, billing_currency, 0, transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where deployment_id is not null and workload_type = 'serving' and {{ replaced_days('usage_date') }}
),

of_ledger as (
    select
        usage_date, deployment_id, cost_status, billing_currency, sum(direct_cost) as direct_cost, sum(transferred_cost) as transferred_cost
    from placed
    group by usage_date, deployment_id, cost_status, billing_currency
),

traffic as (
    select usage_date, deployment_id, sum(requests) as requests, sum(total_tokens - unlogged_tokens) as logged_tokens
    from mart
    group by usage_date, deployment_id
),

asked as (
    select
        usage_date, deployment_id, sum(requests) as requests,
        sum({{ tokens_of('input', 'request_groups') }} + {{ tokens_of('output', 'request_groups') }}) as logged_tokens
    from {{ ref('int_request_groups_hourly') }} as request_groups
    where provider_id = 'self_hosted' and {{ replaced_days('usage_date') }}
    group by usage_date, deployment_id
)

select
    cast(coalesce(of_mart.usage_date, of_ledger.usage_date) as varchar) as usage_date,
    coalesce(of_mart.deployment_id, of_ledger.deployment_id) as scope,
    coalesce(of_mart.billing_currency, of_ledger.billing_currency) as billing_currency,
    abs(coalesce(of_mart.direct_cost, 0) - coalesce(of_ledger.direct_cost, 0))
    + abs(coalesce(of_mart.transferred_cost, 0) - coalesce(of_ledger.transferred_cost, 0)) as dollars
from of_mart
full outer join of_ledger
    on
        of_mart.usage_date = of_ledger.usage_date
        and of_mart.deployment_id = of_ledger.deployment_id
        and of_mart.cost_status = of_ledger.cost_status
        and of_mart.billing_currency = of_ledger.billing_currency
where
    of_mart.direct_cost is distinct from of_ledger.direct_cost
    or of_mart.transferred_cost is distinct from of_ledger.transferred_cost
union all
select cast(traffic.usage_date as varchar), traffic.deployment_id, 'traffic', null
from traffic
left join asked on traffic.usage_date = asked.usage_date and traffic.deployment_id = asked.deployment_id
where
    traffic.requests <> coalesce(asked.requests, 0)
    or traffic.logged_tokens <> coalesce(asked.logged_tokens, 0)
union all
select cast(usage_date as varchar), deployment_id || ' ' || model_id, billing_currency, fully_loaded_cost
from mart
where
    direct_cost <> productive_cost + idle_cost + activity_unknown_cost
    or fully_loaded_cost <> direct_cost + transferred_cost
    or input_cost + output_cost <> fully_loaded_cost
    or usage_input_cost + usage_output_cost <> productive_cost
    or (serving_utilization_ratio > break_even_utilization_ratio and fully_loaded_reporting_cost > api_list_reporting_cost * 1.0001)
    or (serving_utilization_ratio < break_even_utilization_ratio and fully_loaded_reporting_cost < api_list_reporting_cost * 0.9999)
    or (total_tokens > break_even_tokens and fully_loaded_reporting_cost > api_list_reporting_cost * 1.0001)
    {% for rate, cost, quantity, per in rates -%}
        or abs(cast({{ rate }} as double) * cast({{ quantity }} as double) / {{ per }} - cast({{ cost }} as double))
        > 0.000000001 * (1 + cast({{ quantity }} as double) / {{ per }})
        or ({{ rate }} is null) <> ({{ cost }} is null or coalesce({{ quantity }}, 0) = 0)
    {% endfor %}
