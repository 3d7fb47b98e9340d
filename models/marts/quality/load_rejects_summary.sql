select
    rejects.load_id, loads.source, loads.feed, rejects.table_name, rejects.file_name, rejects.field, rejects.reason,
    rejects.rejected_rows, cast(rejects.first_row_number as bigint) as first_row_number, rejects.example_value
from {{ ref('int_rejects_counted') }} as rejects
left join (select distinct load_id, source, feed from {{ ref('int_loads') }}) as loads on rejects.load_id = loads.load_id
