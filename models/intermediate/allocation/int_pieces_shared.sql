{{ config(materialized='table') }}

-- Step 4. Shared charges over the teams that a declared rule names, day by day.
with days as (

    select
        charge_days.*,
        rules.rule_id,
        rules.method,
        rules.driver,
        case when substr(rules.targets, 1, 1) = chr(123) then rules.targets else '*' end as targets,
        charges.billing_currency,
        owners.team_id as account_team_id
    from {{ ref('int_charge_days') }} as charge_days
    left join {{ ref('int_charge_owners') }} as owners on charge_days.charge_id = owners.charge_id
    inner join {{ ref('int_shared_rules_matched') }} as rules on charge_days.charge_id = rules.charge_id
    inner join {{ ref('int_charges_in_scope') }} as charges on charge_days.charge_id = charges.charge_id

),

direct_days as (

    select charge_days.usage_date, charges.billing_currency, owners.team_id, charge_days.effective_cost
    from {{ ref('int_charge_days') }} as charge_days
    inner join {{ ref('int_charges_in_scope') }} as charges on charge_days.charge_id = charges.charge_id
    inner join {{ ref('int_charge_owners') }} as owners on charge_days.charge_id = owners.charge_id
    left join {{ ref('int_shared_rules_matched') }} as rules on charge_days.charge_id = rules.charge_id
    where charges.is_metered_use and rules.charge_id is null

),

telemetry_days as (

    select
        pieces.usage_date, charges.billing_currency, pieces.team_id, pieces.effective_cost,
        case when pieces.resource_kind = 'gpu' and pieces.usage_state not in ('unallocated', 'stranded')
            then pieces.driver_quantity end as gpu_hours
    from {{ ref('int_pieces_gpu_telemetry') }} as pieces
    inner join {{ ref('int_charges_in_scope') }} as charges on pieces.charge_id = charges.charge_id

),

token_days as (

    select pieces.usage_date, charges.billing_currency, pieces.team_id, pieces.effective_cost
    from {{ ref('int_pieces_token_work') }} as pieces
    inner join {{ ref('int_charges_in_scope') }} as charges on pieces.charge_id = charges.charge_id

),

-- What each team used of its own that day, by driver. Serving work is counted with the team that holds the deployment.
drivers as (

    select 'effective_cost' as driver, usage_date, billing_currency, team_id, effective_cost as quantity from direct_days
    union all
    select 'effective_cost', usage_date, billing_currency, team_id, effective_cost from telemetry_days
    union all
    select 'effective_cost', usage_date, billing_currency, team_id, effective_cost from token_days
    union all
    select 'gpu_hours', usage_date, null, team_id, gpu_hours from telemetry_days where gpu_hours is not null
    union all
    select 'requests', usage_date, null, team_id, requests
    from {{ ref('int_request_groups_hourly') }}
    where {{ overlaps_ledger_days('usage_date', 'usage_date') }}

),

team_drivers as (

    select driver, usage_date, billing_currency, team_id, cast(sum(quantity) as decimal(38, 9)) as quantity
    from drivers
    where team_id is not null
    group by driver, usage_date, billing_currency, team_id
    having sum(quantity) > 0

),

rule_days as (

    select distinct
        rule_id, method, coalesce(driver, 'effective_cost') as driver, usage_date, billing_currency,
        targets like '%*%' as is_open,
        case when targets like '%*%' then '{}' else targets end as targets
    from days

),

-- `*` = every team with a driver that day.
open_targets as (

    select
        rule_days.rule_id, rule_days.usage_date, rule_days.billing_currency, team_drivers.team_id,
        case when rule_days.method = 'proportional' then team_drivers.quantity else 1 end as weight
    from rule_days
    inner join team_drivers
        on
            rule_days.usage_date = team_drivers.usage_date
            and rule_days.driver = team_drivers.driver
            and (team_drivers.billing_currency is null or rule_days.billing_currency = team_drivers.billing_currency)
    where rule_days.is_open

),

named_targets as (

    select
        rule_days.rule_id, rule_days.usage_date, rule_days.billing_currency, units.unit_id as team_id,
        case
            when rule_days.method = 'proportional' then team_drivers.quantity
            when rule_days.method = 'fixed'
                then cast({{ json_text_at('rule_days.targets', 'units.unit_id') }} as decimal(18, 9))
            else 1
        end as weight
    from rule_days
    inner join {{ ref('stg_reference__org_units') }} as units
        on
            rule_days.usage_date >= units.valid_from
            and (units.valid_to is null or rule_days.usage_date < units.valid_to)
            and {{ json_text_at('rule_days.targets', 'units.unit_id') }} is not null
    left join team_drivers
        on
            rule_days.usage_date = team_drivers.usage_date
            and rule_days.driver = team_drivers.driver
            and units.unit_id = team_drivers.team_id
            and (team_drivers.billing_currency is null or rule_days.billing_currency = team_drivers.billing_currency)
    where not rule_days.is_open

),

weights as (

    select * from open_targets
    union all
    select * from named_targets

),

totals as (

    select rule_id, usage_date, billing_currency, sum(weight) as weight
    from weights
    group by rule_id, usage_date, billing_currency
    having sum(weight) > 0

)

select
    days.charge_id,
    days.unit_date,
    days.usage_hour,
    days.usage_date,
    days.placement,
    'shared' as allocation_step,
    days.method,
    days.rule_id,
    case when days.method = 'proportional' then days.driver end as driver,
    cast(weights.weight as decimal(38, 9)) as driver_quantity,
    case
        when totals.weight is null then 1
        else cast(weights.weight as double) / cast(totals.weight as double)
    end as share,
    'used' as usage_state,
    case when coalesce(weights.team_id, days.account_team_id) is null then 'rule_without_driver' end as remainder_reason,
    -- A day on which nobody had the driver yet (a fee reaches to the end of its month) waits with the owner of the account.
    coalesce(weights.team_id, days.account_team_id) as team_id,
    case
        when totals.weight is null then days.billed_cost
        else {{ allocate('days.billed_cost', 'weights.weight', 'totals.weight') }}
    end as billed_cost,
    case
        when totals.weight is null then days.effective_cost
        else {{ allocate('days.effective_cost', 'weights.weight', 'totals.weight') }}
    end as effective_cost
from days
left join totals
    on
        days.rule_id = totals.rule_id
        and days.usage_date = totals.usage_date
        and days.billing_currency = totals.billing_currency
left join weights
    on
        totals.rule_id = weights.rule_id
        and totals.usage_date = weights.usage_date
        and totals.billing_currency = weights.billing_currency
        and weights.weight > 0
