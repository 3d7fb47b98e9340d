{{ config(meta={'dagster': {'ref': {'name': 'commitment_balance_monthly'}}}) }}
-- A balance is what was billed and has not cost anything yet: closing = billed - effective of all the contract's charges, found anew in
-- cost_and_usage; every month opens with what the one before closed with and its movements lead to its close; and once a prepaid term is
-- over, nothing is left: effective = billed.
with balances as (
    select
        *,
        lag(closing_balance) over (partition by contract_id order by balance_month) as closing_before,
        row_number() over (partition by contract_id order by balance_month desc) as months_back
    from {{ ref('commitment_balance_monthly') }}
),

contracts_of_charges as (
    select charge_id, contract_id from {{ ref('int_commitment_charges') }}
    union all
    select x_ChargeId, x_Feed from {{ ref('cost_and_usage') }}
    where x_Source = 'commitments'
),

charged as (
    select
        contracts_of_charges.contract_id,
        sum(charges.BilledCost - charges.EffectiveCost) as not_yet_effective,
        max(charges.x_ChargeDate) as last_day
    from contracts_of_charges
    inner join {{ ref('cost_and_usage') }} as charges on contracts_of_charges.charge_id = charges.x_ChargeId
    group by contracts_of_charges.contract_id
),

clock as (
    select coalesce(max(lag_days), 1) as lag_days
    from {{ ref('stg_pipeline__bill_marks') }}
)

select
    balances.contract_id as scope,
    balances.balance_month,
    balances.billing_currency,
    abs(balances.closing_balance - balances.opening_balance) as dollars
from balances
left join charged on balances.contract_id = charged.contract_id
cross join clock
where
    balances.opening_balance <> coalesce(balances.closing_before, 0)
    or balances.opening_balance + balances.purchased - balances.drawn - balances.expired + balances.adjusted <> balances.closing_balance
    or (
        balances.months_back = 1
        and balances.kind <> 'enterprise_agreement'
        and (
            balances.closing_balance <> coalesce(charged.not_yet_effective, 0)
            or (balances.valid_to + clock.lag_days <= cast({{ as_of() }} as date) and balances.closing_balance > 0)
        )
    )
