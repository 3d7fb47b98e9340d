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

-- each volume of a cluster on the days on which the cluster speaks of it or it costs
volume_days as (

    select
        coalesce(seen.resource_id, costs.resource_id) as resource_id,
        coalesce(seen.usage_date, costs.usage_date) as usage_date,
        seen.feed,
        seen.is_mounted
    from {{ ref('int_volume_days') }} as seen
    full outer join (select distinct resource_id, usage_date from storage where dataset_id is null) as costs
        on seen.resource_id = costs.resource_id and seen.usage_date = costs.usage_date

),

-- what was known of it by the day; one that its cluster has forgotten costs on
volume_histories as (

    select
        resource_id,
        usage_date,
        max(feed) over (partition by resource_id order by usage_date) as feed,
        min(case when feed is not null then usage_date end) over (partition by resource_id order by usage_date) as first_seen_date,
        max(case when feed is not null then usage_date end) over (partition by resource_id order by usage_date) as last_seen_date,
        max(case when is_mounted then usage_date end) over (partition by resource_id order by usage_date) as last_mounted_date
    from volume_days

),

-- of days on which a silent cluster could not have said that somebody mounts it, nothing is concluded
volumes as (

    select histories.*
    from volume_histories as histories
    inner join (select distinct feed, usage_date from {{ ref('int_volume_days') }}) as heard
        on histories.feed = heard.feed and histories.usage_date = heard.usage_date

),

claim_owners as (

    select resource_id, usage_date, max(team_id) as team_id from storage
    group by resource_id, usage_date

),

volume_storage as (

    select
        storage.*,
        runs.training_run_id as named_run_id,
        runs.team_hint,
        cast(runs.ended_at as date) as run_end_date,
        volumes.first_seen_date,
        volumes.last_mounted_date,
        claim_owners.team_id as claim_team_id,
        -- a volume is in use while its run lasts, and while a pod mounts it
        case
            when runs.training_run_id is not null and runs.ended_at is null then storage.usage_date
            when volumes.first_seen_date is null then cast(runs.ended_at as date)
            else greatest(
                coalesce(volumes.last_mounted_date, volumes.first_seen_date),
                coalesce(cast(runs.ended_at as date), volumes.first_seen_date)
            )
        end as last_use_date
    from storage
    left join runs on storage.training_run_id = runs.training_run_id
    left join volumes on storage.resource_id = volumes.resource_id and storage.usage_date = volumes.usage_date
    left join claim_owners
        on volumes.resource_id = claim_owners.resource_id and volumes.last_seen_date = claim_owners.usage_date
    where storage.dataset_id is null

),

orphans as (

    select
        'orphaned_volume' as waste_kind,
        stored.resource_id,
        stored.service_provider_name,
        -- whose run it was, else whose claim; the bill only knows the account
        coalesce(stored.team_hint, stored.claim_team_id, stored.team_id) as team_id,
        stored.billing_currency,
        stored.cost_status,
        stored.usage_date,
        cast(null as {{ dbt.type_string() }}) as accelerator_type,
        stored.effective_cost as wasted_cost,
        case
            when stored.last_use_date = stored.run_end_date
                then 'made for run ' || stored.named_run_id || ', which ended ' || cast(stored.run_end_date as {{ dbt.type_string() }})
            when stored.last_mounted_date is not null
                then 'last mounted by a pod ' || cast(stored.last_mounted_date as {{ dbt.type_string() }})
            else 'mounted by no pod since ' || cast(stored.first_seen_date as {{ dbt.type_string() }})
        end as evidence
    from volume_storage as stored
    cross join limits
    where {{ seconds_between('stored.last_use_date', 'stored.usage_date') }} >= limits.orphaned_volume_days * 86400
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
