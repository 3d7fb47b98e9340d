-- AWS line items, amortised. In a billing month whose payer has net costs every term is net, else every term is gross. Usage under a
-- savings plan is billed 0 (its negation line takes the price back) and costs what the plan costs; a fee is billed when due and costs
-- nothing itself; what a commitment did not use is a row of its own, so the two together are the fee. The fee of a capacity block is spread
-- over its hours where the block is declared: no line of the report says how long a block lasts.
with blocks as (
    select
        {{ hash_key(['contract_id', 'valid_from']) }} as block_id,
        match_value as reservation_id,
        currency,
        instance_type,
        committed_quantity as block_hours,
        valid_from,
        valid_to,
        starts_at,
        ends_at,
        {{ seconds_between('starts_at', 'ends_at') }} as block_seconds
    from {{ ref('stg_reference__commitments') }}
    where kind = 'capacity_block'
),

-- A block's hours need its fee, which may be a line of another day.
chosen as (
    select *, true as is_of_run
    from {{ ref('stg_aws_cur__line_items') }}
    where {{ in_focus_days('usage_date') }}
    union all
    select *, false as is_of_run
    from {{ ref('stg_aws_cur__line_items') }}
    where
        not ({{ in_focus_days('usage_date') }})
        and usage_date >= (select min(blocks.valid_from) from blocks)
        and usage_date < (select max(blocks.valid_to) from blocks)
        and usage_type like '%CapacityBlockFee:%'
),

lines as (
    select
        *,
        -- taxes and credits on it are no part of the price
        coalesce(usage_type like '%CapacityBlockFee:%', false) and line_item_type in ('Fee', 'Refund') as is_block_fee,
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
    from chosen
    where coalesce(left_out_reason, 'negation') = 'negation'
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
        )) > 0 as has_net_costs,
        max(usage_date) as newest_date
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
        )
        or numbered.is_block_fee as is_commitment_fee,
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
            when is_commitment_fee and not is_block_fee then 0
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
),

-- A line is of the block that it names. One that names no reservation is of the block of its machine type that starts on its day (fees) or is
-- on (hours), if there is only one.
block_lines as (
    select
        costed.charge_id,
        costed.feed,
        costed.payer_account_id,
        costed.charge_date,
        costed.usage_start,
        costed.is_block_fee,
        costed.charged_cost,
        costed.unblended_cost,
        costed.usage_amount,
        blocks.block_id,
        blocks.reservation_id,
        costed.capacity_reservation_id is not null as is_named,
        row_number() over (partition by costed.charge_id order by blocks.starts_at desc, blocks.block_id asc) as match_rank,
        count(*) over (partition by costed.charge_id) as matches
    from costed
    inner join blocks
        on
            costed.currency = blocks.currency
            and (
                costed.capacity_reservation_id = blocks.reservation_id
                or costed.capacity_reservation_id like '%/' || blocks.reservation_id
                or (
                    costed.capacity_reservation_id is null
                    and coalesce(costed.instance_type, {{ usage_type_instance('costed.usage_type') }}) = blocks.instance_type
                )
            )
            and case
                when not costed.is_block_fee then costed.usage_start < blocks.ends_at and costed.usage_end > blocks.starts_at
                when costed.capacity_reservation_id is null then costed.charge_date = cast(blocks.starts_at as date)
                else costed.charge_date >= blocks.valid_from and costed.charge_date < blocks.valid_to
            end
    where
        costed.is_block_fee
        or (
            costed.is_usage
            and lower(costed.pricing_unit) in ('hrs', 'hours', 'hour')
            and (costed.operation like '%:CB' or costed.capacity_reservation_id is not null)
        )
),

lines_of_blocks as (
    select * from block_lines
    where match_rank = 1 and (is_named or matches = 1)
),

fees as (
    select
        block_id,
        feed,
        payer_account_id,
        min(charge_id) as fee_charge_id,
        sum(charged_cost) as fee,
        sum(unblended_cost) as list_fee
    from lines_of_blocks
    where is_block_fee
    group by block_id, feed, payer_account_id
),

payers as (
    select payer_account_id, max(newest_date) as newest_date
    from payer_months
    group by payer_account_id
),

hours as (
    {{ hour_spine(
        "(select coalesce(date_trunc('day', min(blocks.starts_at)), timestamp '2000-01-01') from blocks)",
        "(select coalesce(max(blocks.ends_at), timestamp '2000-01-01') from blocks)"
    ) }}
),

days as (
    select cast(usage_hour as date) as block_date
    from hours
    where {{ at_focus_days('usage_hour') }}
    group by cast(usage_hour as date)
),

-- The days of a block, as far as the bill goes.
block_days as (
    select
        blocks.*,
        fees.feed,
        fees.payer_account_id,
        fees.fee_charge_id,
        fees.fee,
        fees.list_fee,
        days.block_date,
        greatest(blocks.starts_at, cast(days.block_date as timestamp)) as day_starts_at,
        least(blocks.ends_at, cast(days.block_date as timestamp) + interval 1 day) as day_ends_at
    from fees
    inner join blocks on fees.block_id = blocks.block_id
    inner join payers on fees.payer_account_id = payers.payer_account_id
    inner join days
        on
            cast(blocks.starts_at as date) <= days.block_date
            and blocks.ends_at > cast(days.block_date as timestamp)
            and payers.newest_date >= days.block_date
),

-- Parts of a sum are differences of rounded running totals, so days add up to the fee, and lines with what is left to the day, whichever days
-- a run builds.
{%- set until_end = seconds_between('starts_at', 'day_ends_at') %}
{%- set until_start = seconds_between('starts_at', 'day_starts_at') %}
day_parts as (
    select
        *,
        {%- for amount in ['fee', 'list_fee', 'block_hours'] %}
        case when day_ends_at = ends_at then {{ amount }} else {{ allocate(amount, until_end, 'block_seconds') }} end
        - {{ allocate(amount, until_start, 'block_seconds') }} as {{ amount }}_of_day{{ ',' if not loop.last }}
        {%- endfor %}
    from block_days
),

hour_lines as (
    select
        lines_of_blocks.charge_id,
        lines_of_blocks.block_id,
        lines_of_blocks.reservation_id,
        lines_of_blocks.usage_amount,
        day_parts.block_date,
        day_parts.feed,
        day_parts.payer_account_id,
        day_parts.fee_of_day,
        day_parts.list_fee_of_day,
        sum(lines_of_blocks.usage_amount) over so_far as hours_so_far,
        -- more hours than were declared share the day all the same
        greatest(day_parts.block_hours_of_day, sum(lines_of_blocks.usage_amount) over whole_day) as hours_of_day
    from lines_of_blocks
    inner join day_parts
        on
            lines_of_blocks.block_id = day_parts.block_id
            and lines_of_blocks.feed = day_parts.feed
            and lines_of_blocks.payer_account_id = day_parts.payer_account_id
            and lines_of_blocks.charge_date = day_parts.block_date
    where not lines_of_blocks.is_block_fee
    window
        so_far as (
            partition by lines_of_blocks.block_id, lines_of_blocks.feed, lines_of_blocks.payer_account_id, lines_of_blocks.charge_date
            order by lines_of_blocks.usage_start, lines_of_blocks.charge_id
            rows between unbounded preceding and current row
        ),
        whole_day as (
            partition by lines_of_blocks.block_id, lines_of_blocks.feed, lines_of_blocks.payer_account_id, lines_of_blocks.charge_date
        )
),

parts as (
    select
        charge_id,
        block_id,
        reservation_id,
        block_date,
        feed,
        payer_account_id,
        usage_amount,
        false as is_spread_fee,
        {%- for amount in ['fee', 'list_fee'] %}
        case
            when hours_so_far = hours_of_day then {{ amount }}_of_day
            else {{ allocate(amount ~ '_of_day', 'hours_so_far', 'hours_of_day') }}
        end
        - {{ allocate(amount ~ '_of_day', 'hours_so_far - usage_amount', 'hours_of_day') }} as {{ amount }}_part{{ ',' if not loop.last }}
        {%- endfor %}
    from hour_lines
    union all
    select charge_id, block_id, reservation_id, null, feed, payer_account_id, null, true, 0, 0
    from lines_of_blocks
    where is_block_fee
),

used as (
    select
        block_id,
        feed,
        payer_account_id,
        block_date,
        sum(usage_amount) as used_hours,
        sum(fee_part) as used_fee,
        sum(list_fee_part) as used_list_fee
    from parts
    where not is_spread_fee
    group by block_id, feed, payer_account_id, block_date
),

unused_blocks as (
    select
        day_parts.fee_charge_id,
        day_parts.reservation_id,
        day_parts.block_date,
        day_parts.day_starts_at,
        day_parts.day_ends_at,
        greatest(day_parts.block_hours_of_day - coalesce(used.used_hours, 0), 0) as unused_hours,
        day_parts.fee_of_day - coalesce(used.used_fee, 0) as unused_fee,
        day_parts.list_fee_of_day - coalesce(used.used_list_fee, 0) as unused_list_fee
    from day_parts
    left join used
        on
            day_parts.block_id = used.block_id
            and day_parts.feed = used.feed
            and day_parts.payer_account_id = used.payer_account_id
            and day_parts.block_date = used.block_date
)
{%- set as_billed -%}
    coalesce(costed.capacity_reservation_id, parts.reservation_id) as row_capacity_reservation_id,
    costed.charge_date as row_charge_date,
    costed.usage_start as row_usage_start,
    costed.usage_end as row_usage_end,
    costed.billing_period_start as row_billing_period_start,
    costed.billing_period_end as row_billing_period_end
{%- endset %}

select
    costed.*,
    {{ as_billed }},
    'line' as row_kind,
    costed.charge_id as row_charge_id,
    costed.billed_cost as row_billed_cost,
    case when parts.is_spread_fee then 0 else costed.effective_cost + coalesce(parts.fee_part, 0) end as row_effective_cost,
    costed.list_cost + coalesce(parts.list_fee_part, 0) as row_list_cost,
    costed.contracted_cost + coalesce(parts.fee_part, 0) as row_contracted_cost,
    costed.commitment_quantity as row_commitment_quantity
from costed
left join parts on costed.charge_id = parts.charge_id
where costed.line_item_type <> 'SavingsPlanNegation' and costed.is_of_run
union all
-- Nothing was used, so nothing would have been paid at a list or contract price: 0, not unknown.
select
    costed.*,
    {{ as_billed | replace('parts.reservation_id', 'null') }},
    'unused' as row_kind,
    {{ hash_key(['costed.charge_id', "'unused'"]) }} as row_charge_id,
    0 as row_billed_cost,
    costed.unused_cost as row_effective_cost,
    0 as row_list_cost,
    0 as row_contracted_cost,
    costed.unused_quantity as row_commitment_quantity
from costed
where costed.unused_cost <> 0
union all
-- What a block had and nobody ran on, day by day: it was there at its price.
select
    costed.*,
    coalesce(costed.capacity_reservation_id, unused_blocks.reservation_id) as row_capacity_reservation_id,
    unused_blocks.block_date as row_charge_date,
    unused_blocks.day_starts_at as row_usage_start,
    unused_blocks.day_ends_at as row_usage_end,
    date_trunc('month', cast(unused_blocks.block_date as timestamp)) as row_billing_period_start,
    date_trunc('month', cast(unused_blocks.block_date as timestamp)) + interval 1 month as row_billing_period_end,
    'unused_block' as row_kind,
    {{ hash_key(['costed.charge_id', "'unused'", 'unused_blocks.block_date']) }} as row_charge_id,
    0 as row_billed_cost,
    unused_blocks.unused_fee as row_effective_cost,
    unused_blocks.unused_list_fee as row_list_cost,
    unused_blocks.unused_fee as row_contracted_cost,
    unused_blocks.unused_hours as row_commitment_quantity
from unused_blocks
inner join costed on unused_blocks.fee_charge_id = costed.charge_id
where unused_blocks.unused_fee <> 0
union all
select
    costed.*,
    {{ as_billed | replace('parts.reservation_id', 'null') }},
    'negation' as row_kind,
    {{ hash_key(['costed.charge_id', "'negation'"]) }} as row_charge_id,
    unfolded.residual as row_billed_cost,
    unfolded.residual as row_effective_cost,
    unfolded.residual as row_list_cost,
    unfolded.residual as row_contracted_cost,
    null as row_commitment_quantity
from costed
inner join unfolded on costed.charge_id = unfolded.first_charge_id
