-- What is left of each prepaid balance and promise, month by month. Every month starts with what the one before left.
with clock as (

    select cast({{ as_of() }} as date) as today

),

contracts as (

    select * from {{ ref('int_commitments') }}

),

movements as (

    select * from {{ ref('int_commitment_movements') }}

),

-- Nobody asks for the months after the last one in which anything was used or billed.
horizon as (

    select least(max(charge_date) + 1, (select clock.today from clock)) as seen_until
    from (
        select movement_date as charge_date from movements
        union all
        select max(x_ChargeDate) from {{ ref('vendor_charges') }}
    ) as days
    where charge_date < (select clock.today from clock)

),

months as (

    {{ month_spine(
        '(select coalesce(min(valid_from), (select seen_until from horizon)) from contracts)',
        '(select coalesce(seen_until, (select today from clock)) from horizon)'
    ) }}

),

contract_months as (

    select
        contracts.*,
        months.month_start,
        -- how far the month is known: to its end, or as far as its issuer's bills are complete, which may be before it starts
        greatest(
            least(cast(months.month_start + interval 1 month as date), horizons.complete_until, contracts.valid_to), contracts.valid_from
        ) as known_until,
        case
            when contracts.fulfilment = 'month' then least(cast(months.month_start + interval 1 month as date), contracts.valid_to)
            else contracts.valid_to
        end as usable_until
    from contracts
    inner join {{ ref('int_commitment_horizons') }} as horizons on contracts.contract_id = horizons.contract_id
    inner join months
        on
            cast(date_trunc('month', contracts.valid_from) as date) <= months.month_start
            and contracts.valid_to > months.month_start

),

moved as (

    select
        contract_id,
        -- what lapsed belongs to the last day on which it was there
        cast(date_trunc('month', movement_date) as date) as month_start,
        sum(purchased) as purchased,
        sum(drawn) as drawn,
        sum(billed_unused) as billed_unused,
        cast(0 as decimal(38, 12)) as lapsed,
        sum(adjusted) as adjusted,
        sum(used_quantity) as used_quantity
    from movements
    group by contract_id, cast(date_trunc('month', movement_date) as date)
    union all
    select
        contract_id, cast(date_trunc('month', movement_date - 1) as date),
        0, 0, 0, sum(lapsed), 0, 0
    from movements
    where lapsed <> 0
    group by contract_id, cast(date_trunc('month', movement_date - 1) as date)

),

totals as (

    select
        contract_months.contract_id,
        contract_months.month_start,
        coalesce(sum(moved.purchased), 0) as purchased,
        coalesce(sum(moved.drawn), 0) as drawn,
        coalesce(sum(moved.billed_unused), 0) as billed_unused,
        coalesce(sum(moved.lapsed), 0) as lapsed,
        coalesce(sum(moved.adjusted), 0) as adjusted,
        coalesce(sum(moved.used_quantity), 0) as used_quantity
    from contract_months
    left join moved
        on contract_months.contract_id = moved.contract_id and contract_months.month_start = moved.month_start
    group by contract_months.contract_id, contract_months.month_start

),

-- The pace at which it is drawn: the last 30 days that are known. What the days after them drew is in the balance and not in the pace, so a
-- projection starts from what was left before them.
paces as (

    select
        contract_months.contract_id,
        contract_months.month_start,
        {{ seconds_between(
            'greatest(contract_months.valid_from, contract_months.known_until - 30)', 'contract_months.known_until'
        ) }} / 86400 as pace_days,
        sum(case when movements.movement_date < contract_months.known_until then movements.drawn end) as drawn_at_pace,
        coalesce(sum(case
            when
                movements.movement_date >= contract_months.known_until
                -- a month's amount has nothing to do with what the month before drew
                and (contract_months.fulfilment = 'term' or movements.movement_date >= contract_months.month_start)
                then movements.drawn
        end), 0) as drawn_since_known
    from contract_months
    left join movements
        on
            contract_months.contract_id = movements.contract_id
            and greatest(contract_months.valid_from, contract_months.known_until - 30) <= movements.movement_date
            and cast(contract_months.month_start + interval 1 month as date) > movements.movement_date
    group by contract_months.contract_id, contract_months.month_start, contract_months.valid_from, contract_months.known_until

),

running as (

    select
        totals.*,
        sum(totals.purchased + totals.adjusted - totals.drawn - totals.billed_unused - totals.lapsed) over so_far as closing_balance,
        sum(totals.purchased + totals.adjusted) over so_far as purchased_to_date,
        sum(totals.drawn) over so_far as used_to_date,
        sum(totals.used_quantity) over so_far as used_quantity_to_date
    from totals
    window so_far as (partition by totals.contract_id order by totals.month_start)

),

measured as (

    select
        contract_months.contract_id,
        contract_months.month_start,
        contract_months.kind,
        contract_months.invoice_issuer_name,
        contract_months.unit_id,
        contract_months.currency,
        contract_months.quantity_unit,
        contract_months.fulfilment,
        contract_months.valid_from,
        contract_months.valid_to,
        contract_months.known_until,
        running.purchased,
        running.drawn,
        running.billed_unused,
        running.lapsed,
        running.adjusted,
        running.used_quantity,
        running.closing_balance,
        running.purchased_to_date,
        running.used_to_date,
        running.used_quantity_to_date,
        contract_months.committed_amount,
        contract_months.committed_quantity,
        cast(paces.drawn_at_pace as double) / nullif(paces.pace_days, 0) as daily_drawn,
        cast(running.closing_balance + paces.drawn_since_known as double) as known_balance,
        -- a month's amount starts and ends with its month
        {{ seconds_between(
            "case when contract_months.fulfilment = 'month' then greatest(contract_months.known_until, contract_months.month_start)"
            ~ " else contract_months.known_until end",
            'contract_months.usable_until'
        ) }} / 86400 as days_left
    from contract_months
    inner join running on contract_months.contract_id = running.contract_id and contract_months.month_start = running.month_start
    inner join paces on contract_months.contract_id = paces.contract_id and contract_months.month_start = paces.month_start

)

select
    month_start as balance_month,
    contract_id,
    kind,
    coalesce(invoice_issuer_name, 'any') as invoice_issuer_name,
    unit_id as owner_unit_id,
    currency as billing_currency,
    valid_from,
    valid_to,
    cast(committed_amount as decimal(38, 12)) as committed_amount,
    cast(committed_quantity as decimal(38, 9)) as committed_quantity,
    quantity_unit,
    cast(closing_balance - (purchased + adjusted - drawn - billed_unused - lapsed) as decimal(38, 12)) as opening_balance,
    cast(purchased as decimal(38, 12)) as purchased,
    cast(drawn as decimal(38, 12)) as drawn,
    cast(billed_unused + lapsed as decimal(38, 12)) as expired,
    cast(adjusted as decimal(38, 12)) as adjusted,
    cast(closing_balance as decimal(38, 12)) as closing_balance,
    cast(used_to_date as decimal(38, 12)) as used_to_date,
    cast(used_quantity as decimal(38, 9)) as used_quantity,
    cast(used_quantity_to_date as decimal(38, 9)) as used_quantity_to_date,
    -- of a monthly amount each month's, otherwise the term's
    cast(greatest(
        case when fulfilment = 'month' then coalesce(committed_amount, purchased + adjusted) - drawn
            else coalesce(committed_amount, purchased_to_date) - used_to_date end, 0
    ) as decimal(38, 12)) as shortfall,
    known_until,
    cast(round(daily_drawn, 9) as decimal(38, 12)) as daily_drawn,
    case when closing_balance > 0 then cast(round(known_balance / nullif(daily_drawn, 0), 1) as decimal(18, 1)) end as days_to_exhaustion,
    cast(case
        when days_left <= 0 then 0
        else greatest(round(known_balance - coalesce(daily_drawn, 0) * days_left, 2), 0)
    end as decimal(38, 12)) as projected_breakage
from measured
