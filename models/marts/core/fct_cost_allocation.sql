{%- set placed = ['charge_id', 'unit_date', 'usage_hour', 'usage_date', 'placement'] -%}
{%- set explained = [
    'allocation_step', 'method', 'rule_id', 'driver', 'driver_quantity', 'share', 'usage_state', 'remainder_reason',
    'resource_kind', 'activity_signal', 'team_id', 'project_id', 'environment', 'model_id', 'deployment_id',
    'training_run_id', 'attempt_id', 'customer_id', 'feature', 'api_key_id', 'token_class', 'workload_type',
    'allocation_group_id', 'is_over_metered', 'billed_cost', 'effective_cost',
] -%}
{%- set measures = ['driver_quantity', 'share', 'billed_cost', 'effective_cost'] -%}
{%- set piece = (placed + explained) | join(', ') -%}
{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- The ledger: the pieces of every step, what rounding left over as rows of its own, and what the charge says of itself.
with telemetry as (

    -- a holder's pods and jobs are one piece here; each by itself is in fct_gpu_hours
    select
        {% for column in placed + explained if column not in measures -%} {{ column }}, {% endfor %}
        is_split_further,
        sum(driver_quantity) as driver_quantity,
        cast(sum(cast(share as decimal(38, 15))) as double) as share,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('int_pieces_gpu_telemetry') }}
    group by {% for column in placed + explained if column not in measures -%} {{ column }}, {% endfor %} is_split_further

),

-- What a device says of itself, for machines whose type the list does not have. The days of a charge are rebuilt together.
devices as (

    select charge_id, max(accelerator_type) as accelerator_type
    from {{ ref('int_pieces_gpu_telemetry') }}
    where {{ in_dirty_days('usage_date') }}
    group by charge_id

),

charge_days as (

    select
        charge_days.*,
        charges.is_unused_commitment,
        charges.bill_project_id,
        charges.credential_id,
        charges.model_id,
        -- a dataset is closer to the charge than the account it sits in
        case when coalesce(owners.is_account_owner, true) then coalesce(subjects.team_id, owners.team_id) else owners.team_id end
            as team_id,
        owners.project_id,
        owners.environment,
        case
            when coalesce(owners.is_account_owner, true) and subjects.team_id is not null then 'dataset'
            else owners.key_type
        end as key_type,
        subjects.training_run_id,
        subjects.resource_kind,
        rules.charge_id is not null as is_shared
    from {{ ref('int_charge_days') }} as charge_days
    inner join {{ ref('int_charges_in_scope') }} as charges on charge_days.charge_id = charges.charge_id
    left join {{ ref('int_charge_owners') }} as owners on charge_days.charge_id = owners.charge_id
    left join {{ ref('int_charge_subjects') }} as subjects on charge_days.charge_id = subjects.charge_id
    left join {{ ref('int_shared_rules_matched') }} as rules on charge_days.charge_id = rules.charge_id

),

pieces as (

    select {{ piece }} from telemetry
    where not is_split_further
    union all
    select {{ piece }} from {{ ref('int_pieces_serving_work') }}
    union all
    select {{ piece }} from {{ ref('int_pieces_token_work') }}
    union all
    select {{ piece }} from {{ ref('int_pieces_provisioned') }}
    union all
    select
        charge_id, unit_date, usage_hour, usage_date, placement,
        allocation_step, method, rule_id, driver, driver_quantity, share, usage_state, remainder_reason,
        null, null, team_id, null, null, null, null,
        null, null, null, null, null, null, null,
        null, null, billed_cost, effective_cost
    from {{ ref('int_pieces_shared') }}
    union all
    select
        charge_id, unit_date, usage_hour, usage_date, placement,
        'direct', 'identity_map', key_type, null, null, 1,
        case when is_unused_commitment then 'unused_commitment' else 'used' end,
        case when team_id is null then 'charge_without_owner' end,
        resource_kind, null, team_id, coalesce(project_id, bill_project_id), environment, model_id, null,
        training_run_id, null, null, null, credential_id, null, case when training_run_id is not null then 'training' end,
        null, null, billed_cost, effective_cost
    from charge_days
    where not is_shared

),

-- In = out: what went into a step of a charge, less what came out of it.
flows as (

    select charge_id, charge_date as unit_date, 'gpu_telemetry' as allocation_step, billed_cost, effective_cost
    from {{ ref('int_charges_in_scope') }}
    where charge_id in (select telemetry.charge_id from telemetry)
    union all
    select charge_id, unit_date, 'gpu_telemetry', -billed_cost, -effective_cost from telemetry
    union all
    select charge_id, unit_date, 'token_work', billed_cost, effective_cost from telemetry
    where is_split_further
    union all
    select charge_id, unit_date, 'token_work', -billed_cost, -effective_cost from {{ ref('int_pieces_serving_work') }}
    union all
    select charge_id, charge_date, 'token_work', billed_cost, effective_cost
    from {{ ref('int_charges_in_scope') }}
    where
        charge_id in (select pieces.charge_id from {{ ref('int_pieces_token_work') }} as pieces)
        or charge_id in (select pieces.charge_id from {{ ref('int_pieces_provisioned') }} as pieces)
    union all
    select charge_id, unit_date, 'token_work', -billed_cost, -effective_cost from {{ ref('int_pieces_token_work') }}
    union all
    select charge_id, unit_date, 'token_work', -billed_cost, -effective_cost from {{ ref('int_pieces_provisioned') }}
    union all
    select charge_id, unit_date, 'shared', billed_cost, effective_cost from charge_days
    where is_shared
    union all
    select charge_id, unit_date, 'shared', -billed_cost, -effective_cost from {{ ref('int_pieces_shared') }}

),

residues as (

    select charge_id, unit_date, allocation_step, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
    from flows
    group by charge_id, unit_date, allocation_step
    having sum(billed_cost) <> 0 or sum(effective_cost) <> 0

),

roundings as (

    select
        residues.charge_id, residues.unit_date,
        greatest(charges.first_hour, cast(residues.unit_date as timestamp)) as usage_hour,
        residues.unit_date as usage_date,
        case when charges.is_single_hour then 'charge_hour' else 'even' end as placement,
        residues.allocation_step,
        'rounding' as method, null as rule_id, null as driver, null as driver_quantity, null as share,
        'rounding' as usage_state, null as remainder_reason, null as resource_kind, null as activity_signal,
        owners.team_id, owners.project_id, owners.environment, charges.model_id, null as deployment_id,
        null as training_run_id, null as attempt_id, null as customer_id, null as feature, null as api_key_id,
        null as token_class, null as workload_type, null as allocation_group_id, null as is_over_metered,
        residues.billed_cost, residues.effective_cost
    from residues
    inner join {{ ref('int_charges_in_scope') }} as charges on residues.charge_id = charges.charge_id
    left join {{ ref('int_charge_owners') }} as owners on residues.charge_id = owners.charge_id

),

all_pieces as (

    select * from pieces
    union all
    select {{ piece }} from roundings

),

billed as (

    select
        all_pieces.charge_id,
        charges.cost_status,
        charges.billing_currency,
        charges.charge_category,
        charges.charge_period_start,
        all_pieces.usage_hour,
        all_pieces.usage_date,
        all_pieces.placement,
        {% for column in explained -%}
            {%- if column == 'model_id' -%}
                -- what only names a run may be billed before a tracker knows the run
                coalesce(all_pieces.model_id, case when all_pieces.allocation_step <> 'direct' then runs.model_id end) as model_id,
            {%- else -%} all_pieces.{{ column }}, {%- endif %} {% endfor %}
        charges.service_provider_name,
        charges.service_name,
        charges.invoice_issuer_name,
        charges.billing_account_id,
        charges.sub_account_id,
        charges.billing_period_start,
        charges.ai_scope,
        coalesce(charges.accelerator_type, devices.accelerator_type) as accelerator_type,
        subjects.dataset_id,
        case
            when charges.meter_scope is not null then charges.meter_scope
            when all_pieces.deployment_id is not null then 'self_hosted'
            when all_pieces.training_run_id is not null then 'own'
        end as provider_id
    from all_pieces
    inner join {{ ref('int_charges_in_scope') }} as charges on all_pieces.charge_id = charges.charge_id
    left join devices on all_pieces.charge_id = devices.charge_id
    left join {{ ref('fct_training_runs') }} as runs on all_pieces.training_run_id = runs.training_run_id
    left join {{ ref('int_charge_subjects') }} as subjects
        on all_pieces.charge_id = subjects.charge_id and all_pieces.allocation_step in ('direct', 'shared')

),

estimated as (

    select
        pieces.charge_id,
        'estimated' as cost_status,
        pieces.billing_currency,
        'Usage' as charge_category,
        cast(pieces.usage_date as timestamp) as charge_period_start,
        pieces.usage_hour,
        pieces.usage_date,
        pieces.placement,
        {% for column in explained %}pieces.{{ column }}, {% endfor %}
        coalesce(scopes.service_provider_name, pieces.provider_id) as service_provider_name,
        scopes.service_name,
        scopes.invoice_issuer_name,
        cast(null as varchar) as billing_account_id,
        cast(null as varchar) as sub_account_id,
        cast(date_trunc('month', pieces.usage_date) as date) as billing_period_start,
        'model_api' as ai_scope,
        cast(null as varchar) as accelerator_type,
        cast(null as varchar) as dataset_id,
        pieces.provider_id
    from {{ ref('int_pieces_estimated') }} as pieces
    left join {{ ref('meter_scopes') }} as scopes on pieces.provider_id = scopes.provider_id

),

unioned as (

    select * from billed
    union all
    select * from estimated

)

select
    charge_id,
    cost_status,
    billing_currency,
    charge_category,
    charge_period_start,
    usage_hour,
    usage_date,
    placement,
    -- Whatever step reached it: money that nobody owns ends in the remainder, under a reason of the closed list.
    case when remainder_reason is not null then 'remainder' else allocation_step end as allocation_step,
    method,
    rule_id,
    driver,
    cast(driver_quantity as decimal(38, 9)) as driver_quantity,
    cast(share as double) as share,
    case when remainder_reason is not null then 'unallocated' else usage_state end as usage_state,
    remainder_reason,
    resource_kind,
    activity_signal,
    service_provider_name,
    service_name,
    invoice_issuer_name,
    billing_account_id,
    sub_account_id,
    billing_period_start,
    ai_scope,
    accelerator_type,
    provider_id,
    team_id,
    project_id,
    environment,
    model_id,
    deployment_id,
    training_run_id,
    attempt_id,
    dataset_id,
    customer_id,
    feature,
    api_key_id,
    token_class,
    workload_type,
    allocation_group_id,
    is_over_metered,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    cast(effective_cost as decimal(38, 12)) as effective_cost,
    {{ cost_component() }} as cost_component
from unioned
where {{ in_dirty_days('usage_date') }}
