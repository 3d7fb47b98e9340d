select
    load_id,
    source,
    feed,
    table_name,
    file_name,
    file_sha256,
    outcome,
    reason,
    version,
    rows_in,
    rows_loaded,
    rows_rejected,
    rows_duplicate,
    rows_superseded,
    load_rows_replaced,
    unknown_columns,
    missing_columns,
    amounts,
    -- What the whole load bills, for the tables that are bills.
    case table_name
        when 'aws_cur_line_items' then coalesce(
            try_cast(json_extract_string(amounts, '$.line_item_net_unblended_cost.sum') as decimal(38, 12)),
            try_cast(json_extract_string(amounts, '$.line_item_unblended_cost.sum') as decimal(38, 12))
        )
        when 'focus_charges' then try_cast(json_extract_string(amounts, '$.billed_cost.sum') as decimal(38, 12))
        when 'openai_costs' then try_cast(json_extract_string(amounts, '$.amount_value.sum') as decimal(38, 12))
    end as billed_amount,
    first_day,
    last_day,
    days,
    gate,
    warnings,
    committed_at,
    snapshot_id
from {{ source('pipeline', 'load_ledger') }}
