{%- set holder = ['hours_state', 'team_id', 'model_id', 'deployment_id', 'training_run_id'] -%}
{%- set place = ['vendor', 'region_id', 'accelerator_type'] -%}
{%- set per_day = ['usage_date'] + place + holder -%}
{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Energy and emissions of accelerators, by who held them. What the devices of a machine drew in an hour is split by the accelerator-hours
-- of those who held it, free and stranded ones included. A factor that nobody declares leaves NULL: unknown is not clean.
with hours as (

    select
        usage_hour,
        resource_id,
        {{ per_day | join(', ') }},
        sum(gpu_hours) as gpu_hours
    from {{ ref('fct_gpu_hours') }}
    where {{ in_dirty_days('usage_date') }} and hours_state <> 'not_delivered'
    group by usage_hour, resource_id, {{ per_day | join(', ') }}

),

machine_hours as (

    select usage_hour, resource_id, sum(gpu_hours) as gpu_hours
    from hours
    group by usage_hour, resource_id
    having sum(gpu_hours) > 0

),

-- exporters name a host, bills an instance
machines as (

    select usage_date, {{ short_host('node_name') }} as host, max(resource_id) as resource_id
    from {{ ref('int_node_capacity_hours') }}
    where resource_kind = 'gpu' and {{ in_dirty_days('usage_date') }}
    group by usage_date, {{ short_host('node_name') }}
    having count(distinct resource_id) = 1

),

-- the counter knows better than readings of power do
devices as (

    select
        usage_date,
        usage_hour,
        {{ short_host('node_name') }} as host,
        coalesce(energy_kwh, cast(mean_power_watts * 0.001 as decimal(38, 9))) as energy_kwh,
        case when energy_kwh is not null then energy_seconds when mean_power_watts is not null then 3600 end as measured_seconds
    from {{ ref('int_device_hours') }}
    where {{ in_dirty_days('usage_date') }}

),

drawn as (

    select
        devices.usage_date,
        devices.usage_hour,
        coalesce(machines.resource_id, devices.host, 'unknown') as resource_id,
        sum(devices.energy_kwh) as energy_kwh,
        sum(devices.measured_seconds) as measured_seconds
    from devices
    left join machines on devices.usage_date = machines.usage_date and devices.host = machines.host
    where devices.energy_kwh is not null
    group by devices.usage_date, devices.usage_hour, coalesce(machines.resource_id, devices.host, 'unknown')

),

split as (

    select
        {% for column in per_day %}hours.{{ column }}, {% endfor %}
        hours.gpu_hours,
        {{ allocate('drawn.energy_kwh', 'hours.gpu_hours', 'machine_hours.gpu_hours') }} as energy_kwh,
        {{ allocate('drawn.measured_seconds', 'hours.gpu_hours', 'machine_hours.gpu_hours') }} as measured_seconds
    from hours
    left join machine_hours on hours.usage_hour = machine_hours.usage_hour and hours.resource_id = machine_hours.resource_id
    left join drawn on hours.usage_hour = drawn.usage_hour and hours.resource_id = drawn.resource_id
    union all
    -- drawn on machines or in hours that no bill has
    select
        drawn.usage_date,
        {% for _ in place %}'unknown', {% endfor %}
        'unbilled',
        {% for column in holder if column != 'hours_state' %}null, {% endfor %}
        0,
        drawn.energy_kwh,
        drawn.measured_seconds
    from drawn
    left join machine_hours on drawn.usage_hour = machine_hours.usage_hour and drawn.resource_id = machine_hours.resource_id
    where machine_hours.resource_id is null

),

daily as (

    select
        {{ per_day | join(', ') }},
        cast(sum(gpu_hours) as decimal(38, 9)) as gpu_hours,
        cast(sum(energy_kwh) as decimal(38, 12)) as energy_kwh,
        cast(coalesce(sum(measured_seconds), 0) as decimal(38, 9)) as measured_seconds
    from split
    group by {{ per_day | join(', ') }}

),

places as (

    select distinct usage_date, {{ place | join(', ') }} from daily

),

-- of several rows of a factor the most specific holds: accelerator, then region, then vendor; of equals the one that began last
matched as (

    select
        places.*,
        factors.factor,
        factors.method,
        factors.factor_value,
        factors.version,
        row_number() over (
            partition by places.usage_date, {% for column in place %}places.{{ column }}, {% endfor %}factors.factor, factors.method
            order by
                case when factors.accelerator_type = '*' then 1 else 0 end asc,
                case when factors.region_id = '*' then 1 else 0 end asc,
                case when factors.vendor = '*' then 1 else 0 end asc,
                factors.valid_from desc
        ) as rank
    from places
    inner join {{ ref('int_carbon_factors') }} as factors
        on factors.vendor in ('*', lower(places.vendor))
        and factors.region_id in ('*', lower(places.region_id))
        and factors.accelerator_type in ('*', places.accelerator_type)
        and places.usage_date >= factors.valid_from and places.usage_date < factors.valid_to

),

factors as (

    select
        usage_date,
        {{ place | join(', ') }},
        {%- for factor, method, column in [
            ('grid_gco2e_per_kwh', 'location', 'location_grid'), ('grid_gco2e_per_kwh', 'market', 'market_grid'), ('pue_ratio', 'any', 'pue'),
            ('host_watts', 'any', 'host'), ('embodied_kgco2e', 'any', 'embodied'), ('life_hours', 'any', 'life'),
        ] %}
        max(case when factor = '{{ factor }}' and method = '{{ method }}' then factor_value end) as {{ column }},
        max(case when factor = '{{ factor }}' and method = '{{ method }}' then version end) as {{ column }}_version{{ ',' if not loop.last }}
        {%- endfor %}
    from matched
    where rank = 1
    group by usage_date, {{ place | join(', ') }}

),

facility as (

    select
        {% for column in per_day %}daily.{{ column }}, {% endfor %}
        daily.gpu_hours,
        cast(daily.measured_seconds / 3600 as decimal(38, 9)) as measured_gpu_hours,
        daily.energy_kwh,
        cast(cast(daily.gpu_hours as double) * cast(factors.host as double) / 1000 as decimal(38, 12)) as host_kwh,
        factors.pue,
        factors.location_grid,
        factors.market_grid,
        cast(cast(daily.gpu_hours as double) * cast(factors.embodied as double) / cast(factors.life as double) as decimal(38, 12))
            as embodied_kgco2e,
        {%- for column in ['location_grid', 'market_grid', 'pue', 'host', 'embodied', 'life'] %}
        factors.{{ column }}_version{{ ',' if not loop.last }}
        {%- endfor %}
    from daily
    left join factors
        on daily.usage_date = factors.usage_date
        {%- for column in place %} and daily.{{ column }} = factors.{{ column }}{% endfor %}

),

operated as (

    select
        *,
        cast(cast(energy_kwh + host_kwh as double) * cast(pue as double) as decimal(38, 12)) as facility_kwh
    from facility

)

select
    {{ per_day | join(', ') }},
    gpu_hours,
    measured_gpu_hours,
    energy_kwh,
    host_kwh,
    facility_kwh,
    cast(cast(facility_kwh as double) * cast(location_grid as double) / 1000 as decimal(38, 12)) as location_kgco2e,
    cast(cast(facility_kwh as double) * cast(market_grid as double) / 1000 as decimal(38, 12)) as market_kgco2e,
    embodied_kgco2e,
    location_grid_version,
    market_grid_version,
    pue_version,
    host_version,
    embodied_version,
    life_version
from operated
