-- What a vendor said again: each load of a bill that took the place of rows of earlier loads, and what it made of the days that were
-- there before. Days that are new in it are no restatement.
with bill_loads as (

    select
        load_id, source, feed, table_name,
        max(version) as version,
        min(first_day) as first_day,
        max(last_day) as last_day,
        max(load_rows_replaced) as rows_replaced,
        sum(rows_loaded) as rows_loaded,
        max(billed_amount) as billed_amount,
        max(billed_amount_before) as previous_amount,
        case when max(billed_amount_before) is not null then coalesce(max(billed_amount_after), 0) end as restated_amount,
        max(restated_last_day) as previous_last_day
    from {{ ref('int_loads') }}
    where outcome = 'loaded' and billed_amount is not null
    group by load_id, source, feed, table_name

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
    cast(restated_amount as decimal(38, 12)) as restated_billed_amount,
    cast(restated_amount - previous_amount as decimal(38, 12)) as billed_difference,
    cast(billed_amount as decimal(38, 12)) as billed_amount,
    -- The same days said again are a correction; a longer period is a month, or a window, that goes on.
    coalesce(last_day <= previous_last_day, false) as is_correction
from bill_loads
where rows_replaced > 0
