{{ config(materialized='table') }}

-- Charges that no meter splits, one row a day they cover, weighted by hours. The last day takes what rounding leaves, so the days
-- of a charge add up to it, and a day is the same whichever days a run rebuilds.
with measured as (

    select distinct charge_id from {{ ref('int_pieces_gpu_telemetry') }}
    union
    select distinct charge_id from {{ ref('int_pieces_token_work') }}
    union
    select distinct charge_id from {{ ref('int_pieces_provisioned') }}

),

charges as (

    select
        charges.charge_id, charges.charge_date, charges.last_day, charges.first_hour, charges.is_single_hour,
        charges.charge_period_start, charges.charge_period_end, charges.billed_cost, charges.effective_cost
    from {{ ref('int_charges_in_scope') }} as charges
    left join measured on charges.charge_id = measured.charge_id
    where measured.charge_id is null

),

bounds as (

    select
        coalesce(min(charge_date), date '2000-01-01') as first_day,
        coalesce(max(last_day) + 1, date '2000-01-01') as last_day
    from charges
    where last_day > charge_date

),

hours as (

    {{ hour_spine('(select cast(first_day as timestamp) from bounds)', '(select cast(last_day as timestamp) from bounds)') }}

),

days as (

    select distinct cast(usage_hour as date) as unit_date from hours

),

spans as (

    select
        charges.*,
        days.unit_date,
        {{ seconds_between('charges.charge_period_start', 'charges.charge_period_end') }} as seconds_of_charge,
        {{ seconds_between(
            'greatest(charges.charge_period_start, cast(days.unit_date as timestamp))',
            "least(charges.charge_period_end, cast(days.unit_date as timestamp) + interval 1 day)"
        ) }} as seconds_of_day
    from charges
    inner join days on charges.charge_date <= days.unit_date and charges.last_day >= days.unit_date
    where charges.last_day > charges.charge_date

),

shared_out as (

    select
        *,
        {{ allocate('billed_cost', 'seconds_of_day', 'seconds_of_charge') }} as billed_of_day,
        {{ allocate('effective_cost', 'seconds_of_day', 'seconds_of_charge') }} as effective_of_day
    from spans

)

select
    charge_id,
    charge_date as unit_date,
    first_hour as usage_hour,
    charge_date as usage_date,
    case when is_single_hour then 'charge_hour' else 'even' end as placement,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    cast(effective_cost as decimal(38, 12)) as effective_cost
from charges
where last_day = charge_date
union all
select
    charge_id,
    unit_date,
    greatest(first_hour, cast(unit_date as timestamp)) as usage_hour,
    unit_date as usage_date,
    'even' as placement,
    cast(case
        when unit_date < last_day then billed_of_day
        else billed_cost - (sum(billed_of_day) over (partition by charge_id) - billed_of_day)
    end as decimal(38, 12)),
    cast(case
        when unit_date < last_day then effective_of_day
        else effective_cost - (sum(effective_of_day) over (partition by charge_id) - effective_of_day)
    end as decimal(38, 12))
from shared_out
