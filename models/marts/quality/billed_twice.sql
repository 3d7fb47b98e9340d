-- B10: feeds that bill the same account on the same days: a one-off and a daily export, payer and linked account, CUR and FOCUS of one payer.
-- An account is known by the last part of its id, because exports of one vendor write it as a number, a path or in capitals. Its issuer's
-- name is no part of the key, because they spell that differently, too; nor is the currency (B11).
with days as (

    select
        lower(regexp_replace(coalesce(SubAccountId, BillingAccountId, InvoiceIssuerName, ''), '^.*/', '')) as scope_id,
        coalesce(BillingAccountId, '') as billing_account_id,
        x_ChargeDate as charge_date,
        x_Source as source,
        x_Feed as feed,
        BillingCurrency as billing_currency,
        count(*) as charges,
        sum(BilledCost) as billed_cost,
        sum(EffectiveCost) as effective_cost
    from {{ ref('cost_and_usage') }}
    group by
        lower(regexp_replace(coalesce(SubAccountId, BillingAccountId, InvoiceIssuerName, ''), '^.*/', '')), coalesce(BillingAccountId, ''),
        x_ChargeDate, x_Source, x_Feed, BillingCurrency

),

additive as (

    select * from {{ ref('int_bill_feeds') }}
    where treatment = 'additive'

),

declared as (

    select
        days.*,
        case when exists (
            select 1
            from additive
            where
                days.source = additive.source
                and days.feed = additive.feed
                and (additive.billing_account_id = '*' or days.billing_account_id = additive.billing_account_id)
                and days.charge_date >= additive.valid_from
                and days.charge_date < additive.valid_to
        ) then 1 else 0 end as is_additive
    from days

),

feeds_of_day as (

    select
        scope_id,
        charge_date,
        count(*) as feeds,
        sum(1 - is_additive) as undeclared_feeds,
        {{ listed("source || '/' || feed") }} as all_feeds
    from (select distinct scope_id, charge_date, source, feed, is_additive from declared) as of_day
    group by scope_id, charge_date
    having count(*) > 1

)

select
    declared.scope_id,
    declared.billing_account_id,
    cast(date_trunc('month', declared.charge_date) as date) as charge_month,
    declared.source,
    declared.feed,
    declared.billing_currency,
    feeds_of_day.all_feeds,
    case when feeds_of_day.undeclared_feeds > 1 then 'undeclared' else 'additive' end as treatment,
    min(declared.charge_date) as first_day,
    max(declared.charge_date) as last_day,
    cast(count(distinct declared.charge_date) as bigint) as days,
    cast(sum(declared.charges) as bigint) as charges,
    cast(sum(declared.billed_cost) as decimal(38, 12)) as billed_cost,
    cast(sum(declared.effective_cost) as decimal(38, 12)) as effective_cost
from declared
inner join feeds_of_day on declared.scope_id = feeds_of_day.scope_id and declared.charge_date = feeds_of_day.charge_date
group by
    declared.scope_id, declared.billing_account_id, cast(date_trunc('month', declared.charge_date) as date), declared.source,
    declared.feed, declared.billing_currency, feeds_of_day.all_feeds,
    case when feeds_of_day.undeclared_feeds > 1 then 'undeclared' else 'additive' end
