{{ config(materialized='table') }}

-- Step 3 for model APIs: a bill line over the logged requests of its project, model and class, divided by what the vendor billed.
-- Prices that fall with the month's volume make the same use cheap or dear by its day alone: where a contract says that they
-- accumulate, all lines of the month are one pot, and every request of the month pays the month's blended rate.
with accumulating as (

    select distinct
        charges.charge_id,
        -- the account's volume counts where one of the rates that hold says so
        max(case when rates.accumulates = 'account_month' then 1 else 0 end) over (partition by charges.charge_id) = 1 as is_by_account
    from {{ ref('int_charges_in_scope') }} as charges
    inner join {{ ref('stg_reference__contract_rates') }} as rates
        on
            charges.meter_scope = rates.provider_id
            and charges.charge_date >= rates.valid_from
            and charges.charge_date < rates.valid_to
            and (rates.model_pattern = '*' or charges.model_id = rates.model_pattern)
    left join {{ ref('token_classes') }} as classes on rates.token_class = classes.token_class
    where
        rates.accumulates is not null
        and (
            rates.token_class = '*'
            or charges.billing_token_class in (rates.token_class, classes.billing_token_class)
        )

),

bill_lines as (

    select
        charges.*,
        owners.team_id as owner_team_id,
        owners.project_id as owner_project_id,
        owners.environment as owner_environment,
        coalesce(charges.bill_project_id, '') as project_key,
        case when accumulating.is_by_account then coalesce(charges.billing_account_id, '') end as pot_account,
        case
            when accumulating.charge_id is null then charges.charge_period_start
            else cast(date_trunc('month', charges.charge_date) as timestamp)
        end as pot_start,
        case when accumulating.charge_id is null then charges.charge_period_end end as pot_end
    from {{ ref('int_charges_in_scope') }} as charges
    left join accumulating on charges.charge_id = accumulating.charge_id
    left join {{ ref('int_charge_owners') }} as owners on charges.charge_id = owners.charge_id
    where charges.is_metered_use and charges.meter_scope is not null and charges.billing_token_class is distinct from 'provisioned_hours'

),

keyed as (

    select
        *,
        {{ hash_key([
            'meter_scope', 'pot_account', "case when pot_account is null then project_key end", 'model_id', 'billing_token_class',
            'service_tier', 'pot_start', 'pot_end'
        ]) }} as pot_id
    from bill_lines

),

-- Lines of one project, model, class, tier and period are one pot: what the vendor billed there is the sum of their quantities. The key is
-- left out, because a gateway logs keys of its own and not the vendor's.
pots as (

    select
        *,
        sum(usage_quantity) over (partition by pot_id) as billed_quantity
    from keyed

),

by_quantity as (

    -- a tool fee has a quantity and names no model
    select * from pots
    where billed_quantity > 0 and billing_token_class is not null and (model_id is not null or usage_unit <> 'tokens')

),

-- Lines without a quantity (or that mix classes) follow list cost, as far as they say which project, model and class they are.
by_list_cost as (

    select * from pots
    where
        coalesce(billed_quantity, 0) <= 0
        or billing_token_class is null
        or (model_id is null and coalesce(usage_unit, 'tokens') = 'tokens')

),

token_groups as (

    -- what capacity or a subscription served is on no line of use
    select
        token_groups.*,
        coalesce(token_groups.project_id, '') as project_key,
        case when token_groups.processing = 'batch' then 'batch' else coalesce(token_groups.service_tier, 'standard') end as priced_tier
    from {{ ref('int_token_groups_hourly') }} as token_groups
    where
        coalesce(token_groups.service_tier, '') not in ({{ prepaid_tiers() }})
        and {{ in_charge_days('token_groups.usage_date', ref('int_charge_hours')) }}

),

-- The hours that the lines of a pot cover; a month that is still filling has none yet after its newest line.
pot_hours as (

    select distinct
        lines.pot_id,
        lines.meter_scope,
        lines.project_key,
        lines.model_id,
        lines.billing_token_class,
        lines.service_tier,
        hours.usage_hour
    from by_quantity as lines
    inner join {{ ref('int_charge_hours') }} as hours on lines.charge_id = hours.charge_id

),

pot_matches as (

    select
        pot_hours.pot_id,
        token_groups.*
    from pot_hours
    inner join token_groups
        on
            pot_hours.usage_hour = token_groups.usage_hour
            and pot_hours.meter_scope = token_groups.provider_id
            and pot_hours.project_key = token_groups.project_key
            and (pot_hours.model_id is null or pot_hours.model_id = token_groups.model_id)
            and pot_hours.billing_token_class = token_groups.billing_token_class
            and (pot_hours.service_tier is null or pot_hours.service_tier = token_groups.priced_tier)
    where token_groups.quantity > 0

),

quantity_matches as (

    select
        lines.charge_id,
        'billed_quantity' as method,
        lines.usage_unit as driver,
        matched.quantity,
        lines.billed_quantity,
        matched.usage_hour,
        matched.usage_date,
        matched.token_class,
        matched.allocation_group_id,
        matched.team_id,
        matched.project_id,
        matched.environment,
        matched.model_id,
        matched.deployment_id,
        matched.customer_id,
        matched.feature,
        matched.api_key_id
    from by_quantity as lines
    inner join pot_matches as matched on lines.pot_id = matched.pot_id

),

list_cost_matches as (

    select
        lines.charge_id,
        'list_cost_of_logged' as method,
        'list_cost' as driver,
        token_groups.list_cost as quantity,
        cast(null as decimal(38, 9)) as billed_quantity,
        token_groups.usage_hour,
        token_groups.usage_date,
        token_groups.token_class,
        token_groups.allocation_group_id,
        token_groups.team_id,
        token_groups.project_id,
        token_groups.environment,
        token_groups.model_id,
        token_groups.deployment_id,
        token_groups.customer_id,
        token_groups.feature,
        token_groups.api_key_id
    from by_list_cost as lines
    inner join {{ ref('int_charge_hours') }} as hours on lines.charge_id = hours.charge_id
    inner join token_groups
        on
            hours.usage_hour = token_groups.usage_hour
            and lines.meter_scope = token_groups.provider_id
            and (lines.project_key = '' or lines.project_key = token_groups.project_key)
            and (lines.model_id is null or lines.model_id = token_groups.model_id)
            and (lines.billing_token_class is null or lines.billing_token_class = token_groups.billing_token_class)
            and (lines.service_tier is null or lines.service_tier = token_groups.priced_tier)
    where token_groups.list_cost > 0

),

matches as (

    select * from quantity_matches
    union all
    select * from list_cost_matches

),

logged as (

    select charge_id, sum(quantity) as quantity
    from matches
    group by charge_id

),

divisors as (

    select
        pots.*,
        coalesce(logged.quantity, 0) as logged_quantity,
        coalesce(quantified.charge_id is not null and logged.quantity > pots.billed_quantity, false) as is_over_metered,
        case
            when quantified.charge_id is not null
                then greatest(cast(pots.billed_quantity as decimal(38, 9)), cast(coalesce(logged.quantity, 0) as decimal(38, 9)))
            when logged.quantity > 0 then cast(logged.quantity as decimal(38, 9))
            -- Nothing logged that could share the line: it is unmetered as a whole.
            else cast(1 as decimal(38, 9))
        end as divisor,
        quantified.charge_id is not null as has_quantity
    from pots
    left join (select charge_id from by_quantity) as quantified on pots.charge_id = quantified.charge_id
    left join logged on pots.charge_id = logged.charge_id

),

unmetered_days as (

    select
        divisors.charge_id,
        cast(hours.usage_hour as date) as usage_date,
        min(hours.usage_hour) as usage_hour,
        count(*) as hours_of_day,
        sum(count(*)) over (partition by divisors.charge_id) as hours_of_charge
    from divisors
    inner join {{ ref('int_charge_hours') }} as hours on divisors.charge_id = hours.charge_id
    where
        divisors.logged_quantity = 0
        or (divisors.has_quantity and divisors.billed_quantity > divisors.logged_quantity)
    group by divisors.charge_id, cast(hours.usage_hour as date)

),

unmetered as (

    select
        unmetered_days.charge_id,
        unmetered_days.usage_date,
        unmetered_days.usage_hour,
        cast(
            cast(divisors.divisor - divisors.logged_quantity as double)
            * unmetered_days.hours_of_day / unmetered_days.hours_of_charge as decimal(38, 9)
        ) as quantity
    from unmetered_days
    inner join divisors on unmetered_days.charge_id = divisors.charge_id

)

select
    divisors.charge_id,
    divisors.charge_date as unit_date,
    matches.usage_hour,
    matches.usage_date,
    'measured' as placement,
    'token_work' as allocation_step,
    matches.method,
    cast(null as varchar) as rule_id,
    matches.driver,
    cast(matches.quantity as decimal(38, 9)) as driver_quantity,
    cast(matches.quantity as double) / cast(divisors.divisor as double) as share,
    'used' as usage_state,
    case when coalesce(matches.team_id, divisors.owner_team_id) is null then 'request_without_owner' end as remainder_reason,
    cast(null as varchar) as resource_kind,
    cast(null as varchar) as activity_signal,
    coalesce(matches.team_id, divisors.owner_team_id) as team_id,
    matches.project_id,
    coalesce(matches.environment, divisors.owner_environment) as environment,
    matches.model_id,
    matches.deployment_id,
    cast(null as varchar) as training_run_id,
    cast(null as varchar) as attempt_id,
    matches.customer_id,
    matches.feature,
    matches.api_key_id,
    matches.token_class,
    'serving' as workload_type,
    matches.allocation_group_id,
    divisors.is_over_metered,
    case when divisors.has_quantity then cast(divisors.billed_quantity as decimal(38, 9)) end as pot_quantity,
    {{ allocate('divisors.billed_cost', 'matches.quantity', 'divisors.divisor') }} as billed_cost,
    {{ allocate('divisors.effective_cost', 'matches.quantity', 'divisors.divisor') }} as effective_cost
from matches
inner join divisors on matches.charge_id = divisors.charge_id
union all
select
    divisors.charge_id,
    divisors.charge_date,
    unmetered.usage_hour,
    unmetered.usage_date,
    case when divisors.is_single_hour then 'charge_hour' else 'even' end,
    'token_work',
    case when divisors.has_quantity then 'billed_quantity' else 'list_cost_of_logged' end,
    null,
    case when divisors.has_quantity then divisors.usage_unit end,
    case when divisors.has_quantity then unmetered.quantity end,
    cast(unmetered.quantity as double) / cast(divisors.divisor as double),
    'unmetered',
    case when divisors.owner_team_id is null then 'unmetered_without_owner' end,
    null,
    null,
    divisors.owner_team_id,
    coalesce(divisors.owner_project_id, divisors.bill_project_id),
    divisors.owner_environment,
    divisors.model_id,
    null,
    null,
    null,
    null,
    null,
    divisors.credential_id,
    null,
    'serving',
    null,
    false,
    case when divisors.has_quantity then cast(divisors.billed_quantity as decimal(38, 9)) end,
    {{ allocate('divisors.billed_cost', 'unmetered.quantity', 'divisors.divisor') }},
    {{ allocate('divisors.effective_cost', 'unmetered.quantity', 'divisors.divisor') }}
from unmetered
inner join divisors on unmetered.charge_id = divisors.charge_id
