select
    load_id, source, feed, table_name, file_name, file_sha256, outcome, reason, version, forced,
    rows_in, rows_loaded, rows_rejected, rows_duplicate, rows_superseded, load_rows_replaced,
    unknown_columns, missing_columns, amounts, first_day, last_day, days, warnings, committed_at, snapshot_id
from {{ ref('int_loads') }}
