-- AWS line items, amortised. In a billing month whose payer has net costs every term is net, else every term is gross. Usage under a
-- savings plan is billed 0 (its negation line takes the price back) and costs what the plan costs; a fee is billed when due and costs
-- nothing itself; what a commitment did not use is a row of its own, so the two together are the fee.
with lines as (
    select
        *,
        cast(usage_start as date) as charge_date,
        {{ hash_key([
            'feed', 'payer_account_id', 'invoice_id', 'invoicing_entity', 'billing_entity', 'bill_type', 'billing_period_start',
            'usage_account_id', 'line_item_type', 'usage_start', 'usage_end', 'product_code', 'usage_type', 'operation',
            'availability_zone', 'resource_id', 'usage_amount', 'currency', 'description', 'tax_type', 'legal_entity', 'principal_id',
            'unblended_cost', 'net_unblended_cost', 'public_on_demand_cost', 'public_on_demand_rate', 'rate_code', 'term', 'pricing_unit',
            'savings_plan_arn', 'savings_plan_effective_cost', 'savings_plan_net_effective_cost', 'savings_plan_total_commitment',
            'savings_plan_used_commitment', 'savings_plan_net_upfront_commitment', 'savings_plan_net_recurring_commitment',
            'reservation_arn', 'reservation_effective_cost', 'reservation_net_effective_cost', 'reservation_unused_upfront_fee',
            'reservation_net_unused_upfront_fee', 'reservation_unused_recurring_fee', 'reservation_net_unused_recurring_fee',
            'reservation_unused_quantity', 'capacity_reservation_id', 'capacity_reservation_status', 'split_parent_resource_id',
            'product_name', 'sku', 'region_id', 'instance_type', 'sku_price_details', 'tags', 'cost_categories', 'discounts'
        ]) }} as content_key
    from {{ ref('stg_aws_cur__line_items') }}
    where {{ in_focus_days('usage_date') }} and coalesce(left_out_reason, 'negation') = 'negation'
),

numbered as (
    select
        *,
        row_number() over (partition by charge_date, content_key order by content_key) as ordinal
    from lines
),

-- Some exporters write 0 where a payer has no private pricing: a column of zeros is not filled.
payer_months as (
    select
        payer_account_id,
        billing_period_start,
        count(coalesce(
            nullif(net_unblended_cost, 0), nullif(savings_plan_net_effective_cost, 0), nullif(reservation_net_effective_cost, 0),
            nullif(reservation_net_unused_upfront_fee, 0), nullif(reservation_net_unused_recurring_fee, 0),
            nullif(savings_plan_net_upfront_commitment, 0), nullif(savings_plan_net_recurring_commitment, 0)
        )) > 0 as has_net_costs
    from {{ ref('stg_aws_cur__line_items') }}
    group by payer_account_id, billing_period_start
),

charged as (
    select
        numbered.*,
        payer_months.has_net_costs,
        {{ hash_key(["'aws_cur'", 'numbered.content_key', 'numbered.ordinal']) }} as charge_id,
        -- A discount line carries its own value only: where costs are net they hold the discount already, and a blank there is nothing more.
        case
            when not payer_months.has_net_costs then numbered.unblended_cost
            when numbered.line_item_type like '%Discount' then coalesce(numbered.net_unblended_cost, 0)
            else coalesce(numbered.net_unblended_cost, numbered.unblended_cost)
        end as charged_cost,
        case when payer_months.has_net_costs then coalesce(numbered.net_unblended_rate, numbered.unblended_rate) else numbered.unblended_rate end
            as charged_rate,
        numbered.line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') as is_usage,
        -- buying a commitment, and getting the money for one back
        numbered.line_item_type in ('SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'RIFee')
        or (
            numbered.line_item_type in ('Fee', 'Refund')
            and coalesce(nullif(numbered.reservation_arn, ''), nullif(numbered.savings_plan_arn, '')) is not null
        ) as is_commitment_fee,
        -- The commitment of the hour in the terms of the month. AWS gives its parts net and the used part gross; without the parts the
        -- fee says what the discount is.
        case
            when not payer_months.has_net_costs then numbered.savings_plan_total_commitment
            when coalesce(numbered.savings_plan_net_recurring_commitment, numbered.savings_plan_net_upfront_commitment) is not null
                then coalesce(numbered.savings_plan_net_recurring_commitment, 0) + coalesce(numbered.savings_plan_net_upfront_commitment, 0)
            else coalesce(
                {{ allocate('numbered.savings_plan_total_commitment', 'numbered.net_unblended_cost', 'numbered.unblended_cost') }},
                numbered.savings_plan_total_commitment
            )
        end as plan_commitment
    from numbered
    inner join payer_months
        on numbered.payer_account_id = payer_months.payer_account_id
        and numbered.billing_period_start = payer_months.billing_period_start
),

costed as (
    select
        *,
        case when line_item_type = 'SavingsPlanCoveredUsage' then 0 else charged_cost end as billed_cost,
        case
            when line_item_type = 'SavingsPlanCoveredUsage'
                then coalesce(case when has_net_costs then savings_plan_net_effective_cost end, savings_plan_effective_cost)
            when line_item_type = 'DiscountedUsage'
                then coalesce(case when has_net_costs then reservation_net_effective_cost end, reservation_effective_cost)
            when is_commitment_fee then 0
            else charged_cost
        end as effective_cost,
        case
            -- a tax follows the list costs that it is on, which nobody gives
            when line_item_type = 'Tax' then null
            when not is_usage then charged_cost
            -- a list price of 0 beside a positive charge is a missing price
            when not (public_on_demand_cost = 0 and charged_cost <> 0) then public_on_demand_cost
        end as list_cost,
        case
            -- what the usage would be charged without its reservation is not in the report: the list price stands for it
            when line_item_type = 'DiscountedUsage' then public_on_demand_cost
            else charged_cost
        end as contracted_cost,
        case
            when line_item_type = 'SavingsPlanRecurringFee' and not has_net_costs
                then savings_plan_total_commitment - savings_plan_used_commitment
            when line_item_type = 'SavingsPlanRecurringFee'
                then {{ allocate(
                    'plan_commitment', 'savings_plan_total_commitment - savings_plan_used_commitment', 'savings_plan_total_commitment'
                ) }}
            when line_item_type = 'RIFee'
                then coalesce(case when has_net_costs then reservation_net_unused_upfront_fee end, reservation_unused_upfront_fee, 0)
                + coalesce(case when has_net_costs then reservation_net_unused_recurring_fee end, reservation_unused_recurring_fee, 0)
        end as unused_cost,
        case
            when line_item_type = 'SavingsPlanCoveredUsage' then savings_plan_effective_cost
            when line_item_type in ('SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee') then unblended_cost
            when line_item_type in ('DiscountedUsage', 'RIFee') then usage_amount
        end as commitment_quantity,
        case
            when line_item_type = 'SavingsPlanRecurringFee' then savings_plan_total_commitment - savings_plan_used_commitment
            when line_item_type = 'RIFee' then reservation_unused_quantity
        end as unused_quantity
    from charged
),

-- A negation takes back exactly what the covered lines were charged. Where a month's lines do not cancel, the rest is on the
-- invoice, so it stays a charge.
unfolded as (
    select
        payer_account_id,
        billing_period_start,
        savings_plan_arn,
        charge_date,
        currency,
        sum(charged_cost) as residual,
        min(charge_id) as first_charge_id
    from costed
    where line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
    group by payer_account_id, billing_period_start, savings_plan_arn, charge_date, currency
    having sum(charged_cost) <> 0
)

select
    costed.*,
    'line' as row_kind,
    charge_id as row_charge_id,
    billed_cost as row_billed_cost,
    effective_cost as row_effective_cost,
    list_cost as row_list_cost,
    contracted_cost as row_contracted_cost,
    commitment_quantity as row_commitment_quantity
from costed
where line_item_type <> 'SavingsPlanNegation'
union all
-- Nothing was used, so nothing would have been paid at a list or contract price: 0, not unknown.
select
    costed.*,
    'unused' as row_kind,
    {{ hash_key(['charge_id', "'unused'"]) }} as row_charge_id,
    0 as row_billed_cost,
    unused_cost as row_effective_cost,
    0 as row_list_cost,
    0 as row_contracted_cost,
    unused_quantity as row_commitment_quantity
from costed
where unused_cost <> 0
union all
select
    costed.*,
    'negation' as row_kind,
    {{ hash_key(['costed.charge_id', "'negation'"]) }} as row_charge_id,
    unfolded.residual as row_billed_cost,
    unfolded.residual as row_effective_cost,
    unfolded.residual as row_list_cost,
    unfolded.residual as row_contracted_cost,
    null as row_commitment_quantity
from costed
inner join unfolded on costed.charge_id = unfolded.first_charge_id
