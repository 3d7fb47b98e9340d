{#- Columns of a bill that say what is billed; the first with a value counts. -#}
{%- set bills = {
    'aws_cur_line_items': ['line_item_net_unblended_cost', 'line_item_unblended_cost'],
    'focus_charges': ['billed_cost'],
    'openai_costs': ['amount_value'],
    'azure_costs': ['cost'],
    'gcp_billing_export': ['cost'],
    'anthropic_costs': ['amount'],
    'anthropic_analytics_costs': ['amount'],
} -%}
{%- set in_cents = ['anthropic_costs', 'anthropic_analytics_costs'] -%}
{%- set amounts = [
    ('billed_amount', "amounts, '$", 'sum'),
    ('billed_amount_before', "restated, '$.amounts", 'before'),
    ('billed_amount_after', "restated, '$.amounts", 'after'),
] -%}
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
    forced,
    rows_in,
    rows_loaded,
    rows_rejected,
    rows_duplicate,
    rows_superseded,
    load_rows_replaced,
    unknown_columns,
    missing_columns,
    amounts,
    -- What the whole load bills, for the tables that are bills; and what it says of the days that it replaced, before and after.
    {%- for column, field, side in amounts %}
    cast(case table_name
        {%- for table, billed in bills.items() %}
        when '{{ table }}' then {{ 'cast(0.01 as decimal(2, 2)) * ' if table in in_cents }}coalesce(
            {%- for vendor_column in billed %}
            try_cast(json_extract_string({{ field }}.{{ vendor_column }}.{{ side }}') as decimal(38, 12)){{ ',' if not loop.last }}
            {%- endfor %}
        )
        {%- endfor %}
    end as decimal(38, 12)) as {{ column }},
    {%- endfor %}
    cast(json_extract_string(restated, '$.last_day') as date) as restated_last_day,
    first_day,
    last_day,
    days,
    gate,
    warnings,
    committed_at,
    snapshot_id
from {{ source('pipeline', 'load_ledger') }}
