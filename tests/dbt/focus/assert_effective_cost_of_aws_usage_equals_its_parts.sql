{{ config(meta={'dagster': {'ref': {'name': 'cost_and_usage'}}}) }}
-- A savings plan without upfront payment costs its fee and nothing else: covered usage plus the unused part is the fee, per plan and
-- month, within the vendor's own rounding (a millionth for each line). A failure is a commitment counted twice or lost (B1, B2).
select
    CommitmentDiscountId,
    BillingPeriodStart,
    sum(case when ChargeCategory = 'Purchase' then BilledCost else 0 end) as fees,
    sum(EffectiveCost) as amortised
from {{ ref('cost_and_usage') }}
where x_Source = 'aws_cur' and CommitmentDiscountCategory = 'Spend'
group by CommitmentDiscountId, BillingPeriodStart
having sum(case when ChargeCategory = 'Purchase' then BilledCost else 0 end) > 0
    and max(case when ChargeCategory = 'Purchase' and ChargeFrequency = 'One-Time' then 1 else 0 end) = 0
    and abs(sum(case when ChargeCategory = 'Purchase' then BilledCost else 0 end) - sum(EffectiveCost)) > 0.000001 * count(*)
