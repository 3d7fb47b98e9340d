{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'charge_date'}
) }}

-- How much of what a commitment could cover it did cover, how much of it was used, and what was saved against list price. A family is a
-- provider's part of the AI estate: what floats over its services is compared with all of them. Charges stand on the first day of their
-- period, and every ratio has its two numbers beside it.
with charges as (

    select
        charges.x_ChargeDate as charge_date,
        coalesce(charges.ServiceProviderName, 'unknown') as service_provider_name,
        coalesce(charges.x_AiScope, 'none') as family,
        charges.BillingCurrency as billing_currency,
        statuses.cost_status,
        charges.EffectiveCost as effective_cost,
        charges.ContractedCost as contracted_cost,
        charges.ListCost as list_cost,
        coalesce(charges.CommitmentDiscountStatus, '') as commitment_status,
        coalesce(charges.PricingCategory, '') as pricing_category,
        coalesce(charges.ChargeClass, '') as charge_class
    from {{ ref('cost_and_usage') }} as charges
    inner join {{ ref('int_charges_in_scope') }} as statuses on charges.x_ChargeId = statuses.charge_id
    where charges.ChargeCategory = 'Usage' and {{ in_dirty_days('charges.x_ChargeDate') }}

),

-- Unused commitment has no list price of its own: nothing was got for it. Every other line without one (or billed at 0 for it) is left out
-- of the savings, and counted.
priced as (

    select
        *,
        commitment_status = 'Unused' as is_unused,
        commitment_status <> 'Unused' and list_cost is not null and (list_cost <> 0 or effective_cost = 0) as is_comparable
    from charges

),

summed as (

    select
        charge_date,
        service_provider_name,
        family,
        billing_currency,
        cost_status,
        sum(case when commitment_status = 'Used' then effective_cost else 0 end) as covered_cost,
        -- nothing can commit to spot prices
        sum(case when not is_unused and pricing_category <> 'Dynamic' then effective_cost else 0 end) as eligible_cost,
        sum(case when commitment_status in ('Used', 'Unused') then effective_cost else 0 end) as commitment_cost,
        sum(case when is_unused then effective_cost else 0 end) as unused_commitment_cost,
        sum(case when is_comparable then list_cost else 0 end) as list_cost,
        sum(case when is_comparable then contracted_cost else 0 end) as contracted_cost,
        sum(case when is_comparable then effective_cost else 0 end) as effective_cost,
        sum(case when not is_comparable and not is_unused then effective_cost else 0 end) as cost_without_list_price,
        count(case when not is_comparable and not is_unused then 1 end) as charges_without_list_price,
        count(case when is_comparable and contracted_cost is null then 1 end) as charges_without_contracted_cost,
        count(*) as charges
    from priced
    group by charge_date, service_provider_name, family, billing_currency, cost_status

)

select
    charge_date,
    service_provider_name,
    family,
    billing_currency,
    cost_status,
    cast(covered_cost as decimal(38, 12)) as covered_cost,
    cast(eligible_cost as decimal(38, 12)) as eligible_cost,
    {{ unit_rate('covered_cost', 'eligible_cost') }} as coverage,
    cast(unused_commitment_cost as decimal(38, 12)) as unused_commitment_cost,
    cast(commitment_cost as decimal(38, 12)) as commitment_cost,
    {{ unit_rate('covered_cost', 'commitment_cost') }} as utilisation,
    cast(list_cost as decimal(38, 12)) as list_cost,
    cast(case when charges_without_contracted_cost = 0 then contracted_cost end as decimal(38, 12)) as contracted_cost,
    cast(effective_cost as decimal(38, 12)) as effective_cost,
    cast(list_cost - effective_cost - unused_commitment_cost as decimal(38, 12)) as savings_cost,
    {{ unit_rate('(list_cost - effective_cost - unused_commitment_cost)', 'list_cost') }} as effective_savings_rate,
    cast(cost_without_list_price as decimal(38, 12)) as cost_without_list_price,
    cast(charges_without_list_price as bigint) as charges_without_list_price,
    cast(charges as bigint) as charges
from summed
