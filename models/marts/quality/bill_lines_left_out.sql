{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'charge_date'}
) }}

-- Lines of bills that are not in focus.cost_and_usage: another line holds their money, or nobody knows it. XXX is ISO 4217's code for no
-- currency.
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
union all
select
    charge_date,
    feed,
    billing_account_id,
    cast(billing_period_start as date) as billing_period_start,
    'XXX' as billing_currency,
    coalesce(sku_id, service_name, 'unknown') as line_item_type,
    'no_price' as left_out_reason,
    count(*) as bill_lines,
    cast(null as decimal(38, 12)) as unblended_cost,
    cast(null as decimal(38, 12)) as split_cost
from {{ ref('focus_focus__priced') }}
where billed_cost is null and {{ in_dirty_days('charge_date') }}
group by charge_date, feed, billing_account_id, cast(billing_period_start as date), coalesce(sku_id, service_name, 'unknown')
