{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- What the public validators do not look at, row by row: price times quantity is the cost (unless the row corrects another), periods end
-- after they begin, a billing period begins with its month, a subcategory stands under its own category. A warning: exporters err, and
-- their bill is still the bill; each row is named with its claim.
with charges as (
    select
        *,
        -- Exporters round unit prices and costs to ten places or more.
        cast(0.000001 as decimal(38, 12)) as absolute_tolerance,
        cast(0.000001 as double) as relative_tolerance,
        cast(ListUnitPrice as double) * cast(PricingQuantity as double) - cast(ListCost as double) as list_difference,
        cast(ContractedUnitPrice as double) * cast(PricingQuantity as double) - cast(ContractedCost as double) as contracted_difference
    from {{ ref('cost_and_usage') }}
    where {{ replaced_days('x_ChargeDate') }}
),

claims as (
    select
        charges.*,
        case
            when coalesce(charges.ChargeClass, '') <> 'Correction' and abs(charges.list_difference) > charges.absolute_tolerance
                and abs(charges.list_difference) > charges.relative_tolerance * abs(charges.ListCost)
                then 'ListUnitPrice x PricingQuantity is not ListCost'
            when coalesce(charges.ChargeClass, '') <> 'Correction' and abs(charges.contracted_difference) > charges.absolute_tolerance
                and abs(charges.contracted_difference) > charges.relative_tolerance * abs(charges.ContractedCost)
                then 'ContractedUnitPrice x PricingQuantity is not ContractedCost'
            when charges.ChargePeriodEnd <= charges.ChargePeriodStart then 'ChargePeriodEnd is not after ChargePeriodStart'
            when charges.BillingPeriodEnd <= charges.BillingPeriodStart then 'BillingPeriodEnd is not after BillingPeriodStart'
            when charges.BillingPeriodStart <> date_trunc('month', charges.BillingPeriodStart) then 'BillingPeriodStart is not the first of a month'
            when charges.ServiceSubcategory is not null and known.service_subcategory is null then 'ServiceSubcategory is none of its ServiceCategory'
        end as broken_claim
    from charges
    left join {{ ref('service_subcategories') }} as known
        on charges.ServiceSubcategory = known.service_subcategory and charges.ServiceCategory = known.service_category
)

select x_Source, x_Feed, x_ChargeId, x_ChargeDate, ServiceName, SkuMeter, broken_claim, BilledCost, ListCost, ContractedCost
from claims
where broken_claim is not null
