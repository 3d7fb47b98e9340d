{{ config(materialized='table') }}

-- One commitment's balance day by day: what was bought, what use drew, what the bill says was not used, what was taken back; and what
-- ended by itself because its time was over.
--
-- The oldest purchase is drawn first. So at any end, of all that had to be used by then (L), what is not yet drawn (D) is lost, and what
-- was lost before counts as gone: lost so far = max(0, the largest L - D there has been). Use that a prepaid bill charges in full draws
-- no more than is there: drawn so far = used so far + min(0, the smallest purchased - used there has been).
with clock as (

    select
        cast({{ as_of() }} as date) as today,
        coalesce((select max(marks.lag_days) from {{ ref('stg_pipeline__bill_marks') }} as marks), 1) as lag_days

),

commitments as (

    select * from {{ ref('int_commitments') }}

),

charged as (

    select
        contract_id,
        charge_date,
        sum(case when movement = 'purchased' then amount else 0 end) as purchased,
        sum(case when movement = 'drawn' then amount else 0 end) as used,
        sum(case when movement = 'expired' then amount else 0 end) as expired,
        sum(case when movement = 'adjusted' then amount else 0 end) as adjusted,
        sum(case when movement = 'drawn' then quantity else 0 end) as used_quantity,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('int_commitment_charges') }}
    group by contract_id, charge_date

),

-- The amounts of a contract with their ends: as declared, and of a monthly one each month of the term.
months as (

    {{ month_spine(
        '(select coalesce(min(valid_from), (select today from clock)) from commitments)',
        '(select coalesce(max(valid_to), (select today from clock)) from commitments)'
    ) }}

),

amounts as (

    select
        terms.contract_id,
        greatest(terms.valid_from, coalesce(months.month_start, terms.valid_from)) as starts_on,
        case
            when terms.fulfilment = 'month' then least(terms.valid_to, cast(months.month_start + interval 1 month as date))
            -- what a bill charges in full is drawn from the contract as a whole
            when terms.drawdown = 'derived' then commitments.valid_to
            else terms.valid_to
        end as ends_on,
        terms.committed_amount
    from {{ ref('stg_reference__commitments') }} as terms
    inner join commitments on terms.contract_id = commitments.contract_id
    left join months
        on
            terms.fulfilment = 'month'
            and cast(date_trunc('month', terms.valid_from) as date) <= months.month_start
            and terms.valid_to > months.month_start

),

declared as (

    select amounts.contract_id, amounts.starts_on as purchase_date, amounts.ends_on, amounts.committed_amount as purchased
    from amounts
    inner join commitments on amounts.contract_id = commitments.contract_id
    cross join clock
    where commitments.purchase = 'declared' and amounts.committed_amount is not null and amounts.starts_on <= clock.today

),

-- A purchase on the bill ends with the newest amount that had begun.
billed_purchases as (

    select
        charged.contract_id,
        charged.charge_date as purchase_date,
        amounts.ends_on,
        charged.purchased,
        row_number() over (
            partition by charged.contract_id, charged.charge_date order by amounts.starts_on desc, amounts.ends_on desc
        ) as newest
    from charged
    inner join amounts on charged.contract_id = amounts.contract_id and charged.charge_date >= amounts.starts_on
    where charged.purchased <> 0

),

lots as (

    select contract_id, ends_on, sum(purchased) as ending
    from (
        select contract_id, ends_on, purchased from declared
        union all
        select contract_id, ends_on, purchased from billed_purchases
        where newest = 1
    ) as purchases
    group by contract_id, ends_on

),

moves as (

    select contract_id, charge_date as movement_date, purchased, used, expired, adjusted, used_quantity, billed_cost, effective_cost, 0 as ending
    from charged
    union all
    select contract_id, purchase_date, purchased, 0, 0, 0, 0, 0, 0, 0 from declared
    union all
    -- a term is over once the bill has had its days to say so
    select lots.contract_id, lots.ends_on, 0, 0, 0, 0, 0, 0, 0, lots.ending
    from lots
    cross join clock
    where lots.ends_on + clock.lag_days <= clock.today

),

daily as (

    select
        contract_id,
        movement_date,
        sum(purchased) as purchased,
        sum(used) as used,
        sum(expired) as expired,
        sum(adjusted) as adjusted,
        sum(used_quantity) as used_quantity,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(ending) as ending
    from moves
    group by contract_id, movement_date

),

running as (

    select
        daily.*,
        commitments.drawdown,
        sum(daily.purchased + daily.adjusted) over so_far as bought_so_far,
        sum(daily.used) over so_far as used_so_far,
        sum(daily.expired) over so_far as expired_so_far,
        sum(daily.ending + daily.adjusted) over so_far as ending_so_far
    from daily
    inner join commitments on daily.contract_id = commitments.contract_id
    window so_far as (partition by daily.contract_id order by daily.movement_date)

),

limited as (

    select
        *,
        case
            when drawdown = 'derived'
                then used_so_far + least(0, min(bought_so_far - used_so_far) over (partition by contract_id order by movement_date))
            else used_so_far
        end as drawn_so_far
    from running

),

consumed as (

    select
        *,
        drawn_so_far - coalesce(lag(drawn_so_far) over (partition by contract_id order by movement_date), 0) as drawn,
        coalesce(lag(drawn_so_far + expired_so_far) over (partition by contract_id order by movement_date), 0) as gone_before
    from limited

),

lost as (

    select
        *,
        greatest(0, max(case when ending <> 0 then ending_so_far - gone_before else 0 end) over (
            partition by contract_id order by movement_date
        )) as lost_so_far
    from consumed

)

select
    contract_id,
    movement_date,
    cast(purchased as decimal(38, 12)) as purchased,
    cast(drawn as decimal(38, 12)) as drawn,
    cast(expired as decimal(38, 12)) as billed_unused,
    cast(lost_so_far - coalesce(lag(lost_so_far) over (partition by contract_id order by movement_date), 0) as decimal(38, 12)) as lapsed,
    cast(adjusted as decimal(38, 12)) as adjusted,
    cast(used_quantity as decimal(38, 9)) as used_quantity,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    cast(effective_cost as decimal(38, 12)) as effective_cost
from lost
