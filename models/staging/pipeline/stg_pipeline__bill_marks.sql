select
    table_name,
    source,
    feed,
    account,
    newest_day,
    open_from,
    lag_days
from {{ source('pipeline', 'bill_marks') }}
