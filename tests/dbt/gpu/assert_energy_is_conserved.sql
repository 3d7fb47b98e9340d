-- What devices drew on a day is what its holders, the free hours and machines without a bill are given; splitting rounds to 12 places.
{{ config(meta={'dagster': {'ref': {'name': 'gpu_carbon_daily'}}}) }}

with given as (

    select usage_date, sum(energy_kwh) as energy_kwh
    from {{ ref('gpu_carbon_daily') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date

),

drawn as (

    select usage_date, sum(coalesce(energy_kwh, mean_power_watts * 0.001)) as energy_kwh
    from {{ ref('int_device_hours') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date

)

select
    coalesce(given.usage_date, drawn.usage_date) as usage_date,
    given.energy_kwh as given_kwh,
    drawn.energy_kwh as drawn_kwh
from given
full outer join drawn on given.usage_date = drawn.usage_date
where abs(coalesce(given.energy_kwh, 0) - coalesce(drawn.energy_kwh, 0)) > 0.000001
