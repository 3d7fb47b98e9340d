{%- set reasons = [
    'timing', 'unmetered_traffic', 'price', 'tier', 'cache_class', 'rounding', 'credit', 'tax', 'fee', 'unexplained'
] -%}
{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- What the vendors bill against what was metered, on both sides and with a reason for every dollar between. The bill's side is the ledger's
-- (effective cost where its use lies), the meters' side is logged use at contract price; for accelerators, node-hours that telemetry saw.
with charges as (

    select * from {{ ref('int_charges_in_scope') }}

),

ledger as (

    select * from {{ ref('fct_cost_allocation') }}
    where ai_scope in ('model_api', 'accelerator') and {{ in_dirty_days('usage_date') }}

),

scopes as (

    select distinct service_provider_name, provider_id from {{ ref('meter_scopes') }}

),

-- Which line a ledger row is of, and what kind of dollar it is.
billed_rows as (

    select
        ledger.usage_date,
        coalesce(charges.meter_scope, scopes.provider_id, lower(ledger.service_provider_name), 'unknown') as provider_id,
        coalesce(ledger.billing_account_id, 'none') as billing_account_id,
        coalesce(ledger.model_id, 'none') as model_id,
        coalesce(charges.billing_token_class, 'none') as billing_token_class,
        charges.service_tier as billed_tier,
        coalesce(charges.service_tier, 'any') as service_tier,
        ledger.billing_currency,
        charges.usage_unit as quantity_unit,
        ledger.effective_cost,
        {{ allocate('charges.usage_quantity', 'ledger.share', '1') }} as quantity,
        case
            when ledger.charge_category = 'Credit' then 'credit'
            when ledger.charge_category = 'Tax' then 'tax'
            when ledger.charge_category <> 'Usage' then 'fee'
            when ledger.usage_state = 'rounding' then 'rounding'
            when coalesce(classes.split_by, 'nothing') <> 'quantity' then 'fee'
            when ledger.usage_state = 'unmetered' or ledger.remainder_reason = 'unmetered_without_owner' then 'unmetered'
            else 'metered'
        end as kind,
        -- a line that says no quantity is split by list cost: how much of the use it covers is not known
        ledger.method = 'list_cost_of_logged' as is_unquantified
    from ledger
    inner join charges on ledger.charge_id = charges.charge_id
    left join scopes on ledger.service_provider_name = scopes.service_provider_name
    left join {{ ref('billing_token_classes') }} as classes on charges.billing_token_class = classes.billing_token_class
    where ledger.ai_scope = 'model_api'

),

billed as (

    select
        usage_date,
        provider_id,
        billing_account_id,
        model_id,
        billing_token_class,
        service_tier,
        billing_currency,
        max(quantity_unit) as quantity_unit,
        sum(effective_cost) as bill_cost,
        {% for kind in ['metered', 'unmetered', 'credit', 'tax', 'fee'] -%}
        sum(case when kind = '{{ kind }}' then effective_cost else 0 end) as {{ kind }}_cost,
        {% endfor -%}
        sum(case when kind in ('metered', 'unmetered') then quantity end) as billed_quantity,
        coalesce(sum(case when kind = 'metered' then quantity end), 0) as metered_quantity,
        coalesce(sum(case when kind = 'unmetered' then quantity end), 0) as unmetered_quantity,
        max(case when is_unquantified and kind = 'metered' then 1 else 0 end) as is_unquantified
    from billed_rows
    group by usage_date, provider_id, billing_account_id, model_id, billing_token_class, service_tier, billing_currency

),

-- A bill that names no tier meets the use of all.
tiered as (

    select usage_date, provider_id, model_id, billing_token_class
    from billed_rows
    where billed_tier is not null
    group by usage_date, provider_id, model_id, billing_token_class

),

project_days as (

    select
        meter_scope as provider_id,
        coalesce(bill_project_id, '') as project_key,
        charge_date,
        last_day,
        min(billing_account_id) as billing_account_id
    from charges
    where meter_scope is not null
    group by meter_scope, coalesce(bill_project_id, ''), charge_date, last_day

),

only_accounts as (

    select provider_id, min(billing_account_id) as billing_account_id
    from {{ ref('int_bill_completeness') }}
    group by provider_id
    having count(distinct billing_account_id) = 1

),

token_groups as (

    select
        *,
        coalesce(project_id, '') as project_key,
        case when processing = 'batch' then 'batch' else coalesce(service_tier, 'standard') end as priced_tier
    from {{ ref('int_token_groups_hourly') }}
    where
        provider_id <> 'self_hosted'
        -- what capacity or a subscription served is paid by its fee
        and coalesce(service_tier, '') not in ({{ prepaid_tiers() }})
        and {{ in_dirty_days('usage_date') }}

),

-- The log does not say who pays for a call: the account that bills its project on the day, else the provider's only one.
accounts as (

    select
        days.provider_id,
        days.project_key,
        days.usage_date,
        coalesce(min(project_days.billing_account_id), min(only_accounts.billing_account_id), 'none') as billing_account_id
    from (select distinct provider_id, project_key, usage_date from token_groups) as days
    left join project_days
        on
            days.provider_id = project_days.provider_id
            and days.project_key = project_days.project_key
            and days.usage_date >= project_days.charge_date
            and days.usage_date <= project_days.last_day
    left join only_accounts on days.provider_id = only_accounts.provider_id
    group by days.provider_id, days.project_key, days.usage_date

),

estimated as (

    select allocation_group_id, usage_date, token_class, sum(effective_cost) as estimated_cost
    from ledger
    where cost_status = 'estimated'
    group by allocation_group_id, usage_date, token_class

),

used as (

    select
        token_groups.usage_date,
        token_groups.provider_id,
        accounts.billing_account_id,
        coalesce(token_groups.model_id, 'none') as model_id,
        token_groups.billing_token_class,
        case when tiered.provider_id is null then 'any' else token_groups.priced_tier end as service_tier,
        coalesce(token_groups.cost_currency, 'XXX') as billing_currency,
        max(token_groups.quantity_unit) as quantity_unit,
        sum(token_groups.quantity) as used_quantity,
        sum(case when token_groups.contracted_cost is null then token_groups.quantity else 0 end) as unpriced_quantity,
        coalesce(sum(token_groups.contracted_cost), 0) as used_cost,
        coalesce(sum(estimated.estimated_cost), 0) as estimated_cost
    from token_groups
    inner join accounts
        on
            token_groups.provider_id = accounts.provider_id
            and token_groups.project_key = accounts.project_key
            and token_groups.usage_date = accounts.usage_date
    left join tiered
        on
            token_groups.usage_date = tiered.usage_date
            and token_groups.provider_id = tiered.provider_id
            and coalesce(token_groups.model_id, 'none') = tiered.model_id
            and token_groups.billing_token_class = tiered.billing_token_class
    left join estimated
        on
            token_groups.allocation_group_id = estimated.allocation_group_id
            and token_groups.usage_date = estimated.usage_date
            and token_groups.token_class = estimated.token_class
    group by
        token_groups.usage_date, token_groups.provider_id, accounts.billing_account_id, coalesce(token_groups.model_id, 'none'),
        token_groups.billing_token_class, case when tiered.provider_id is null then 'any' else token_groups.priced_tier end,
        coalesce(token_groups.cost_currency, 'XXX')

),

sides as (

    select
        coalesce(billed.usage_date, used.usage_date) as usage_date,
        coalesce(billed.provider_id, used.provider_id) as provider_id,
        coalesce(billed.billing_account_id, used.billing_account_id) as billing_account_id,
        coalesce(billed.model_id, used.model_id) as model_id,
        coalesce(billed.billing_token_class, used.billing_token_class) as billing_token_class,
        coalesce(billed.service_tier, used.service_tier) as service_tier,
        coalesce(billed.billing_currency, used.billing_currency) as billing_currency,
        coalesce(billed.quantity_unit, used.quantity_unit) as quantity_unit,
        billed.billed_quantity,
        used.used_quantity,
        used.unpriced_quantity,
        coalesce(billed.unmetered_quantity, 0) as unmetered_quantity,
        -- a thousandth of a unit is what splitting leaves over, not use
        case
            when coalesce(billed.is_unquantified, 0) = 1 or used.used_quantity - coalesce(billed.metered_quantity, 0) < 0.001 then 0
            else used.used_quantity - coalesce(billed.metered_quantity, 0)
        end as unbilled_quantity,
        coalesce(billed.bill_cost, 0) as bill_cost,
        coalesce(used.used_cost, 0) as used_cost,
        coalesce(used.estimated_cost, 0) as estimated_cost,
        {% for kind in ['metered', 'unmetered', 'credit', 'tax', 'fee'] -%}
        coalesce(billed.{{ kind }}_cost, 0) as {{ kind }}_cost{{ ',' if not loop.last }}
        {% endfor %}
    from billed
    full outer join used
        on
            billed.usage_date = used.usage_date
            and billed.provider_id = used.provider_id
            and billed.billing_account_id = used.billing_account_id
            and billed.model_id = used.model_id
            and billed.billing_token_class = used.billing_token_class
            and billed.service_tier = used.service_tier
            and billed.billing_currency = used.billing_currency

),

-- Use without a bill, at contract price. While the bill still fills, the ledger's estimate says what is missing.
unbilled as (

    select
        *,
        case
            when estimated_cost <> 0 then 0
            else coalesce({{ allocate('used_cost', 'unbilled_quantity', 'used_quantity') }}, 0)
        end as unbilled_cost,
        greatest(unmetered_quantity - coalesce(unbilled_quantity, 0), 0) as more_billed,
        case when estimated_cost <> 0 then 0 else greatest(coalesce(unbilled_quantity, 0) - unmetered_quantity, 0) end as more_used
    from sides

),

-- Billed under one tier and logged under another: as much as the one has too much and the other too little.
between_tiers as (

    select
        *,
        least(
            sum(more_billed) over (partition by usage_date, provider_id, billing_account_id, model_id, billing_token_class, billing_currency),
            sum(more_used) over (partition by usage_date, provider_id, billing_account_id, model_id, billing_token_class, billing_currency)
        ) as moved,
        sum(more_billed) over (partition by usage_date, provider_id, billing_account_id, model_id, billing_token_class, billing_currency)
            as all_billed,
        sum(more_used) over (partition by usage_date, provider_id, billing_account_id, model_id, billing_token_class, billing_currency)
            as all_used
    from unbilled

),

tier_moves as (

    select
        *,
        coalesce({{ allocate('moved', 'more_billed', 'all_billed') }}, 0) as tier_billed,
        coalesce({{ allocate('moved', 'more_used', 'all_used') }}, 0) as tier_used,
        -- what is read from a cache for one side may be plain input for the other
        billing_token_class in ('input', 'cache_read', 'cache_write') as is_input
    from between_tiers

),

between_classes as (

    select
        *,
        sum(case when is_input then more_billed - tier_billed else 0 end) over (
            partition by usage_date, provider_id, billing_account_id, model_id, billing_currency
        ) as input_billed,
        sum(case when is_input then more_used - tier_used else 0 end) over (
            partition by usage_date, provider_id, billing_account_id, model_id, billing_currency
        ) as input_used
    from tier_moves

),

class_moves as (

    select
        *,
        case when is_input
            then coalesce({{ allocate('least(input_billed, input_used)', 'more_billed - tier_billed', 'input_billed') }}, 0)
            else 0
        end as class_billed,
        case when is_input
            then coalesce({{ allocate('least(input_billed, input_used)', 'more_used - tier_used', 'input_used') }}, 0)
            else 0
        end as class_used
    from between_classes

),

tokens as (

    select
        usage_date, 'model_api' as ai_scope, provider_id, billing_account_id, model_id, billing_token_class, service_tier, billing_currency,
        quantity_unit, billed_quantity, used_quantity, unmetered_quantity, unbilled_quantity, unpriced_quantity, bill_cost, used_cost,
        -estimated_cost as timing_cost,
        metered_cost + estimated_cost - used_cost + unbilled_cost as price_cost,
        coalesce({{ allocate('unmetered_cost', 'tier_billed', 'unmetered_quantity') }}, 0)
        - coalesce({{ allocate('unbilled_cost', 'tier_used', 'unbilled_quantity') }}, 0) as tier_cost,
        coalesce({{ allocate('unmetered_cost', 'class_billed', 'unmetered_quantity') }}, 0)
        - coalesce({{ allocate('unbilled_cost', 'class_used', 'unbilled_quantity') }}, 0) as cache_class_cost,
        credit_cost,
        tax_cost,
        fee_cost,
        unmetered_cost - coalesce({{ allocate('unmetered_cost', 'tier_billed + class_billed', 'unmetered_quantity') }}, 0)
            as unmetered_traffic_cost,
        coalesce({{ allocate('unbilled_cost', 'tier_used + class_used', 'unbilled_quantity') }}, 0) - unbilled_cost as unexplained_cost
    from class_moves

),

-- Accelerators: the hours of a node on the bill, and those that anything but the bill saw of it.
node_costs as (

    select
        ledger.usage_date,
        ledger.usage_hour,
        charges.machine_id as resource_id,
        coalesce(scopes.provider_id, lower(ledger.service_provider_name), 'unknown') as provider_id,
        coalesce(ledger.billing_account_id, 'none') as billing_account_id,
        ledger.billing_currency,
        sum(ledger.effective_cost) as bill_cost
    from ledger
    inner join charges on ledger.charge_id = charges.charge_id
    left join scopes on ledger.service_provider_name = scopes.service_provider_name
    where ledger.ai_scope = 'accelerator' and charges.is_metered_use and charges.machine_id is not null
    group by
        ledger.usage_date, ledger.usage_hour, charges.machine_id,
        coalesce(scopes.provider_id, lower(ledger.service_provider_name), 'unknown'), coalesce(ledger.billing_account_id, 'none'),
        ledger.billing_currency

),

ranked_nodes as (

    -- an hour of a node counts once, whatever number of lines it has
    select
        *,
        row_number() over (
            partition by resource_id, usage_hour order by bill_cost desc, provider_id asc, billing_account_id asc, billing_currency asc
        ) as cost_rank
    from node_costs

),

activity as (

    select distinct usage_hour, {{ short_host('node_name') }} as host
    from {{ ref('int_gpu_activity_hourly') }}
    where {{ in_dirty_days('usage_date') }}

),

held as (

    select distinct resource_id, usage_hour
    from {{ ref('int_node_shares_hourly') }}
    where usage_state in ('productive', 'allocated_unused', 'activity_unknown') and {{ in_dirty_days('usage_date') }}

),

node_hours as (

    select
        capacity.usage_date,
        capacity.usage_hour,
        capacity.resource_id,
        coalesce(specs.accelerator_type, 'unknown') as accelerator_type,
        capacity.capacity_quantity as gpu_hours,
        capacity.capacity_source <> 'instance_specs' or held.resource_id is not null or by_name.host is not null
        or by_id.host is not null as is_seen
    from {{ ref('int_node_capacity_hours') }} as capacity
    left join {{ ref('instance_specs') }} as specs on capacity.instance_type = specs.instance_type
    left join held on capacity.resource_id = held.resource_id and capacity.usage_hour = held.usage_hour
    left join activity as by_name
        on {{ short_host('capacity.node_name') }} = by_name.host and capacity.usage_hour = by_name.usage_hour
    left join activity as by_id
        on {{ short_host('capacity.resource_id') }} = by_id.host and capacity.usage_hour = by_id.usage_hour
    where capacity.resource_kind = 'gpu' and {{ in_dirty_days('capacity.usage_date') }}

),

node_sides as (

    select
        coalesce(ranked_nodes.usage_date, node_hours.usage_date) as usage_date,
        coalesce(ranked_nodes.provider_id, 'none') as provider_id,
        coalesce(ranked_nodes.billing_account_id, 'none') as billing_account_id,
        coalesce(node_hours.accelerator_type, 'unknown') as model_id,
        coalesce(ranked_nodes.billing_currency, 'XXX') as billing_currency,
        coalesce(node_hours.is_seen, false) as is_seen,
        ranked_nodes.resource_id is not null as is_billed,
        case when coalesce(ranked_nodes.cost_rank, 1) = 1 then node_hours.gpu_hours end as gpu_hours,
        coalesce(ranked_nodes.bill_cost, 0) as bill_cost
    from ranked_nodes
    full outer join node_hours
        on ranked_nodes.resource_id = node_hours.resource_id and ranked_nodes.usage_hour = node_hours.usage_hour

),

accelerators as (

    -- An hour that nobody bills has no price: it is there in hours alone.
    select
        usage_date, 'accelerator' as ai_scope, provider_id, billing_account_id, model_id, 'gpu_hours' as billing_token_class,
        'any' as service_tier, billing_currency, 'gpu_hours' as quantity_unit,
        sum(case when is_billed then gpu_hours end) as billed_quantity,
        sum(case when is_seen then gpu_hours end) as used_quantity,
        coalesce(sum(case when is_billed and not is_seen then gpu_hours end), 0) as unmetered_quantity,
        coalesce(sum(case when is_seen and not is_billed then gpu_hours end), 0) as unbilled_quantity,
        coalesce(sum(case when is_seen and not is_billed then gpu_hours end), 0) as unpriced_quantity,
        sum(bill_cost) as bill_cost,
        sum(case when is_seen then bill_cost else 0 end) as used_cost,
        0 as timing_cost, 0 as price_cost, 0 as tier_cost, 0 as cache_class_cost, 0 as credit_cost, 0 as tax_cost, 0 as fee_cost,
        sum(case when is_seen then 0 else bill_cost end) as unmetered_traffic_cost,
        0 as unexplained_cost
    from node_sides
    group by usage_date, provider_id, billing_account_id, model_id, billing_currency

),

compared as (

    select * from tokens
    union all
    select * from accelerators

)

select
    usage_date,
    ai_scope,
    provider_id,
    billing_account_id,
    model_id,
    billing_token_class,
    service_tier,
    billing_currency,
    quantity_unit,
    cast(billed_quantity as decimal(38, 9)) as billed_quantity,
    cast(used_quantity as decimal(38, 9)) as used_quantity,
    cast(unmetered_quantity as decimal(38, 9)) as unmetered_quantity,
    cast(coalesce(unbilled_quantity, 0) as decimal(38, 9)) as unbilled_quantity,
    cast(coalesce(unpriced_quantity, 0) as decimal(38, 9)) as unpriced_quantity,
    cast(bill_cost as decimal(38, 12)) as bill_cost,
    cast(used_cost as decimal(38, 12)) as used_cost,
    cast(bill_cost - used_cost as decimal(38, 12)) as gap_cost,
    {% for reason in reasons -%}
    {%- if reason == 'rounding' -%}
    -- what splitting left over, in the ledger and here
    cast(bill_cost - used_cost
        {%- for other in reasons if other != 'rounding' %} - {{ other }}_cost{% endfor %} as decimal(38, 12)) as rounding_cost
    {%- else -%}
    cast({{ reason }}_cost as decimal(38, 12)) as {{ reason }}_cost
    {%- endif %}{{ ',' if not loop.last }}
    {% endfor %}
from compared
where billed_quantity is not null or used_quantity is not null or bill_cost <> 0 or used_cost <> 0
