-- One row for what stands idle and whose it is, over all days on which it did.
with limits as (

    select
        max(case when threshold_name = 'orphaned_volume_days' then threshold end) as orphaned_volume_days,
        max(case when threshold_name = 'orphaned_dataset_days' then threshold end) as orphaned_dataset_days
    from {{ ref('usage_thresholds') }}

),

runs as (

    select training_run_id, team_hint, started_at, ended_at from {{ ref('fct_training_runs') }}

),

read_by as (

    select
        data_read.dataset_name,
        runs.training_run_id,
        cast(runs.started_at as date) as first_read_date,
        cast(coalesce(runs.ended_at, {{ as_of() }}) as date) as last_read_date
    from {{ ref('int_run_datasets') }} as data_read
    inner join runs on data_read.run_id = runs.training_run_id

),

storage as (

    select * from {{ ref('int_storage_costs_daily') }}

),

-- when each dataset was last read, as seen on each day that it costs
dataset_days as (

    select
        storage.dataset_id,
        storage.usage_date,
        -- least() passes over NULL, which would make what nobody reads read every day
        max(case when read_by.last_read_date < storage.usage_date then read_by.last_read_date
            when read_by.last_read_date is not null then storage.usage_date end) as last_read_date
    from (select distinct dataset_id, usage_date from storage where dataset_id is not null) as storage
    left join read_by
        on storage.dataset_id = read_by.dataset_name and storage.usage_date >= read_by.first_read_date
    group by storage.dataset_id, storage.usage_date

),

first_days as (

    select dataset_id, min(usage_date) as first_date from storage
    group by dataset_id

),

orphans as (

    select
        'orphaned_volume' as waste_kind,
        storage.resource_id,
        storage.service_provider_name,
        -- whose run it was; the bill only knows the account
        coalesce(runs.team_hint, storage.team_id) as team_id,
        storage.billing_currency,
        storage.cost_status,
        storage.usage_date,
        cast(null as {{ dbt.type_string() }}) as accelerator_type,
        storage.effective_cost as wasted_cost,
        'made for run ' || runs.training_run_id || ', which ended ' || cast(cast(runs.ended_at as date) as {{ dbt.type_string() }})
            as evidence
    from storage
    inner join runs on storage.training_run_id = runs.training_run_id
    cross join limits
    where storage.dataset_id is null
        and {{ seconds_between('cast(runs.ended_at as date)', 'storage.usage_date') }} >= limits.orphaned_volume_days * 86400
    union all
    select
        'orphaned_dataset',
        storage.dataset_id,
        storage.service_provider_name,
        storage.team_id,
        storage.billing_currency,
        storage.cost_status,
        storage.usage_date,
        null,
        storage.effective_cost,
        coalesce(
            'last read ' || cast(dataset_days.last_read_date as {{ dbt.type_string() }}),
            'never read since ' || cast(first_days.first_date as {{ dbt.type_string() }})
        )
    from storage
    inner join dataset_days on storage.dataset_id = dataset_days.dataset_id and storage.usage_date = dataset_days.usage_date
    inner join first_days on storage.dataset_id = first_days.dataset_id
    cross join limits
    where {{ seconds_between('coalesce(dataset_days.last_read_date, first_days.first_date)', 'storage.usage_date') }}
        >= limits.orphaned_dataset_days * 86400

),

deployments as (

    select
        waste.waste_kind,
        waste.deployment_id as resource_id,
        waste.service_provider_name,
        waste.team_id,
        waste.billing_currency,
        waste.cost_status,
        waste.usage_date,
        waste.accelerator_type,
        waste.wasted_cost,
        'no request in ' || cast(waste.hours as {{ dbt.type_string() }}) || ' hours of the day'
        || coalesce(', up to ' || cast(waste.longest_streak_hours as {{ dbt.type_string() }}) || ' in a row', '') as evidence
    from {{ ref('int_waste_daily') }} as waste
    inner join {{ ref('waste_kinds') }} as kinds on waste.waste_kind = kinds.waste_kind and kinds.mart = 'idle_resources'

),

daily as (

    select * from orphans
    union all
    select * from deployments

)

select
    waste_kind,
    resource_id,
    coalesce(team_id, 'none') as team_id,
    billing_currency,
    cost_status,
    max(service_provider_name) as service_provider_name,
    {{ listed('accelerator_type') }} as accelerator_types,
    min(usage_date) as first_idle_date,
    max(usage_date) as last_idle_date,
    cast(count(distinct usage_date) as bigint) as idle_days,
    cast(sum(wasted_cost) as decimal(38, 12)) as wasted_cost,
    -- of the newest day
    max_by(evidence, cast(usage_date as {{ dbt.type_string() }}) || evidence) as evidence
from daily
group by waste_kind, resource_id, coalesce(team_id, 'none'), billing_currency, cost_status
