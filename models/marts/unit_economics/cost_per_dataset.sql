-- Where a dataset lies and what made it. A run that reads it carries none of this: it is one cost for all who read.
with charged as (

    select
        dataset_id,
        billing_currency,
        cost_status,
        case resource_kind when 'storage' then 'storage' when 'network' then 'network' else 'preparation' end as purpose,
        min(usage_date) as first_date,
        max(usage_date) as last_date,
        max(team_id) as team_id,
        sum(effective_cost) as effective_cost
    from {{ ref('fct_cost_allocation') }}
    where dataset_id is not null and training_run_id is null and cost_component = 'net_unit_cost'
    group by
        dataset_id, billing_currency, cost_status,
        case resource_kind when 'storage' then 'storage' when 'network' then 'network' else 'preparation' end

),

prepared as (

    select
        runs.produced_dataset_id as dataset_id,
        costs.billing_currency,
        costs.cost_status,
        'preparation' as purpose,
        cast(costs.started_at as date) as first_date,
        cast(costs.ended_at as date) as last_date,
        costs.team_id,
        costs.net_unit_cost as effective_cost
    from {{ ref('cost_per_training_run') }} as costs
    inner join {{ ref('fct_training_runs') }} as runs on costs.training_run_id = runs.training_run_id
    where runs.produced_dataset_id is not null

),

parts as (

    select * from charged
    union all
    select * from prepared

),

costs as (

    select
        dataset_id,
        billing_currency,
        case max(case cost_status when 'estimated' then 3 when 'billed_open' then 2 else 1 end)
            when 3 then 'estimated' when 2 then 'billed_open' else 'billed_closed'
        end as cost_status,
        {{ listed('team_id') }} as team_ids,
        min(first_date) as first_cost_date,
        max(last_date) as last_cost_date,
        {%- for purpose in ['storage', 'network', 'preparation'] %}
        cast(coalesce(sum(case when purpose = '{{ purpose }}' then effective_cost end), 0) as decimal(38, 12)) as {{ purpose }}_cost,
        {%- endfor %}
        cast(coalesce(sum(effective_cost), 0) as decimal(38, 12)) as net_unit_cost
    from parts
    group by dataset_id, billing_currency

),

-- what runs that write it, and other charges that name it, computed on
accelerators as (

    select
        coalesce(ledger.dataset_id, runs.produced_dataset_id) as dataset_id,
        ledger.billing_currency,
        {{ listed('ledger.accelerator_type') }} as accelerator_types
    from {{ ref('fct_cost_allocation') }} as ledger
    left join {{ ref('fct_training_runs') }} as runs on ledger.training_run_id = runs.training_run_id
    where ledger.accelerator_type is not null and coalesce(ledger.dataset_id, runs.produced_dataset_id) is not null
    group by coalesce(ledger.dataset_id, runs.produced_dataset_id), ledger.billing_currency

),

readers as (

    select
        data_read.dataset_name as dataset_id,
        cast(count(distinct data_read.run_id) as bigint) as runs_reading,
        cast(count(distinct data_read.dataset_digest) as bigint) as versions_read,
        cast(max(coalesce(runs.ended_at, {{ as_of() }})) as date) as last_read_date
    from {{ ref('int_run_datasets') }} as data_read
    inner join {{ ref('fct_training_runs') }} as runs on data_read.run_id = runs.training_run_id
    group by data_read.dataset_name

),

datasets as (

    select dataset_id from costs
    union
    select dataset_id from readers

)

select
    datasets.dataset_id,
    coalesce(costs.billing_currency, 'XXX') as billing_currency,
    coalesce(costs.cost_status, 'estimated') as cost_status,
    costs.team_ids,
    accelerators.accelerator_types,
    costs.first_cost_date,
    costs.last_cost_date,
    costs.storage_cost,
    costs.network_cost,
    costs.preparation_cost,
    costs.net_unit_cost,
    coalesce(readers.runs_reading, 0) as runs_reading,
    coalesce(readers.versions_read, 0) as versions_read,
    readers.last_read_date
from datasets
left join costs on datasets.dataset_id = costs.dataset_id
left join accelerators on costs.dataset_id = accelerators.dataset_id and costs.billing_currency = accelerators.billing_currency
left join readers on datasets.dataset_id = readers.dataset_id
