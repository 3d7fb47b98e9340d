{%- set holder = [
    'team_id', 'project_id', 'environment', 'provider_id', 'model_id', 'deployment_id', 'training_run_id', 'customer_id', 'feature',
    'workload_type', 'accelerator_type',
] -%}
{%- set place = ['usage_date', 'billing_currency', 'service_provider_name'] -%}
{%- set pool = ['rule_id', 'cost_status'] + place -%}
{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Law 4. The ledger holds each dollar once, with its first owner; what a declared rule passes on moves here, and only here. A pool (a
-- rule's cost of one day, provider, cost status and currency) is taken from its owners, given to those who held capacity of that
-- provider on that day by what it cost, and sums to 0. Where nobody held any, it stays with its owners.
with rule_days as (

    select
        days.usage_date,
        rules.usage_state,
        rules.rule_id,
        row_number() over (
            partition by days.usage_date, rules.usage_state order by rules.priority, rules.rule_id
        ) as preference
    from (
        select distinct usage_date from {{ ref('fct_cost_allocation') }}
        where {{ in_dirty_days('usage_date') }}
    ) as days
    inner join {{ ref('int_transfer_rules') }} as rules
        on days.usage_date >= rules.valid_from and days.usage_date < rules.valid_to

),

-- Capacity that telemetry split, whether its hours went to a holder or further on to requests. Remainder and rounding have no owner.
capacity as (

    select
        ledger.usage_date, ledger.billing_currency, ledger.service_provider_name, ledger.cost_status, ledger.usage_state,
        {% for column in holder %}ledger.{{ column }}, {% endfor %}
        ledger.effective_cost,
        rule_days.rule_id
    from {{ ref('fct_cost_allocation') }} as ledger
    left join rule_days
        on
            ledger.usage_date = rule_days.usage_date
            and ledger.usage_state = rule_days.usage_state
            and rule_days.preference = 1
    where
        {{ in_dirty_days('ledger.usage_date') }}
        and ledger.team_id is not null
        and ledger.usage_state <> 'rounding'
        and (
            ledger.allocation_step = 'gpu_telemetry'
            or ledger.allocation_step = 'token_work' and ledger.provider_id = 'self_hosted'
        )

),

-- Free and stranded capacity is held by nobody, so it carries nothing, whether a rule passes it on or not.
holders as (

    select
        {{ place | join(', ') }},
        {{ holder | join(', ') }},
        sum(effective_cost) as held_cost
    from capacity
    where rule_id is null and usage_state not in ('unallocated', 'stranded')
    group by {{ place | join(', ') }}, {{ holder | join(', ') }}
    having sum(effective_cost) > 0

),

places as (

    select {{ place | join(', ') }}, sum(held_cost) as held_cost
    from holders
    group by {{ place | join(', ') }}

),

given as (

    select
        {% for column in pool + holder %}capacity.{{ column }}, {% endfor %}
        max(places.held_cost) as held_cost_of_place,
        -sum(capacity.effective_cost) as transferred_cost
    from capacity
    inner join places
        on
            capacity.usage_date = places.usage_date
            and capacity.billing_currency = places.billing_currency
            and capacity.service_provider_name is not distinct from places.service_provider_name
    where capacity.rule_id is not null
    group by {% for column in pool + holder %}capacity.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

),

pools as (

    select {{ pool | join(', ') }}, max(held_cost_of_place) as held_cost_of_place, -sum(transferred_cost) as pool_cost
    from given
    group by {{ pool | join(', ') }}

),

received as (

    select
        {% for column in pool %}pools.{{ column }}, {% endfor %}
        {% for column in holder %}holders.{{ column }}, {% endfor %}
        holders.held_cost,
        cast(holders.held_cost as double) / cast(pools.held_cost_of_place as double) as share,
        {{ allocate('pools.pool_cost', 'holders.held_cost', 'pools.held_cost_of_place') }} as transferred_cost
    from pools
    inner join holders
        on
            pools.usage_date = holders.usage_date
            and pools.billing_currency = holders.billing_currency
            and pools.service_provider_name is not distinct from holders.service_provider_name

),

moves as (

    select
        {{ (pool + holder) | join(', ') }},
        'given' as direction, null as driver, null as driver_quantity, null as share, transferred_cost
    from given
    union all
    select
        {{ (pool + holder) | join(', ') }},
        'received', 'effective_cost', held_cost, share, transferred_cost
    from received

),

-- What the twelfth place leaves over stays with one of the owners, as a row of its own.
roundings as (

    select {{ pool | join(', ') }}, min(case when direction = 'given' then team_id end) as team_id, -sum(transferred_cost) as transferred_cost
    from moves
    group by {{ pool | join(', ') }}
    having sum(transferred_cost) <> 0

),

unioned as (

    select * from moves
    union all
    select
        {{ pool | join(', ') }},
        team_id,
        {%- for column in holder[1:] %} null as {{ column }},{% endfor %}
        'rounding', null, null, null, transferred_cost
    from roundings

)

select
    {{ hash_key(pool + ['direction'] + holder) }} as transfer_id,
    rule_id,
    usage_date,
    cost_status,
    billing_currency,
    service_provider_name,
    direction,
    team_id,
    project_id,
    environment,
    provider_id,
    model_id,
    deployment_id,
    training_run_id,
    customer_id,
    feature,
    workload_type,
    accelerator_type,
    driver,
    cast(driver_quantity as decimal(38, 9)) as driver_quantity,
    cast(share as double) as share,
    cast(transferred_cost as decimal(38, 12)) as transferred_cost
from unioned
