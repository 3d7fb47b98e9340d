{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'unmapped_bill_lines'}}}) }}
-- Lines of model APIs that no seed can read may hold as much of a provider's dollars as seed gate_thresholds allows. Above that add the
-- listed meters to billing_models, billing_token_labels or billing_meters (T21, T26). A warning: new models are on the bill first.
with unmapped as (
    select service_provider_name, billing_currency, sum(abs(effective_cost)) as dollars
    from {{ ref('unmapped_bill_lines') }}
    group by service_provider_name, billing_currency
),

billed as (
    select coalesce(ServiceProviderName, 'unknown') as service_provider_name, BillingCurrency as billing_currency, sum(abs(EffectiveCost)) as dollars
    from {{ ref('cost_and_usage') }}
    where x_AiScope = 'model_api' and ChargeCategory = 'Usage'
    group by coalesce(ServiceProviderName, 'unknown'), BillingCurrency
)

select unmapped.service_provider_name, unmapped.billing_currency, unmapped.dollars, billed.dollars as model_api_dollars
from unmapped
left join billed
    on unmapped.service_provider_name = billed.service_provider_name and unmapped.billing_currency = billed.billing_currency
inner join {{ ref('gate_thresholds') }} as thresholds
    on thresholds.check_name = 'unmapped_bill_share' and thresholds.scope = '*'
where unmapped.dollars > thresholds.threshold * coalesce(billed.dollars, 0)
