{#- Sums of a bill that say what is billed; the first with a value counts: loads of earlier versions have no `billed`. -#}
{%- set bills = {
    'aws_cur_line_items': ['billed', 'line_item_net_unblended_cost', 'line_item_unblended_cost'],
    'focus_charges': ['billed_cost'],
    'openai_costs': ['amount_value'],
    'azure_costs': ['cost'],
    'gcp_billing_export': ['billed', 'cost'],
    'anthropic_costs': ['amount'],
    'anthropic_analytics_costs': ['amount'],
} -%}
{%- set in_cents = ['anthropic_costs', 'anthropic_analytics_costs'] -%}
-- What the vendor says of days that it had billed before, of the tables that are bills: NULL where a side has no row.
with restated as (
    select distinct load_id, table_name, restated
    from {{ source('pipeline', 'load_ledger') }}
    where outcome = 'loaded' and restated is not null
),

currencies as (
    select load_id, table_name, restated, unnest(json_keys(restated, '$.amounts')) as currency
    from restated
)

select
    load_id,
    table_name,
    currency,
    {%- for side, column in [('before', 'billed_amount_before'), ('after', 'billed_amount_after'), ('load', 'billed_amount')] %}
    cast(case table_name
        {%- for table, billed in bills.items() %}
        when '{{ table }}' then {{ 'cast(0.01 as decimal(2, 2)) * ' if table in in_cents }}coalesce(
            {%- for vendor_column in billed %}
            try_cast(
                json_extract_string(restated, '$.amounts."' || currency || '".{{ vendor_column }}.{{ side }}') as decimal(38, 12)
            ){{ ',' if not loop.last }}
            {%- endfor %}
        )
        {%- endfor %}
    end as decimal(38, 12)) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from currencies
