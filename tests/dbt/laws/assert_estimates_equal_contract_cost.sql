{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_allocation'}}}) }}
-- Law 10. Metered use with a price is in the ledger at contract price at least, from the first day on that no complete bill covers: per
-- provider, project, model and day, as estimate, as bill, or as both where the bill is not complete. A failure is use that is missing.
with billed_until as (
    select provider_id, max(open_from) as open_from
    from {{ ref('int_bill_completeness') }}
    group by provider_id
),

metered as (
    select
        token_groups.usage_date, token_groups.provider_id, token_groups.project_id, token_groups.model_id, token_groups.cost_currency,
        sum(token_groups.contracted_cost) as cost
    from {{ ref('int_token_groups_hourly') }} as token_groups
    left join billed_until on token_groups.provider_id = billed_until.provider_id
    where
        token_groups.provider_id <> 'self_hosted'
        and token_groups.contracted_cost is not null
        and coalesce(token_groups.service_tier, '') not in ({{ prepaid_tiers() }})
        and (billed_until.open_from is null or token_groups.usage_date >= billed_until.open_from)
        and {{ replaced_days('token_groups.usage_date') }}
    group by
        token_groups.usage_date, token_groups.provider_id, token_groups.project_id, token_groups.model_id, token_groups.cost_currency
),

ledger as (
    select
        usage_date, provider_id, project_id, model_id, sum(effective_cost) as cost,
        min(billing_currency) as billing_currency, max(billing_currency) as last_billing_currency
    from {{ ref('fct_cost_allocation') }}
    where
        provider_id not in ('self_hosted', 'own')
        and allocation_group_id is not null
        -- the fee of provisioned capacity is no price of use
        and method <> 'provisioned_by_tokens'
        and {{ replaced_days('usage_date') }}
    group by usage_date, provider_id, project_id, model_id
)

select
    metered.usage_date,
    metered.provider_id as scope,
    metered.project_id,
    metered.model_id,
    metered.cost - coalesce(ledger.cost, 0) as dollars
from metered
left join ledger
    on
        metered.usage_date = ledger.usage_date
        and metered.provider_id = ledger.provider_id
        and metered.project_id is not distinct from ledger.project_id
        and metered.model_id is not distinct from ledger.model_id
where
    ledger.cost is null
    -- A bill in another currency stands alone.
    or metered.cost - ledger.cost > 0.000001
    and ledger.billing_currency = metered.cost_currency
    and ledger.last_billing_currency = metered.cost_currency
