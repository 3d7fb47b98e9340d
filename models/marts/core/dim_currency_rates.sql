{%- set reporting = var('report_currency') -%}

-- What a unit of each currency is worth in the reporting currency, for every day on which there is money in it, by each set of rates.
with money_days as (

    select distinct billing_currency as from_currency, usage_date as rate_date from {{ ref('fct_cost_allocation') }}
    union
    select distinct currency, usage_month from {{ ref('int_revenue_monthly') }}

),

-- A month that is closed keeps the rates that were known at its close.
needed as (

    select
        money_days.from_currency,
        money_days.rate_date,
        coalesce(closed.closed_at, timestamp '9999-12-30') as frozen_at
    from money_days
    left join {{ ref('int_closed_months') }} as closed
        on cast(date_trunc('month', money_days.rate_date) as date) = closed.billing_month
    where money_days.from_currency <> '{{ reporting }}' and money_days.from_currency <> 'XXX'

),

currencies as (

    select distinct from_currency as currency from needed
    union
    select '{{ reporting }}'

),

days as (

    select distinct rate_date, frozen_at from needed

),

quotes as (

    select * from {{ ref('int_currency_quotes') }}
    where
        rate > 0
        and valid_to > (select min(days.rate_date) from days)
        and (
            from_currency in (select currencies.currency from currencies)
            or to_currency in (select currencies.currency from currencies)
        )

),

-- A rate that was given before the close wins over one that came after it; that one only fills what was missing.
ranked_quotes as (

    select
        days.rate_date,
        quotes.*,
        quotes.known_from <= days.frozen_at as is_known_in_time,
        row_number() over (
            partition by days.rate_date, quotes.rate_set, quotes.from_currency, quotes.to_currency
            order by
                case when quotes.known_from <= days.frozen_at then 0 else 1 end asc,
                quotes.known_from asc, quotes.feed asc, quotes.valid_from desc
        ) as quote_rank
    from days
    inner join quotes
        on
            days.rate_date >= quotes.valid_from
            and days.rate_date < quotes.valid_to
            and days.frozen_at < quotes.known_to

),

day_quotes as (

    select rate_date, rate_set, from_currency, to_currency, rate, valid_from, is_known_in_time
    from ranked_quotes
    where quote_rank = 1

),

legs as (

    select rate_date, rate_set, from_currency, to_currency, cast(rate as double) as factor, valid_from, is_known_in_time
    from day_quotes
    union all
    select rate_date, rate_set, to_currency, from_currency, 1 / cast(rate as double), valid_from, is_known_in_time
    from day_quotes

),

derived as (

    select
        needed.from_currency, needed.rate_date, day_quotes.rate_set, day_quotes.rate,
        'direct' as derivation, 1 as derivation_rank, cast(null as varchar) as via_currency,
        day_quotes.valid_from, day_quotes.is_known_in_time
    from needed
    inner join day_quotes on needed.rate_date = day_quotes.rate_date and needed.from_currency = day_quotes.from_currency
    where day_quotes.to_currency = '{{ reporting }}'
    union all
    select
        needed.from_currency, needed.rate_date, day_quotes.rate_set, {{ quotient_rate('1', 'day_quotes.rate') }},
        'inverse', 2, null, day_quotes.valid_from, day_quotes.is_known_in_time
    from needed
    inner join day_quotes on needed.rate_date = day_quotes.rate_date and needed.from_currency = day_quotes.to_currency
    where day_quotes.from_currency = '{{ reporting }}'
    union all
    -- what both are worth in a third currency
    select
        needed.from_currency, needed.rate_date, own.rate_set, {{ quotient_rate('own.factor', 'reporting.factor') }},
        'cross', 3, own.to_currency, least(own.valid_from, reporting.valid_from), own.is_known_in_time and reporting.is_known_in_time
    from needed
    inner join legs as own on needed.rate_date = own.rate_date and needed.from_currency = own.from_currency
    inner join legs as reporting
        on own.rate_date = reporting.rate_date and own.rate_set = reporting.rate_set and own.to_currency = reporting.to_currency
    where reporting.from_currency = '{{ reporting }}' and own.to_currency <> '{{ reporting }}'

),

chosen as (

    select
        *,
        row_number() over (
            partition by from_currency, rate_date, rate_set
            order by case when is_known_in_time then 0 else 1 end, derivation_rank, via_currency
        ) as way
    from derived

),

bills as (

    select
        BillingCurrency as from_currency,
        cast(date_trunc('month', BillingPeriodStart) as date) as billing_month,
        {{ quotient_rate('sum(PricingCurrencyEffectiveCost)', 'sum(EffectiveCost)') }} as rate
    from {{ ref('cost_and_usage') }}
    where
        PricingCurrency = '{{ reporting }}' and BillingCurrency <> '{{ reporting }}'
        and PricingCurrencyEffectiveCost is not null and EffectiveCost <> 0
    group by BillingCurrency, cast(date_trunc('month', BillingPeriodStart) as date)
    having sum(EffectiveCost) <> 0

),

rates as (

    select from_currency, rate_date, rate_set, rate, derivation, via_currency, valid_from, is_known_in_time
    from chosen
    where way = 1
    union all
    select needed.from_currency, needed.rate_date, 'bill', bills.rate, 'implied', null, bills.billing_month, true
    from needed
    inner join bills
        on
            needed.from_currency = bills.from_currency
            and cast(date_trunc('month', needed.rate_date) as date) = bills.billing_month

),

declared as (

    select
        rates.*,
        sets.purpose,
        sets.precedence,
        coalesce(sets.is_fallback, false) as is_fallback,
        case sets.cadence
            when 'daily' then rates.valid_from < rates.rate_date
            when 'monthly' then cast(date_trunc('month', rates.valid_from) as date) < cast(date_trunc('month', rates.rate_date) as date)
            else false
        end as is_carried_forward,
        {{ seconds_between('rates.valid_from', 'rates.rate_date') }} / 86400 as days_carried,
        sets.max_days_carried
    from rates
    left join {{ ref('rate_sets') }} as sets on rates.rate_set = sets.rate_set

),

usable as (

    select
        *,
        case when purpose = 'reporting' then
            row_number() over (
                partition by from_currency, rate_date, purpose
                order by case when is_known_in_time then 0 else 1 end, precedence, rate_set
            )
        end as preference
    from declared
    where max_days_carried is null or days_carried <= max_days_carried

)

select
    usable.rate_date,
    usable.from_currency,
    '{{ reporting }}' as to_currency,
    usable.rate_set,
    cast(usable.rate as decimal(22, 12)) as rate,
    coalesce(usable.purpose, 'undeclared') as purpose,
    usable.derivation,
    usable.via_currency,
    usable.valid_from as rate_valid_from,
    usable.is_carried_forward,
    usable.is_fallback,
    needed.frozen_at < timestamp '9999-12-30' as is_frozen,
    cast(usable.preference as bigint) as preference,
    coalesce(usable.preference = 1, false) as is_reporting_rate
from usable
inner join needed on usable.from_currency = needed.from_currency and usable.rate_date = needed.rate_date
union all
select
    rate_date, from_currency, from_currency as to_currency, 'identity', cast(1 as decimal(22, 12)), 'reporting', 'identity', null,
    rate_date as rate_valid_from,
    false, false, false, cast(1 as bigint), true
from money_days
where from_currency = '{{ reporting }}'
