-- The day of each hour in the company's time zone (B21). A day of a report is the sum of its hours: 23 or 25 of them where clocks change, so
-- days are never moved whole. A table, so that a reader's own DuckDB needs no knowledge of time zones.
with bounds as (

    select
        cast(min(usage_date) as timestamp) as first_hour,
        cast(max(usage_date) as timestamp) + interval 1 day as end_hour
    from {{ ref('fct_cost_allocation') }}

),

hours as (

    {{ hour_spine('(select first_hour from bounds)', '(select end_hour from bounds)') }}

),

shown as (

    select
        usage_hour,
        cast({{ in_time_zone('usage_hour', var('report_time_zone')) }} as timestamp) as report_hour
    from hours

)

select
    usage_hour,
    '{{ var("report_time_zone") }}' as report_time_zone,
    report_hour,
    cast(report_hour as date) as report_date,
    cast(date_trunc('month', report_hour) as date) as report_month,
    cast({{ seconds_between('usage_hour', 'report_hour') }} / 60 as bigint) as utc_offset_minutes
from shown
