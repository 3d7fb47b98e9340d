-- Owned machines as charges of an issuer of their own: each day its part of the purchase, its electricity and its part of the month's hosting.
-- Parts of a sum are differences of rounded running totals, so the days of the term add up to the purchase, and those of a month to its fee,
-- whichever days a run builds. Days end with the newest that any delivery holds, and before the run's own.
with assets as (

    select
        *,
        cast(valid_from + to_months(cast(depreciation_months as integer)) as date) as written_off_from
    from {{ ref('stg_reference__gpu_assets') }}

),

bounds as (

    select
        (select min(assets.valid_from) from assets) as first_day,
        least(
            cast({{ as_of() }} as date),
            coalesce(max(case when loads.source not in ('reference', 'price_book') then loads.last_day end) + 1, date '2000-01-01')
        ) as end_day
    from {{ ref('stg_pipeline__loads') }} as loads
    where loads.outcome = 'loaded'

),

days as (

    select cast(usage_hour as date) as charge_date
    from (
        {{ hour_spine(
            "(select cast(coalesce(first_day, end_day) as timestamp) from bounds)", '(select cast(end_day as timestamp) from bounds)'
        ) }}
    ) as hours
    where {{ at_focus_days('usage_hour') }}
    group by cast(usage_hour as date)

),

asset_days as (

    select
        assets.*,
        days.charge_date,
        days.charge_date - assets.valid_from as days_before,
        assets.written_off_from - assets.valid_from as days_of_term,
        cast(date_trunc('month', days.charge_date) as date) as month_start,
        cast(date_trunc('month', days.charge_date) + interval 1 month as date) as month_end
    from assets
    inner join days on assets.valid_from <= days.charge_date and assets.valid_to > days.charge_date

),

components as (

    select
        *,
        'depreciation' as component,
        {{ allocate('capex', 'days_before + 1', 'days_of_term') }} - {{ allocate('capex', 'days_before', 'days_of_term') }} as cost
    from asset_days
    where charge_date < written_off_from
    union all
    select
        *,
        'power',
        cast(round_even(
            cast(power_watts * 24 * 0.001 as decimal(18, 6)) * cast(pue as decimal(9, 4)) * cast(price_per_kwh as decimal(11, 6)), 12
        ) as decimal(38, 12))
    from asset_days
    where power_watts * price_per_kwh > 0
    union all
    select
        *,
        'hosting',
        {{ allocate('hosting_per_month', 'charge_date - month_start + 1', 'month_end - month_start') }}
        - {{ allocate('hosting_per_month', 'charge_date - month_start', 'month_end - month_start') }}
    from asset_days
    where hosting_per_month > 0

)

select
    {{ focus_charge({
        'BilledCost': 'cost',
        'BillingAccountId': 'owner_account',
        'BillingCurrency': 'currency',
        'BillingPeriodEnd': 'month_end',
        'BillingPeriodStart': 'month_start',
        'ChargeCategory': "'Usage'",
        'ChargeDescription': "asset_id || ': ' || component",
        'ChargeFrequency': "'Recurring'",
        'ChargePeriodEnd': 'charge_date + 1',
        'ChargePeriodStart': 'charge_date',
        'ConsumedQuantity': "case when component = 'depreciation' then 24 end",
        'ConsumedUnit': "case when component = 'depreciation' then 'Hours' end",
        'ContractedCost': 'cost',
        'EffectiveCost': 'cost',
        'HostProviderName': "'Own hardware'",
        'InvoiceIssuerName': "'Own hardware'",
        'PricingCategory': "'Other'",
        'ProviderName': "'Own hardware'",
        'PublisherName': "'Own hardware'",
        'RegionId': 'region_id',
        'ResourceId': 'resource_id',
        'ResourceType': "'Machine'",
        'ServiceCategory': "'Compute'",
        'ServiceName': "'Own accelerators'",
        'ServiceProviderName': "'Own hardware'",
        'ServiceSubcategory': "'Other (Compute)'",
        'SkuMeter': 'component',
        'Tags': "'{}'",
        'x_ChargeId': hash_key(["'gpu_assets'", 'asset_id', 'component', 'charge_date']),
        'x_ChargeDate': 'charge_date',
        'x_Source': "'gpu_assets'",
        'x_Feed': "'gpu_assets'",
        'x_AiScope': "'accelerator'",
        'x_InstanceType': 'instance_type',
    }) }}
from components
