-- Rates to the reporting currency, which is worth 1 of itself. Where a pair has several rate sets, the first by name holds throughout.
with rates as (

    select
        from_currency,
        rate,
        rate_set,
        valid_from,
        valid_to,
        min(rate_set) over (partition by from_currency) as chosen_rate_set
    from {{ ref('stg_reference__fx_rates') }}
    where
        to_currency = '{{ var("report_currency") }}'
        and from_currency <> '{{ var("report_currency") }}'

)

select
    from_currency as billing_currency,
    '{{ var("report_currency") }}' as reporting_currency,
    cast(rate as decimal(12, 8)) as rate,
    rate_set,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from rates
where rate_set = chosen_rate_set
union all
select
    '{{ var("report_currency") }}', '{{ var("report_currency") }}', cast(1 as decimal(12, 8)), 'identity',
    date '0001-01-01', date '9999-12-31'
