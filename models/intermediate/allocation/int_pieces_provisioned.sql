{{ config(materialized='table') }}

-- Step 3 for capacity that is paid by the hour: each hour of the line goes to the requests that provisioned capacity served in it, by
-- tokens, as far as the line names project and model. An hour that served nothing stays with the owner of the line.
with lines as (

    select
        charges.*,
        owners.team_id as owner_team_id,
        owners.project_id as owner_project_id,
        owners.environment as owner_environment
    from {{ ref('int_charges_in_scope') }} as charges
    left join {{ ref('int_charge_owners') }} as owners on charges.charge_id = owners.charge_id
    where charges.is_metered_use and charges.meter_scope is not null and charges.billing_token_class = 'provisioned_hours'

),

line_hours as (

    select
        lines.charge_id,
        hours.usage_hour,
        count(*) over (partition by lines.charge_id) as hours_of_charge
    from lines
    inner join {{ ref('int_charge_hours') }} as hours on lines.charge_id = hours.charge_id

),

token_groups as (

    select *
    from {{ ref('int_token_groups_hourly') }}
    where service_tier = 'provisioned' and quantity_unit = 'tokens' and {{ in_charge_days('usage_date', ref('int_charge_hours')) }}

),

matches as (

    select
        line_hours.charge_id,
        line_hours.hours_of_charge,
        token_groups.*,
        sum(token_groups.quantity) over (partition by line_hours.charge_id, line_hours.usage_hour) as tokens_of_hour
    from line_hours
    inner join lines on line_hours.charge_id = lines.charge_id
    inner join token_groups
        on
            line_hours.usage_hour = token_groups.usage_hour
            and lines.meter_scope = token_groups.provider_id
            and (lines.bill_project_id is null or lines.bill_project_id = token_groups.project_id)
            and (lines.model_id is null or lines.model_id = token_groups.model_id)

),

unused_hours as (

    select
        line_hours.charge_id,
        cast(line_hours.usage_hour as date) as usage_date,
        min(line_hours.usage_hour) as usage_hour,
        count(*) as unused_hours,
        max(line_hours.hours_of_charge) as hours_of_charge
    from line_hours
    left join (select distinct charge_id, usage_hour from matches) as used
        on line_hours.charge_id = used.charge_id and line_hours.usage_hour = used.usage_hour
    where used.charge_id is null
    group by line_hours.charge_id, cast(line_hours.usage_hour as date)

)

select
    lines.charge_id,
    lines.charge_date as unit_date,
    matches.usage_hour,
    matches.usage_date,
    'measured' as placement,
    'token_work' as allocation_step,
    'provisioned_by_tokens' as method,
    cast(null as varchar) as rule_id,
    'tokens' as driver,
    cast(matches.quantity as decimal(38, 9)) as driver_quantity,
    cast(matches.quantity as double) / (cast(matches.tokens_of_hour as double) * matches.hours_of_charge) as share,
    'used' as usage_state,
    case when coalesce(matches.team_id, lines.owner_team_id) is null then 'request_without_owner' end as remainder_reason,
    cast(null as varchar) as resource_kind,
    cast(null as varchar) as activity_signal,
    coalesce(matches.team_id, lines.owner_team_id) as team_id,
    matches.project_id,
    coalesce(matches.environment, lines.owner_environment) as environment,
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
    cast(null as boolean) as is_over_metered,
    {{ allocate('lines.billed_cost', 'matches.quantity', 'cast(matches.tokens_of_hour as double) * matches.hours_of_charge') }} as billed_cost,
    {{ allocate('lines.effective_cost', 'matches.quantity', 'cast(matches.tokens_of_hour as double) * matches.hours_of_charge') }} as effective_cost
from matches
inner join lines on matches.charge_id = lines.charge_id
union all
select
    lines.charge_id,
    lines.charge_date,
    unused_hours.usage_hour,
    unused_hours.usage_date,
    case when lines.is_single_hour then 'charge_hour' else 'even' end,
    'token_work',
    'provisioned_by_tokens',
    null,
    'hours',
    cast(unused_hours.unused_hours as decimal(38, 9)),
    cast(unused_hours.unused_hours as double) / unused_hours.hours_of_charge,
    'allocated_unused',
    case when lines.owner_team_id is null then 'charge_without_owner' end,
    null,
    null,
    lines.owner_team_id,
    coalesce(lines.owner_project_id, lines.bill_project_id),
    lines.owner_environment,
    lines.model_id,
    null,
    null,
    null,
    null,
    null,
    lines.credential_id,
    null,
    'serving',
    null,
    null,
    {{ allocate('lines.billed_cost', 'unused_hours.unused_hours', 'unused_hours.hours_of_charge') }},
    {{ allocate('lines.effective_cost', 'unused_hours.unused_hours', 'unused_hours.hours_of_charge') }}
from unused_hours
inner join lines on unused_hours.charge_id = lines.charge_id
