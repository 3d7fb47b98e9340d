{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- What a delivery charges, summed from the vendor's own columns, is what FOCUS says was billed: per load, day and currency, exactly.
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
        'aws_cur' as source_name, lines.load_id, cast(lines.usage_start as date) as charge_date, lines.currency,
        sum(coalesce(
            case when payer_months.has_net = 1 then lines.net_unblended_cost end,
            case when payer_months.has_net = 1 and lines.line_item_type like '%Discount' then 0 end,
            lines.unblended_cost
        )) as amount
    from {{ ref('stg_aws_cur__line_items') }} as lines
    inner join payer_months
        on lines.payer_account_id = payer_months.payer_account_id and lines.billing_period_start = payer_months.billing_period_start
    group by lines.load_id, cast(lines.usage_start as date), lines.currency
    union all
    select 'openai', load_id, cast(bucket_start as date), currency, sum(amount)
    from {{ ref('stg_openai__costs') }}
    group by load_id, cast(bucket_start as date), currency
    union all
    -- actual and amortized exports are loads apart, so a feed stands for them; a day costs what the amortized one says, where there is one
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
    select 'gcp', load_id, cast(usage_start as date), currency, sum(cost + discount + promotion)
    from {{ ref('stg_gcp__charges') }}
    group by load_id, cast(usage_start as date), currency
    union all
    select 'anthropic', load_id, cast(bucket_start as date), currency, sum(amount)
    from {{ ref('stg_anthropic__costs') }}
    group by load_id, cast(bucket_start as date), currency
    union all
    select 'anthropic', load_id, cast(bucket_start as date), currency, sum(amount)
    from {{ ref('stg_anthropic__analytics_costs') }}
    group by load_id, cast(bucket_start as date), currency
    union all
    select 'focus', load_id, cast(charge_period_start as date), billing_currency, sum(billed_cost)
    from {{ ref('stg_focus__charges') }}
    group by load_id, cast(charge_period_start as date), billing_currency
),

billed_in_focus as (
    select
        x_Source as source_name,
        case when x_Source = 'azure' then x_Feed else x_LoadId end as load_id,
        x_ChargeDate as charge_date,
        BillingCurrency as currency,
        sum(case when x_Source = 'azure' then EffectiveCost else BilledCost end) as amount
    from {{ ref('cost_and_usage') }}
    where {{ replaced_days('x_ChargeDate') }}
    group by x_Source, case when x_Source = 'azure' then x_Feed else x_LoadId end, x_ChargeDate, BillingCurrency
)

select
    coalesce(vendor.source_name, focus.source_name) as source_name,
    coalesce(vendor.load_id, focus.load_id) as load_id,
    coalesce(vendor.charge_date, focus.charge_date) as charge_date,
    vendor.amount as vendor_amount,
    focus.amount as focus_amount
from (select * from billed_by_vendor where {{ replaced_days('charge_date') }}) as vendor
full outer join billed_in_focus as focus
    on vendor.source_name = focus.source_name and vendor.load_id = focus.load_id
    and vendor.charge_date = focus.charge_date and vendor.currency = focus.currency
where vendor.amount is distinct from focus.amount
    -- what a superseded feed bills counts nowhere
    and not exists (
        select 1
        from {{ ref('int_loads') }} as loads
        inner join {{ ref('stg_reference__bill_feeds') }} as feeds
            on loads.source = feeds.source and loads.feed = feeds.feed and feeds.treatment = 'superseded'
        where
            (loads.load_id = vendor.load_id or (vendor.source_name = 'azure' and loads.source = 'azure' and loads.feed = vendor.load_id))
            and vendor.charge_date >= feeds.valid_from and vendor.charge_date < feeds.valid_to
    )
