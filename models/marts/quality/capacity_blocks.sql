-- Blocks of reserved accelerators whose fee is a line of its own: what was paid, how many hours it bought, and whether it is spread over
-- them. Rebuilt whole: a fee and its hours stand on different days.
with options as (

    select * from {{ ref('purchase_options') }}
    where is_fee_apart

),

charges as (

    select
        coalesce(bills.ServiceProviderName, 'unknown') as service_provider_name,
        coalesce(bills.BillingAccountId, 'unknown') as billing_account_id,
        coalesce(bills.CapacityReservationId, 'none') as capacity_reservation_id,
        coalesce(bills.x_InstanceType, 'unknown') as instance_type,
        bills.BillingCurrency as billing_currency,
        bills.x_ChargeDate as charge_date,
        bills.ChargeCategory = 'Usage' as is_use,
        bills.BilledCost as billed_cost,
        bills.EffectiveCost as effective_cost,
        bills.ConsumedQuantity as quantity
    from {{ ref('cost_and_usage') }} as bills
    where
        bills.x_AiScope = 'accelerator'
        and bills.ChargeCategory in ('Usage', 'Purchase')
        and exists (
            select 1 from options
            where
                options.match_field = 'operation' and lower(bills.x_Operation) like options.match_pattern
                or options.match_field = 'charge_description' and lower(bills.ChargeDescription) like options.match_pattern
                or options.match_field = 'sku_meter' and lower(bills.SkuMeter) like options.match_pattern
        )

),

summed as (

    select
        service_provider_name,
        billing_account_id,
        capacity_reservation_id,
        instance_type,
        billing_currency,
        cast(coalesce(sum(case when not is_use then billed_cost end), 0) as decimal(38, 12)) as fee_cost,
        cast(coalesce(sum(case when not is_use then effective_cost end), 0) as decimal(38, 12)) as unspread_fee_cost,
        cast(coalesce(sum(case when is_use then effective_cost - billed_cost end), 0) as decimal(38, 12)) as spread_cost,
        cast(coalesce(sum(case when is_use then quantity end), 0) as decimal(38, 9)) as instance_hours,
        cast(coalesce(sum(case when is_use and effective_cost <= billed_cost then quantity end), 0) as decimal(38, 9)) as unpriced_instance_hours,
        sum(case when is_use and effective_cost <= billed_cost then 1 else 0 end) as unpriced_charges,
        min(charge_date) as first_seen_date,
        max(charge_date) as last_seen_date
    from charges
    group by service_provider_name, billing_account_id, capacity_reservation_id, instance_type, billing_currency

)

select
    service_provider_name,
    billing_account_id,
    capacity_reservation_id,
    instance_type,
    billing_currency,
    fee_cost,
    unspread_fee_cost,
    spread_cost,
    instance_hours,
    unpriced_instance_hours,
    first_seen_date,
    last_seen_date,
    unspread_fee_cost = 0 and unpriced_charges = 0 as is_spread
from summed
