{{ config(meta={'dagster': {'ref': {'name': 'cost_per_model_daily'}}}) }}
-- total = net unit cost + unused commitment + credits + tax + fees, and the marts hold no more and no less than the ledger:
-- per day, status and currency (so that no two currencies were added), and per run. Credits stand beside the gross cost (T14).
with daily as (
    select
        usage_date, cost_status, billing_currency,
        sum(total_cost) as total_cost,
        sum(net_unit_cost + unused_commitment_cost + credits_cost + tax_cost + fees_cost) as parts_cost
    from {{ ref('cost_per_model_daily') }}
    where total_cost is not null and {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency
),

ledger as (
    select usage_date, cost_status, billing_currency, sum(effective_cost) as effective_cost
    from {{ ref('fct_cost_allocation') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency
),

runs as (
    select
        training_run_id, billing_currency, total_cost,
        net_unit_cost + unused_commitment_cost + credits_cost + tax_cost + fees_cost as parts_cost
    from {{ ref('cost_per_training_run') }}
    where total_cost is not null
),

ledger_runs as (
    select training_run_id, billing_currency, sum(effective_cost) as effective_cost
    from {{ ref('fct_cost_allocation') }}
    where training_run_id is not null
    group by training_run_id, billing_currency
)

select
    cast(coalesce(daily.usage_date, ledger.usage_date) as varchar) as scope,
    coalesce(daily.billing_currency, ledger.billing_currency) as billing_currency,
    greatest(
        abs(coalesce(daily.total_cost, 0) - coalesce(ledger.effective_cost, 0)),
        abs(coalesce(daily.total_cost, 0) - coalesce(daily.parts_cost, 0))
    ) as dollars
from daily
full outer join ledger
    on
        daily.usage_date = ledger.usage_date
        and daily.cost_status = ledger.cost_status
        and daily.billing_currency = ledger.billing_currency
where
    daily.total_cost is distinct from ledger.effective_cost
    or daily.total_cost is distinct from daily.parts_cost
union all
select
    coalesce(runs.training_run_id, ledger_runs.training_run_id),
    coalesce(runs.billing_currency, ledger_runs.billing_currency),
    abs(coalesce(runs.total_cost, 0) - coalesce(ledger_runs.effective_cost, 0))
from runs
full outer join ledger_runs
    on
        runs.training_run_id = ledger_runs.training_run_id
        and runs.billing_currency = ledger_runs.billing_currency
where
    runs.total_cost is distinct from ledger_runs.effective_cost
    or runs.total_cost is distinct from runs.parts_cost
