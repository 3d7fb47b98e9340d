{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- What a delivery charges, summed from the vendor's own columns, is what FOCUS says was billed: per feed, day and currency, exactly. Not per
-- load: a day that comes again with equal content is not built again, and keeps the load that first said it.
-- Azure's exports say what is billed and what it costs apart: there it is the cost that is compared.
-- A failure is money that was lost, doubled or rounded on the way from the bill.
-- AWS: the net cost where a payer's month has any, else the gross cost; there a discount line is worth only what it says net.
with payer_months as (
    select
        payer_account_id, billing_period_start,
        max(case
            when net_unblended_cost <> 0 or savings_plan_net_effective_cost <> 0 or reservation_net_effective_cost <> 0
                or savings_plan_net_upfront_commitment <> 0 or savings_plan_net_recurring_commitment <> 0
                or reservation_net_unused_upfront_fee <> 0 or reservation_net_unused_recurring_fee <> 0
                then 1
            else 0
        end) as has_net
    from {{ ref('stg_aws_cur__line_items') }}
    group by payer_account_id, billing_period_start
),

billed_by_vendor as (
    select
        'aws_cur' as source_name, lines.feed, cast(lines.usage_start as date) as charge_date, lines.currency,
        sum(coalesce(
            case when payer_months.has_net = 1 then lines.net_unblended_cost end,
            case when payer_months.has_net = 1 and lines.line_item_type like '%Discount' then 0 end,
            lines.unblended_cost
        )) as amount
    from {{ ref('stg_aws_cur__line_items') }} as lines
    inner join payer_months
        on lines.payer_account_id = payer_months.payer_account_id and lines.billing_period_start = payer_months.billing_period_start
    group by lines.feed, cast(lines.usage_start as date), lines.currency
    union all
    select 'openai', feed, cast(bucket_start as date), currency, sum(amount)
    from {{ ref('stg_openai__costs') }}
    group by feed, cast(bucket_start as date), currency
    union all
    -- actual and amortized exports are loads of one feed; a day costs what the amortized one says, where there is one
    select 'azure', days.feed, days.usage_date, days.currency, sum(coalesce(days.amortized, days.actual))
    from (
        select
            feed, invoiced_account_id, billing_period_start, usage_date, currency,
            sum(case when cost_dataset = 'amortized' then cost end) as amortized,
            sum(case when cost_dataset = 'actual' then cost end) as actual
        from {{ ref('stg_azure__costs') }}
        group by feed, invoiced_account_id, billing_period_start, usage_date, currency
    ) as days
    group by days.feed, days.usage_date, days.currency
    union all
    select 'gcp', feed, cast(usage_start as date), currency, sum(cost + discount + promotion)
    from {{ ref('stg_gcp__charges') }}
    group by feed, cast(usage_start as date), currency
    union all
    select 'anthropic', reports.feed, reports.charge_date, reports.currency, sum(reports.amount)
    from (
        select feed, cast(bucket_start as date) as charge_date, currency, amount from {{ ref('stg_anthropic__costs') }}
        union all
        select feed, cast(bucket_start as date) as charge_date, currency, amount from {{ ref('stg_anthropic__analytics_costs') }}
    ) as reports
    group by reports.feed, reports.charge_date, reports.currency
    union all
    select 'focus', feed, cast(charge_period_start as date), billing_currency, sum(billed_cost)
    from {{ ref('stg_focus__charges') }}
    group by feed, cast(charge_period_start as date), billing_currency
),

billed_in_focus as (
    select
        x_Source as source_name,
        x_Feed as feed,
        x_ChargeDate as charge_date,
        BillingCurrency as currency,
        sum(case when x_Source = 'azure' then EffectiveCost else BilledCost end) as amount
    from {{ ref('vendor_charges') }}
    -- what a rate card priced and what owned machines cost, no vendor has charged
    where {{ replaced_days('x_ChargeDate') }} and coalesce(SkuPriceId, '') not like 'rate_card:%' and x_Source <> 'gpu_assets'
    group by x_Source, x_Feed, x_ChargeDate, BillingCurrency
)

select
    coalesce(vendor.source_name, focus.source_name) as source_name,
    coalesce(vendor.feed, focus.feed) as feed,
    coalesce(vendor.charge_date, focus.charge_date) as charge_date,
    vendor.amount as vendor_amount,
    focus.amount as focus_amount
from (
    -- a feed may bring several reports
    select source_name, feed, charge_date, currency, sum(amount) as amount
    from billed_by_vendor
    where {{ replaced_days('charge_date') }}
    group by source_name, feed, charge_date, currency
) as vendor
full outer join billed_in_focus as focus
    on vendor.source_name = focus.source_name and vendor.feed = focus.feed
    and vendor.charge_date = focus.charge_date and vendor.currency = focus.currency
-- a day of nothing but lines that repeat others is billed 0 by the vendor and is no charge
where coalesce(vendor.amount, 0) <> coalesce(focus.amount, 0)
    -- what a superseded feed bills counts nowhere
    and not exists (
        select 1
        from {{ ref('stg_reference__bill_feeds') }} as feeds
        where
            feeds.treatment = 'superseded' and vendor.source_name = feeds.source and vendor.feed = feeds.feed
            and vendor.charge_date >= feeds.valid_from and vendor.charge_date < feeds.valid_to
    )
