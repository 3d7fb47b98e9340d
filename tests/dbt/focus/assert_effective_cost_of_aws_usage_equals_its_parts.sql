{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- A savings plan costs what was committed and nothing else, upfront part included: covered usage plus the unused part is the commitment of
-- its fee lines, net where they are net, per plan and month, within the vendor's own rounding (a millionth for each line). A failure is a
-- commitment counted twice or lost (B1, B2).
with committed as (
    select
        savings_plan_arn,
        billing_period_start,
        sum(case
            when nullif(savings_plan_net_recurring_commitment, 0) is not null or nullif(savings_plan_net_upfront_commitment, 0) is not null
                then cast(coalesce(savings_plan_net_recurring_commitment, 0) + coalesce(savings_plan_net_upfront_commitment, 0) as double)
            when net_unblended_cost <> 0 and unblended_cost <> 0
                then cast(savings_plan_total_commitment as double) * cast(net_unblended_cost as double) / cast(unblended_cost as double)
            else cast(savings_plan_total_commitment as double)
        end) as commitment
    from {{ ref('stg_aws_cur__line_items') }}
    where line_item_type = 'SavingsPlanRecurringFee'
    group by savings_plan_arn, billing_period_start
),

amortised as (
    select CommitmentDiscountId, BillingPeriodStart, sum(EffectiveCost) as amortised, count(*) as charges
    from {{ ref('cost_and_usage') }}
    where x_Source = 'aws_cur' and CommitmentDiscountCategory = 'Spend' and CommitmentDiscountStatus is not null
    group by CommitmentDiscountId, BillingPeriodStart
)

select committed.savings_plan_arn, committed.billing_period_start, committed.commitment, amortised.amortised
from committed
inner join amortised
    on committed.savings_plan_arn = amortised.CommitmentDiscountId and committed.billing_period_start = amortised.BillingPeriodStart
where abs(committed.commitment - cast(amortised.amortised as double)) > 0.000001 * amortised.charges
