{{ config(materialized='table') }}

-- Law 10. Metered use at contract price, until the bill of its scope is complete for the day; then the bill alone stands. A bill line
-- that is there before that is in the ledger as every charge is, so the estimate keeps only what the bill has not said yet: the two
-- add up to the estimate, never to more. A class without a price gives no row: it is counted, not guessed.
with token_groups as (

    select
        *,
        coalesce(project_id, '') as project_key,
        coalesce(model_id, '') as model_key
    from {{ ref('int_token_groups_hourly') }}
    where
        provider_id <> 'self_hosted'
        -- the fee of the capacity or the subscription is all there is to pay, and it is no estimate
        and coalesce(service_tier, '') not in ({{ prepaid_tiers() }})
        and contracted_cost is not null
        and cost_currency is not null
        and {{ overlaps_ledger_days('usage_date', 'usage_date') }}

),

-- The account that bills a project is known from the project's own lines of that day.
project_bills as (

    select
        charges.meter_scope as provider_id,
        coalesce(charges.bill_project_id, '') as project_key,
        charges.charge_date,
        charges.last_day,
        max(completeness.open_from) as open_from
    from {{ ref('int_charges_in_scope') }} as charges
    inner join {{ ref('int_bill_completeness') }} as completeness
        on
            charges.meter_scope = completeness.provider_id
            and charges.invoice_issuer_name is not distinct from completeness.invoice_issuer_name
            and charges.billing_account_id is not distinct from completeness.billing_account_id
            and charges.service_name is not distinct from completeness.service_name
    where charges.is_metered_use
    group by charges.meter_scope, coalesce(charges.bill_project_id, ''), charges.charge_date, charges.last_day

),

-- Use that no line names may be on the bill of any account: it waits for the slowest.
provider_bills as (

    select provider_id, min(open_from) as open_from
    from {{ ref('int_bill_completeness') }}
    group by provider_id

),

project_days as (

    select
        days.provider_id,
        days.project_key,
        days.usage_date,
        coalesce(max(project_bills.open_from), max(provider_bills.open_from)) as open_from
    from (select distinct provider_id, project_key, usage_date from token_groups) as days
    left join project_bills
        on
            days.provider_id = project_bills.provider_id
            and days.project_key = project_bills.project_key
            and days.usage_date >= project_bills.charge_date
            and days.usage_date <= project_bills.last_day
    left join provider_bills on days.provider_id = provider_bills.provider_id
    group by days.provider_id, days.project_key, days.usage_date

),

billed as (

    select
        pieces.allocation_group_id,
        pieces.usage_date,
        pieces.token_class,
        sum(pieces.effective_cost) as billed_cost,
        min(charges.billing_currency) as billing_currency,
        max(charges.billing_currency) as last_billing_currency
    from {{ ref('int_pieces_token_work') }} as pieces
    inner join {{ ref('int_charges_in_scope') }} as charges on pieces.charge_id = charges.charge_id
    where pieces.allocation_group_id is not null
    group by pieces.allocation_group_id, pieces.usage_date, pieces.token_class

),

open_groups as (

    select
        token_groups.*,
        billed.billed_cost,
        -- What was billed in another currency cannot be taken off: the bill stands.
        coalesce(
            billed.billing_currency <> token_groups.cost_currency or billed.last_billing_currency <> token_groups.cost_currency, false
        ) as is_billed_in_another_currency
    from token_groups
    inner join project_days
        on
            token_groups.provider_id = project_days.provider_id
            and token_groups.project_key = project_days.project_key
            and token_groups.usage_date = project_days.usage_date
            and (project_days.open_from is null or token_groups.usage_date >= project_days.open_from)
    left join billed
        on
            token_groups.allocation_group_id = billed.allocation_group_id
            and token_groups.usage_date = billed.usage_date
            and token_groups.token_class = billed.token_class

),

-- One estimate a provider, project, model and day. It is over where the bill has reached it; less than a millionth is rounding.
estimates as (

    select provider_id, project_key, model_key, usage_date
    from open_groups
    group by provider_id, project_key, model_key, usage_date
    having
        (count(billed_cost) = 0 or sum(contracted_cost) - sum(billed_cost) > 0.000001)
        and max(case when is_billed_in_another_currency then 1 else 0 end) = 0

)

select
    {{ hash_key(["'estimate'", 'open_groups.provider_id', 'open_groups.project_id', 'open_groups.model_id',
        'open_groups.usage_date']) }} as charge_id,
    open_groups.usage_date as unit_date,
    open_groups.usage_hour,
    open_groups.usage_date,
    'measured' as placement,
    'token_work' as allocation_step,
    case when open_groups.billed_cost is null then 'contract_price' else 'contract_price_less_billed' end as method,
    cast(null as varchar) as rule_id,
    open_groups.quantity_unit as driver,
    -- How much of a group's use an unfinished bill has counted is not known.
    case when open_groups.billed_cost is null then cast(open_groups.quantity as decimal(38, 9)) end as driver_quantity,
    cast(null as double) as share,
    'used' as usage_state,
    case when open_groups.team_id is null then 'request_without_owner' end as remainder_reason,
    cast(null as varchar) as resource_kind,
    cast(null as varchar) as activity_signal,
    open_groups.team_id,
    open_groups.project_id,
    open_groups.environment,
    open_groups.model_id,
    open_groups.deployment_id,
    cast(null as varchar) as training_run_id,
    cast(null as varchar) as attempt_id,
    open_groups.customer_id,
    open_groups.feature,
    open_groups.api_key_id,
    open_groups.token_class,
    'serving' as workload_type,
    open_groups.allocation_group_id,
    cast(null as boolean) as is_over_metered,
    cast(open_groups.contracted_cost - coalesce(open_groups.billed_cost, 0) as decimal(38, 12)) as billed_cost,
    cast(open_groups.contracted_cost - coalesce(open_groups.billed_cost, 0) as decimal(38, 12)) as effective_cost,
    open_groups.provider_id,
    open_groups.cost_currency as billing_currency
from open_groups
inner join estimates
    on
        open_groups.provider_id = estimates.provider_id
        and open_groups.project_key = estimates.project_key
        and open_groups.model_key = estimates.model_key
        and open_groups.usage_date = estimates.usage_date
where open_groups.contracted_cost is distinct from open_groups.billed_cost
