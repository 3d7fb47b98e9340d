{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- Law 11. A charge without a three-letter currency cannot be added to anything.
select x_ChargeId as charge_id, x_Feed as scope, BillingCurrency as billing_currency, EffectiveCost as dollars
from {{ ref('cost_and_usage') }}
where
    {{ replaced_days('x_ChargeDate') }}
    and (BillingCurrency is null or length(BillingCurrency) <> 3 or BillingCurrency <> upper(BillingCurrency))
