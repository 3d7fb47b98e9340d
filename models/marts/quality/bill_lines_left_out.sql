{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'charge_date'}
) }}

-- Lines of bills that are not in focus.cost_and_usage because another line holds their money.
select
    charge_date,
    feed,
    billing_account_id,
    cast(billing_period_start as date) as billing_period_start,
    billing_currency,
    line_item_type,
    left_out_reason,
    bill_lines,
    cast(unblended_cost as decimal(38, 12)) as unblended_cost,
    cast(split_cost as decimal(38, 12)) as split_cost
from {{ ref('focus_aws_cur__left_out') }}
where {{ in_dirty_days('charge_date') }}
