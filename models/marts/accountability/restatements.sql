-- What a vendor said again: each load of a bill that took the place of rows of earlier loads, and what it made of the days that were
-- there before, by currency: a bill that is restated in another currency goes in one and comes in the other. Days that are new are no
-- restatement.
with loads as (

    select
        load_id, source, feed, table_name,
        max(version) as version,
        min(first_day) as first_day,
        max(last_day) as last_day,
        max(load_rows_replaced) as rows_replaced,
        sum(rows_loaded) as rows_loaded,
        max(restated_last_day) as previous_last_day
    from {{ ref('int_loads') }}
    where outcome = 'loaded' and load_rows_replaced > 0
    group by load_id, source, feed, table_name

),

billed as (

    select * from {{ ref('int_restated_amounts') }}
    where coalesce(billed_amount, billed_amount_before) is not null

)

select
    loads.load_id,
    billed.currency as billing_currency,
    cast(date_trunc('month', loads.first_day) as date) as billing_month,
    loads.source,
    loads.feed,
    loads.table_name,
    loads.version,
    loads.first_day,
    loads.last_day,
    cast(loads.rows_replaced as bigint) as rows_replaced,
    cast(loads.rows_loaded as bigint) as rows_loaded,
    loads.previous_last_day,
    cast(coalesce(billed.billed_amount_before, 0) as decimal(38, 12)) as previous_billed_amount,
    cast(coalesce(billed.billed_amount_after, 0) as decimal(38, 12)) as restated_billed_amount,
    cast(coalesce(billed.billed_amount_after, 0) - coalesce(billed.billed_amount_before, 0) as decimal(38, 12)) as billed_difference,
    cast(coalesce(billed.billed_amount, 0) as decimal(38, 12)) as billed_amount,
    -- The same days said again are a correction; a longer period is a month, or a window, that goes on.
    coalesce(loads.last_day <= loads.previous_last_day, false) as is_correction
from loads
inner join billed on loads.load_id = billed.load_id and loads.table_name = billed.table_name
