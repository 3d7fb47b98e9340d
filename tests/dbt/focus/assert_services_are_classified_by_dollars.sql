{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- Services that seed service_categories does not know may hold up to 5 % of a source's dollars in a currency. Above that the split
-- into AI and not AI is a guess: add the services that are listed. A warning, because new services appear without anybody's fault.
with by_service as (
    select
        x_Source, BillingCurrency, ServiceName,
        sum(abs(EffectiveCost)) as dollars,
        sum(case when x_AiScope is null then abs(EffectiveCost) else 0 end) as unclassified
    from {{ ref('cost_and_usage') }}
    where {{ replaced_days('x_ChargeDate') }}
    group by x_Source, BillingCurrency, ServiceName
),

by_source as (
    select x_Source, BillingCurrency, sum(dollars) as dollars, sum(unclassified) as unclassified
    from by_service
    group by x_Source, BillingCurrency
)

select by_service.x_Source, by_service.BillingCurrency, by_service.ServiceName, by_service.unclassified
from by_service
inner join by_source on by_service.x_Source = by_source.x_Source and by_service.BillingCurrency = by_source.BillingCurrency
where by_service.unclassified > 0 and by_source.unclassified > 0.05 * by_source.dollars
