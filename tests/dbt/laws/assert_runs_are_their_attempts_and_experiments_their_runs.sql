{{ config(meta={'dagster': {'ref': {'name': 'cost_per_training_run'}}}) }}
-- Law 3. A run costs what its attempts held, hour by hour, and what names the run itself (storage, transfer, a job without
-- telemetry); its parts by resource are the whole; an experiment costs what its runs do. Children of a sweep count once. Versions of a
-- model cost what its runs do, whatever their purpose, and each version the sum of its purposes.
with held as (
    select training_run_id, billing_currency, sum(effective_cost) as effective_cost
    from {{ ref('int_holder_costs_hourly') }}
    where attempt_id is not null
    group by training_run_id, billing_currency
),

named as (
    select training_run_id, billing_currency, sum(effective_cost) as effective_cost
    from {{ ref('fct_cost_allocation') }}
    where training_run_id is not null and attempt_id is null
    group by training_run_id, billing_currency
),

parts as (
    select training_run_id, billing_currency, sum(effective_cost) as effective_cost
    from (select * from held union all select * from named) as both_parts
    group by training_run_id, billing_currency
),

runs as (
    select training_run_id as id, billing_currency, direct_cost, compute_cost + storage_cost + network_cost + other_cost as sum_of_kinds
    from {{ ref('cost_per_training_run') }}
    where direct_cost is not null
),

experiments as (
    select experiment_id, billing_currency, direct_cost from {{ ref('cost_per_experiment') }}
    where direct_cost is not null
),

of_runs as (
    select coalesce(runs.experiment_id, 'none') as experiment_id, ledger.billing_currency, sum(ledger.effective_cost) as direct_cost
    from {{ ref('fct_cost_allocation') }} as ledger
    left join {{ ref('fct_training_runs') }} as runs on ledger.training_run_id = runs.training_run_id
    where ledger.training_run_id is not null
    group by coalesce(runs.experiment_id, 'none'), ledger.billing_currency
),

versions as (
    select
        model_id,
        billing_currency,
        sum(training_cost + fine_tuning_cost + evaluation_cost + data_preparation_cost) as of_purposes,
        sum(net_unit_cost - serving_cost) as net_unit_cost
    from {{ ref('cost_per_model_version') }}
    group by model_id, billing_currency
),

of_models as (
    select model_id, billing_currency, sum(coalesce(net_unit_cost, 0)) as net_unit_cost
    from {{ ref('cost_per_training_run') }}
    where model_id is not null
    group by model_id, billing_currency
)

select 'run' as scope, coalesce(runs.id, parts.training_run_id) as id, runs.direct_cost as found, parts.effective_cost as expected
from runs
full outer join parts on runs.id = parts.training_run_id and runs.billing_currency = parts.billing_currency
where runs.direct_cost is distinct from parts.effective_cost or runs.direct_cost is distinct from runs.sum_of_kinds
union all
select
    'experiment' as scope, coalesce(experiments.experiment_id, of_runs.experiment_id) as id, experiments.direct_cost as found,
    of_runs.direct_cost as expected
from experiments
full outer join of_runs
    on experiments.experiment_id = of_runs.experiment_id and experiments.billing_currency = of_runs.billing_currency
where experiments.direct_cost is distinct from of_runs.direct_cost
union all
select
    'model' as scope, coalesce(versions.model_id, of_models.model_id) as id, versions.of_purposes as found,
    of_models.net_unit_cost as expected
from versions
full outer join of_models on versions.model_id = of_models.model_id and versions.billing_currency = of_models.billing_currency
where
    coalesce(versions.of_purposes, 0) <> coalesce(of_models.net_unit_cost, 0)
    or versions.of_purposes <> versions.net_unit_cost
