{{ config(materialized='table') }}

-- Metered use that no bill covers yet, at contract price. One estimate a provider, project, model and day; the bill of that
-- provider replaces it as soon as it reaches past the day. A class without a price gives no row: it is counted, not guessed.
with covered as (

    select x_MeterScope as provider_id, max(x_ChargeDate) as billed_until
    from {{ ref('cost_and_usage') }}
    where
        x_MeterScope is not null
        and ChargeCategory = 'Usage'
        and ChargePeriodEnd <= {{ as_of() }}
    group by x_MeterScope

),

token_groups as (

    select * from {{ ref('int_token_groups_hourly') }}
    where {{ overlaps_ledger_days('usage_date', 'usage_date') }}

)

select
    {{ hash_key(["'estimate'", 'token_groups.provider_id', 'token_groups.project_id', 'token_groups.model_id',
        'token_groups.usage_date']) }} as charge_id,
    token_groups.usage_date as unit_date,
    token_groups.usage_hour,
    token_groups.usage_date,
    'measured' as placement,
    'token_work' as allocation_step,
    'contract_price' as method,
    cast(null as varchar) as rule_id,
    'tokens' as driver,
    cast(token_groups.tokens as decimal(38, 9)) as driver_quantity,
    cast(null as double) as share,
    'used' as usage_state,
    case when token_groups.team_id is null then 'request_without_owner' end as remainder_reason,
    cast(null as varchar) as resource_kind,
    cast(null as varchar) as activity_signal,
    token_groups.team_id,
    token_groups.project_id,
    token_groups.environment,
    token_groups.model_id,
    token_groups.deployment_id,
    cast(null as varchar) as training_run_id,
    cast(null as varchar) as attempt_id,
    token_groups.customer_id,
    token_groups.feature,
    token_groups.api_key_id,
    token_groups.token_class,
    'serving' as workload_type,
    token_groups.allocation_group_id,
    cast(null as boolean) as is_over_metered,
    cast(token_groups.contracted_cost as decimal(38, 12)) as billed_cost,
    cast(token_groups.contracted_cost as decimal(38, 12)) as effective_cost,
    token_groups.provider_id,
    token_groups.cost_currency as billing_currency
from token_groups
left join covered on token_groups.provider_id = covered.provider_id
where
    token_groups.provider_id <> 'self_hosted'
    and token_groups.contracted_cost is not null
    and token_groups.cost_currency is not null
    and (covered.billed_until is null or token_groups.usage_date > covered.billed_until)
