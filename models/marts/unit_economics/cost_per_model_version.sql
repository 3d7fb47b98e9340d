{%- set purposes = {'train': 'training', 'fine_tune': 'fine_tuning', 'evaluate': 'evaluation', 'prepare_data': 'data_preparation'} -%}
-- What a model that we train cost until now, from its data to its service. The declared map says which version a served name is; else a
-- model is served under its id, and its version is known where that is `model@version`.
with runs as (

    select * from {{ ref('cost_per_training_run') }}
    where model_id is not null

),

trained as (

    select distinct model_id from runs

),

inference as (

    select * from {{ ref('cost_per_model_daily') }}
    where purpose = 'inference'

),

-- On a day on which deployments serve two versions under one name, the model is known and the version is not.
declared as (

    select
        names.usage_date,
        names.model_id as served_model_id,
        min(map.trained_model_id) as model_id,
        case when count(distinct coalesce(map.trained_version, '')) = 1 then min(map.trained_version) end as model_version
    from (select distinct usage_date, model_id from inference) as names
    inner join {{ ref('int_served_versions') }} as map
        on names.model_id = map.model_id and names.usage_date >= map.valid_from and names.usage_date < map.valid_to
    group by names.usage_date, names.model_id
    having count(distinct map.trained_model_id) = 1

),

served as (

    select
        coalesce(declared.model_id, trained.model_id) as model_id,
        case
            when declared.model_id is not null then declared.model_version
            when daily.model_id <> trained.model_id then substr(daily.model_id, length(trained.model_id) + 2)
        end as model_version,
        daily.model_id as served_model_id,
        daily.billing_currency,
        daily.cost_status,
        daily.usage_date,
        daily.net_unit_cost,
        daily.transferred_cost
    from inference as daily
    left join declared on daily.usage_date = declared.usage_date and daily.model_id = declared.served_model_id
    left join trained
        on
            declared.model_id is null
            and (
                daily.model_id = trained.model_id
                or substr(daily.model_id, 1, length(trained.model_id) + 1) = trained.model_id || '@'
            )
    where coalesce(declared.model_id, trained.model_id) is not null

),

parts as (

    select
        model_id, model_version, billing_currency, cost_status, run_purpose as purpose,
        cast(started_at as date) as first_date, cast(ended_at as date) as last_date,
        net_unit_cost, transferred_cost
    from runs
    union all
    select
        model_id, model_version, billing_currency, cost_status, 'serve' as purpose,
        usage_date as first_date, usage_date as last_date, net_unit_cost, transferred_cost
    from served

),

-- of its runs, and of the machines that serve it
held as (

    select distinct training_run_id, deployment_id, model_id, billing_currency, accelerator_type
    from {{ ref('fct_cost_allocation') }}
    where accelerator_type is not null and (training_run_id is not null or deployment_id is not null)

),

held_for as (

    select runs.model_id, runs.model_version, held.billing_currency, held.accelerator_type
    from held
    inner join runs on held.training_run_id = runs.training_run_id and held.billing_currency = runs.billing_currency
    union all
    select served.model_id, served.model_version, held.billing_currency, held.accelerator_type
    from held
    inner join (select distinct model_id, model_version, served_model_id from served) as served
        on held.model_id = served.served_model_id
    where held.training_run_id is null

),

accelerators as (

    select
        model_id,
        coalesce(model_version, 'none') as model_version,
        billing_currency,
        {{ listed('accelerator_type') }} as accelerator_types
    from held_for
    group by model_id, coalesce(model_version, 'none'), billing_currency

),

versions as (

    select
        model_id,
        coalesce(model_version, 'none') as model_version,
        billing_currency,
        case max(case cost_status when 'estimated' then 3 when 'billed_open' then 2 else 1 end)
            when 3 then 'estimated' when 2 then 'billed_open' else 'billed_closed'
        end as cost_status,
        cast(count(case when purpose <> 'serve' then 1 end) as bigint) as runs,
        cast(count(case when purpose <> 'serve' and net_unit_cost is null then 1 end) as bigint) as runs_without_cost,
        min(case when purpose <> 'serve' then first_date end) as first_run_date,
        min(case when purpose = 'serve' then first_date end) as first_served_date,
        max(last_date) as last_date,
        {%- for purpose, name in purposes.items() %}
        cast(coalesce(sum(case when purpose = '{{ purpose }}' then net_unit_cost end), 0) as decimal(38, 12)) as {{ name }}_cost,
        {%- endfor %}
        cast(coalesce(sum(case when purpose = 'serve' then net_unit_cost end), 0) as decimal(38, 12)) as serving_cost,
        cast(coalesce(sum(net_unit_cost), 0) as decimal(38, 12)) as net_unit_cost,
        cast(coalesce(sum(transferred_cost), 0) as decimal(38, 12)) as transferred_cost
    from parts
    group by model_id, coalesce(model_version, 'none'), billing_currency

)

select
    versions.*,
    accelerators.accelerator_types
from versions
left join accelerators
    on
        versions.model_id = accelerators.model_id
        and versions.model_version = accelerators.model_version
        and versions.billing_currency = accelerators.billing_currency
