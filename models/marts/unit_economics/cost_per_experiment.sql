-- Each run once: a parent has no cost of its children.
with runs as (

    select * from {{ ref('cost_per_training_run') }}

),

accelerators as (

    select
        coalesce(runs.experiment_id, 'none') as experiment_id,
        runs.billing_currency,
        {{ listed('ledger.accelerator_type') }} as accelerator_types
    from {{ ref('fct_cost_allocation') }} as ledger
    inner join runs on ledger.training_run_id = runs.training_run_id and ledger.billing_currency = runs.billing_currency
    where ledger.accelerator_type is not null
    group by coalesce(runs.experiment_id, 'none'), runs.billing_currency

),

experiments as (

    select
        coalesce(experiment_id, 'none') as experiment_id,
        billing_currency,
        case max(case cost_status when 'estimated' then 3 when 'billed_open' then 2 else 1 end)
            when 3 then 'estimated' when 2 then 'billed_open' else 'billed_closed'
        end as cost_status,
        {{ listed('team_id') }} as team_ids,
        {{ listed('model_id') }} as model_ids,
        min(started_at) as first_started_at,
        max(ended_at) as last_ended_at,
        cast(count(*) as bigint) as runs,
        cast(count(case when net_unit_cost is null then 1 end) as bigint) as runs_without_cost,
        cast(count(distinct sweep_id) as bigint) as sweeps,
        cast(sum(attempts) as bigint) as attempts,
        cast(sum(unsuccessful_attempts) as bigint) as unsuccessful_attempts,
        cast(sum(gpu_hours) as decimal(38, 9)) as gpu_hours,
        {%- for column in [
            'net_unit_cost', 'unused_commitment_cost', 'credits_cost', 'tax_cost', 'fees_cost', 'total_cost', 'direct_cost', 'transferred_cost',
            'fully_loaded_cost', 'compute_cost', 'storage_cost', 'network_cost', 'other_cost', 'lost_cost',
        ] %}
        cast(sum({{ column }}) as decimal(38, 12)) as {{ column }},
        {%- endfor %}
        cast(sum(case when repeats_run_id is not null then direct_cost else 0 end) as decimal(38, 12)) as redundant_cost
    from runs
    group by coalesce(experiment_id, 'none'), billing_currency

)

select
    experiments.*,
    accelerators.accelerator_types
from experiments
left join accelerators
    on experiments.experiment_id = accelerators.experiment_id and experiments.billing_currency = accelerators.billing_currency
