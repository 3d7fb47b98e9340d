select
    load_id,
    table_name,
    file_name,
    coalesce(field, '') as field,
    reason,
    cast(count(*) as bigint) as rejected_rows,
    min(row_number) as first_row_number,
    min(value) as example_value
from {{ ref('stg_pipeline__rejects') }}
group by load_id, table_name, file_name, coalesce(field, ''), reason
