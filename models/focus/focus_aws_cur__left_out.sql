-- AWS line items that are no charges of their own, counted: why, how many, and what they say.
select
    usage_date as charge_date,
    feed,
    payer_account_id as billing_account_id,
    billing_period_start,
    currency as billing_currency,
    line_item_type,
    left_out_reason,
    count(*) as bill_lines,
    sum(unblended_cost) as unblended_cost,
    sum(split_cost) as split_cost
from {{ ref('stg_aws_cur__line_items') }}
where left_out_reason is not null
group by usage_date, feed, payer_account_id, billing_period_start, currency, line_item_type, left_out_reason
