-- What a vendor replaced: each load of a bill that took the place of an earlier one, against the load before it of the same start.
with bill_loads as (

    select
        load_id, source, feed, table_name,
        max(version) as version,
        max(committed_at) as committed_at,
        min(first_day) as first_day,
        max(last_day) as last_day,
        max(load_rows_replaced) as rows_replaced,
        sum(rows_loaded) as rows_loaded,
        max(billed_amount) as billed_amount
    from {{ ref('int_loads') }}
    where outcome = 'loaded' and billed_amount is not null
    group by load_id, source, feed, table_name

),

with_previous as (

    select
        *,
        lag(billed_amount) over (partition by table_name, feed, first_day order by version, committed_at) as previous_amount,
        lag(last_day) over (partition by table_name, feed, first_day order by version, committed_at) as previous_last_day
    from bill_loads

)

select
    load_id,
    cast(date_trunc('month', first_day) as date) as billing_month,
    source,
    feed,
    table_name,
    version,
    first_day,
    last_day,
    cast(rows_replaced as bigint) as rows_replaced,
    cast(rows_loaded as bigint) as rows_loaded,
    previous_last_day,
    cast(previous_amount as decimal(38, 12)) as previous_billed_amount,
    cast(billed_amount as decimal(38, 12)) as billed_amount,
    cast(billed_amount - previous_amount as decimal(38, 12)) as billed_difference,
    -- The same days said again are a correction; a longer period is a month that goes on.
    case when previous_amount is null then null else coalesce(last_day <= previous_last_day, false) end as is_correction
from with_previous
where rows_replaced > 0
