select
    load_id,
    table_name,
    file_name,
    row_number,
    field,
    reason,
    value
from {{ source('pipeline', 'load_rejects') }}
