{{ config(meta={'dagster': {'ref': {'name': 'cost_per_model_daily'}}}) }}
-- Law 4. Passing cost on changes who carries it, not how much there is: over a day, status and currency, fully loaded is what the ledger
-- has. Runs, serving and customers hold the transfers that name them, no more and no less.
with loaded as (
    select usage_date, cost_status, billing_currency, sum(fully_loaded_cost) as fully_loaded_cost
    from {{ ref('cost_per_model_daily') }}
    where fully_loaded_cost is not null and {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency
),

ledger as (
    select usage_date, cost_status, billing_currency, sum(effective_cost) as effective_cost
    from {{ ref('fct_cost_allocation') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency
),

-- Whole tables: a run's and a customer's transfers come from days that this run left alone, too.
in_marts as (
    select 'runs' as scope, billing_currency, sum(transferred_cost) as transferred_cost
    from {{ ref('cost_per_training_run') }}
    where transferred_cost is not null
    group by billing_currency
    union all
    select 'customers', billing_currency, sum(transferred_cost)
    from {{ ref('cost_per_customer_monthly') }}
    where transferred_cost <> 0
    group by billing_currency
    union all
    select 'serving', billing_currency, sum(transferred_cost)
    from {{ ref('cost_per_inference_daily') }}
    where transferred_cost <> 0
    group by billing_currency
),

moved as (
    select 'runs' as scope, billing_currency, sum(transferred_cost) as transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where training_run_id is not null
    group by billing_currency
    union all
    select 'customers', billing_currency, sum(transferred_cost)
    from {{ ref('fct_cost_transfer') }}
    where customer_id is not null
    group by billing_currency
    union all
    select 'serving', billing_currency, sum(transferred_cost)
    from {{ ref('fct_cost_transfer') }}
    where training_run_id is null and (workload_type = 'serving' or provider_id is not null)
    group by billing_currency
)

select
    cast(coalesce(loaded.usage_date, ledger.usage_date) as varchar) as scope,
    coalesce(loaded.billing_currency, ledger.billing_currency) as billing_currency,
    abs(coalesce(loaded.fully_loaded_cost, 0) - coalesce(ledger.effective_cost, 0)) as dollars
from loaded
full outer join ledger
    on
        loaded.usage_date = ledger.usage_date
        and loaded.cost_status = ledger.cost_status
        and loaded.billing_currency = ledger.billing_currency
where loaded.fully_loaded_cost is distinct from ledger.effective_cost
union all
select
    coalesce(in_marts.scope, moved.scope),
    coalesce(in_marts.billing_currency, moved.billing_currency),
    abs(coalesce(in_marts.transferred_cost, 0) - coalesce(moved.transferred_cost, 0))
from in_marts
full outer join moved on in_marts.scope = moved.scope and in_marts.billing_currency = moved.billing_currency
where coalesce(in_marts.transferred_cost, 0) <> coalesce(moved.transferred_cost, 0)
