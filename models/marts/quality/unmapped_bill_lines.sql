-- What the bills charge for model APIs and no seed can read: it is in the ledger, but no logged unit can share it. Rebuilt whole, so that
-- a meter is listed from its first day to its last.
with known_models as (

    select model_id from {{ ref('int_model_names') }}
    where model_id is not null
    union
    select model_id from {{ ref('billing_models') }}
    union
    select global_model_id from {{ ref('billing_models') }}
    where global_model_id is not null

),

lines as (

    select
        coalesce(charges.ServiceProviderName, 'unknown') as service_provider_name,
        coalesce(charges.ServiceName, 'unknown') as service_name,
        coalesce(charges.SkuMeter, charges.SkuId, charges.ChargeDescription, 'none') as meter,
        charges.BillingCurrency as billing_currency,
        case
            when charges.x_BillingTokenClass is null then 'meter_unknown'
            when classes.split_by <> 'quantity' then null
            when charges.x_UsageQuantity is null then 'unit_unknown'
            when classes.quantity_unit = 'tokens' and known_models.model_id is null then 'model_unknown'
        end as reason,
        charges.x_ModelId as billed_model,
        charges.ConsumedQuantity as quantity,
        charges.ConsumedUnit as quantity_unit,
        charges.BilledCost as billed_cost,
        charges.EffectiveCost as effective_cost,
        charges.x_ChargeDate as charge_date
    from {{ ref('cost_and_usage') }} as charges
    left join {{ ref('billing_token_classes') }} as classes on charges.x_BillingTokenClass = classes.billing_token_class
    left join known_models on charges.x_ModelId = known_models.model_id
    where
        charges.x_AiScope = 'model_api'
        and charges.ChargeCategory = 'Usage'
        and coalesce(charges.CommitmentDiscountStatus, 'Used') <> 'Unused'

)

select
    service_provider_name,
    service_name,
    meter,
    billing_currency,
    reason,
    max(billed_model) as billed_model,
    count(*) as charges,
    cast(sum(quantity) as decimal(38, 9)) as quantity,
    case when min(quantity_unit) = max(quantity_unit) then min(quantity_unit) end as quantity_unit,
    cast(sum(billed_cost) as decimal(38, 12)) as billed_cost,
    cast(sum(effective_cost) as decimal(38, 12)) as effective_cost,
    min(charge_date) as first_seen_date,
    max(charge_date) as last_seen_date
from lines
where reason is not null
group by service_provider_name, service_name, meter, billing_currency, reason
