{%- set holder = [
    'workload_kind', 'workload_id', 'workload_name', 'workload_type', 'team_id', 'environment', 'model_id', 'deployment_id',
    'training_run_id', 'attempt_id', 'activity_signal',
] -%}
{%- set parts_of_node = [
    'usage_hour', 'resource_id', 'hours_state', 'workload_id', 'team_id', 'attempt_id', 'model_id', 'deployment_id',
] -%}
{%- set terms = ['vendor', 'region_id', 'purchase_option', 'accelerator_type', 'cost_status', 'billing_currency'] -%}
{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Every accelerator-hour that was paid for, with who held it and in which state: productive, held but not used, unknown, stranded or free.
-- The cost is the whole node's, since nobody can rent the accelerator without it; the accelerators' own part stands beside it.
with gpu_charges as (

    select
        charges.charge_id,
        charges.machine_id as resource_id,
        charges.cost_status,
        charges.billing_currency,
        charges.is_unused_commitment,
        charges.service_provider_name as vendor,
        charges.effective_cost,
        charges.billed_cost,
        charges.last_day = charges.charge_date as is_of_one_day,
        coalesce(bills."RegionId", 'unknown') as region_id,
        bills."ListCost" as list_cost,
        bills."ContractedCost" as contracted_cost,
        lower(charges.source) as source,
        lower(bills."x_Operation") as operation,
        lower(bills."SkuMeter") as sku_meter,
        lower(bills."ChargeDescription") as charge_description,
        lower(bills."CommitmentDiscountType") as commitment_discount_type,
        lower(bills."PricingCategory") as pricing_category,
        charges.accelerator_type,
        specs.gpu_count,
        specs.vcpu_count,
        coalesce(bills."ConsumedQuantity", bills."CommitmentDiscountQuantity", bills."PricingQuantity") as quantity,
        lower(case
            when bills."ConsumedQuantity" is not null then bills."ConsumedUnit"
            when bills."CommitmentDiscountQuantity" is not null then bills."CommitmentDiscountUnit"
            else bills."PricingUnit"
        end) as quantity_unit
    from {{ ref('int_charges_in_scope') }} as charges
    inner join {{ ref('cost_and_usage') }} as bills
        on charges.charge_id = bills."x_ChargeId" and charges.charge_date = bills."x_ChargeDate"
    left join {{ ref('instance_specs') }} as specs on bills."x_InstanceType" = specs.instance_type
    where
        charges.charge_id in (select distinct pieces.charge_id from {{ ref('int_pieces_gpu_telemetry') }} as pieces)
        or (charges.is_unused_commitment and charges.accelerator_type is not null)

),

-- How it was bought, in the order of seed purchase_options.
options_matched as (

    select gpu_charges.charge_id, min(options.priority) as priority
    from gpu_charges
    inner join {{ ref('purchase_options') }} as options
        on case options.match_field
            when 'source' then gpu_charges.source
            when 'operation' then gpu_charges.operation
            when 'sku_meter' then gpu_charges.sku_meter
            when 'charge_description' then gpu_charges.charge_description
            when 'commitment_discount_type' then gpu_charges.commitment_discount_type
            when 'pricing_category' then gpu_charges.pricing_category
        end like options.match_pattern
    group by gpu_charges.charge_id

),

charge_terms as (

    select
        gpu_charges.*,
        {{ machine_seconds('gpu_charges.quantity', 'gpu_charges.vendor', 'gpu_charges.sku_meter', 'units', 'gpu_charges') }} as machine_seconds,
        coalesce(options.purchase_option, 'other') as purchase_option,
        -- Where the fee is a line of its own and is not spread over its hours, what an hour costs is unknown, and not nothing.
        coalesce(options.is_fee_apart and gpu_charges.effective_cost <= gpu_charges.billed_cost, false) as is_unpriced
    from gpu_charges
    left join {{ ref('machine_time_units') }} as units on gpu_charges.quantity_unit = units.billed_unit
    left join options_matched on gpu_charges.charge_id = options_matched.charge_id
    left join {{ ref('purchase_options') }} as options on options_matched.priority = options.priority

),

gpu_nodes as (

    select usage_hour, resource_id, accelerator_type
    from {{ ref('int_node_capacity_hours') }}
    where resource_kind = 'gpu' and capacity_quantity > 0 and {{ in_dirty_days('usage_date') }}

),

pieces as (

    select
        pieces.charge_id,
        charge_terms.resource_id,
        pieces.usage_date,
        pieces.usage_hour,
        case
            when pieces.usage_state <> 'unallocated' then pieces.usage_state
            else 'free_' || pieces.free_state
        end as hours_state,
        {% for column in holder if column != 'activity_signal' -%} pieces.{{ column }}, {% endfor %}
        max(pieces.activity_signal) as activity_signal,
        sum(case when pieces.resource_kind = 'gpu' then pieces.driver_quantity else 0 end) as quantity,
        sum(pieces.effective_cost) as node_cost,
        sum(case when pieces.resource_kind = 'gpu' then pieces.effective_cost else 0 end) as accelerator_cost,
        sum({{ allocate('charge_terms.list_cost', 'pieces.share', '1') }}) as list_cost,
        sum({{ allocate('charge_terms.contracted_cost', 'pieces.share', '1') }}) as contracted_cost
    from {{ ref('int_pieces_gpu_telemetry') }} as pieces
    inner join charge_terms on pieces.charge_id = charge_terms.charge_id
    where {{ in_dirty_days('pieces.usage_date') }}
    group by
        pieces.charge_id, charge_terms.resource_id, pieces.usage_date, pieces.usage_hour,
        {% for column in holder if column != 'activity_signal' -%} pieces.{{ column }}, {% endfor %}
        case
            when pieces.usage_state <> 'unallocated' then pieces.usage_state
            else 'free_' || pieces.free_state
        end

),

-- A node-hour may have several lines: part of it under a plan and the rest on demand, discounts, fees. Its hours go to the lines that
-- count its time and cost something, by their time; else to the dearest.
node_lines as (

    select
        pieces.usage_hour,
        pieces.resource_id,
        pieces.charge_id,
        sum(pieces.node_cost) as node_cost,
        max(case
            when charge_terms.effective_cost > 0 and charge_terms.machine_seconds > 0 then charge_terms.machine_seconds else 0
        end) as billed_seconds
    from pieces
    inner join charge_terms on pieces.charge_id = charge_terms.charge_id
    group by pieces.usage_hour, pieces.resource_id, pieces.charge_id

),

ranked_lines as (

    select
        *,
        sum(billed_seconds) over (partition by usage_hour, resource_id) as billed_seconds_of_node,
        row_number() over (
            partition by usage_hour, resource_id order by billed_seconds desc, node_cost desc, charge_id asc
        ) as line_rank
    from node_lines

),

shared as (

    select
        pieces.*,
        ranked_lines.line_rank,
        case
            when ranked_lines.line_rank > 1 and ranked_lines.billed_seconds > 0
                then {{ floor_quantity('pieces.quantity * ranked_lines.billed_seconds / ranked_lines.billed_seconds_of_node') }}
            else 0
        end as quantity_of_line
    from pieces
    inner join ranked_lines
        on
            pieces.usage_hour = ranked_lines.usage_hour
            and pieces.resource_id = ranked_lines.resource_id
            and pieces.charge_id = ranked_lines.charge_id

),

-- What the other lines of a node-hour take of a holder's hours; few node-hours have several lines that count hours.
taken as (

    select
        {{ parts_of_node | join(', ') }},
        sum(quantity_of_line) as quantity
    from shared
    where quantity_of_line > 0
    group by {{ parts_of_node | join(', ') }}

),

counted as (

    select
        shared.*,
        -- the first line takes what the others leave, so that lines add up to the node
        case when shared.line_rank = 1 then shared.quantity - coalesce(taken.quantity, 0) else shared.quantity_of_line end as gpu_hours
    from shared
    left join taken
        on
            {%- for column in parts_of_node %}
            {{ 'and ' if not loop.first }}shared.{{ column }} is not distinct from taken.{{ column }}
            {%- endfor %}

),

held as (

    select
        counted.usage_date,
        counted.usage_hour,
        counted.resource_id,
        counted.hours_state,
        {% for column in holder if column != 'activity_signal' -%} counted.{{ column }}, {% endfor %}
        charge_terms.vendor,
        charge_terms.region_id,
        charge_terms.purchase_option,
        coalesce(gpu_nodes.accelerator_type, charge_terms.accelerator_type, 'unknown') as accelerator_type,
        charge_terms.cost_status,
        charge_terms.billing_currency,
        charge_terms.is_unpriced,
        counted.activity_signal,
        counted.gpu_hours,
        counted.node_cost,
        counted.accelerator_cost,
        counted.list_cost,
        counted.contracted_cost
    from counted
    inner join charge_terms on counted.charge_id = charge_terms.charge_id
    inner join gpu_nodes on counted.usage_hour = gpu_nodes.usage_hour and counted.resource_id = gpu_nodes.resource_id

),

-- Reserved and paid for, and no machine was there.
not_delivered as (

    select
        charge_days.usage_date,
        charge_days.usage_hour,
        charge_terms.resource_id,
        charge_terms.vendor,
        charge_terms.region_id,
        charge_terms.purchase_option,
        charge_terms.accelerator_type,
        charge_terms.cost_status,
        charge_terms.billing_currency,
        charge_terms.is_unpriced,
        charge_terms.is_of_one_day,
        owners.team_id,
        owners.environment,
        charge_terms.machine_seconds * charge_terms.gpu_count / 3600 as quantity,
        charge_days.effective_cost as node_cost,
        {{ allocate('charge_terms.list_cost', 'charge_days.effective_cost', 'charge_terms.effective_cost') }} as list_cost,
        {{ allocate('charge_terms.contracted_cost', 'charge_days.effective_cost', 'charge_terms.effective_cost') }} as contracted_cost,
        charge_days.effective_cost as cost_of_day,
        charge_terms.effective_cost as cost_of_charge
    from charge_terms
    inner join {{ ref('int_charge_days') }} as charge_days on charge_terms.charge_id = charge_days.charge_id
    left join {{ ref('int_charge_owners') }} as owners on charge_terms.charge_id = owners.charge_id
    where
        charge_terms.is_unused_commitment
        and charge_terms.machine_seconds is not null
        and charge_terms.gpu_count > 0
        and {{ in_dirty_days('charge_days.usage_date') }}

),

states as (

    select
        usage_date, usage_hour, resource_id, hours_state, {{ holder | join(', ') }}, {{ terms | join(', ') }},
        is_unpriced, gpu_hours, node_cost, accelerator_cost, list_cost, contracted_cost
    from held
    union all
    select
        usage_date, usage_hour, resource_id, 'not_delivered',
        {% for column in holder %}{{ column if column in ('team_id', 'environment') else 'null' }}, {% endfor %}{{ terms | join(', ') }},
        is_unpriced,
        case
            when is_of_one_day then cast(quantity as decimal(38, 9))
            else cast(cast(quantity as double) * cast(cost_of_day as double) / nullif(cast(cost_of_charge as double), 0) as decimal(38, 9))
        end,
        node_cost, node_cost as accelerator_cost, list_cost, contracted_cost
    from not_delivered

)

select
    usage_date,
    usage_hour,
    resource_id,
    vendor || '/' || region_id || '/' || accelerator_type as pool_id,
    {% for column in terms %}{{ column }}, {% endfor %}
    hours_state,
    {% for column in holder if column != 'activity_signal' -%} {{ column }}, {% endfor %}
    max(activity_signal) as activity_signal,
    cast(coalesce(sum(gpu_hours), 0) as decimal(38, 9)) as gpu_hours,
    cast(sum(node_cost) as decimal(38, 12)) as node_cost,
    cast(sum(accelerator_cost) as decimal(38, 12)) as accelerator_cost,
    cast(coalesce(sum(case when is_unpriced then gpu_hours end), 0) as decimal(38, 9)) as unpriced_gpu_hours,
    {%- for kind, hours in [('list', 'list'), ('contracted', 'contract')] %}
    cast(sum(case when not is_unpriced then {{ kind }}_cost end) as decimal(38, 12)) as {{ kind }}_cost,
    cast(coalesce(sum(case when not is_unpriced and {{ kind }}_cost is not null then gpu_hours end), 0) as decimal(38, 9))
        as {{ hours }}_priced_gpu_hours{{ ',' if not loop.last }}
    {%- endfor %}
from states
group by
    usage_date, usage_hour, resource_id, hours_state,
    {% for column in holder if column != 'activity_signal' -%} {{ column }}, {% endfor %}
    {{ terms | join(', ') }}
