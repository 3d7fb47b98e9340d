{{ config(
    materialized='incremental', incremental_strategy='replace_days',
    meta={'replace_by': 'usage_date', 'days_from': 'int_kube_observations', 'days_filed_by': 'sample_date'}
) }}
{#- Start and completion times repeat in each sample, so a day is right from its own samples. -#}

with samples as (

    select * from {{ ref('int_kube_observations') }}
    where {{ in_dirty_days('usage_date') }} and {{ in_dirty_days_or_before('sample_date') }}

),

-- the last scrape of the day: what is still there then is still running. A day of which only
-- its first and last instants have come (look-back, stroke of midnight) was not observed.
scrapes as (

    select
        feed,
        usage_date,
        max(observed_at) as last_observed_at
    from samples
    group by feed, usage_date
    having max(case when sample_date = usage_date and cast(observed_at as date) = usage_date then 1 else 0 end) = 1

),

pods as (

    select
        usage_date,
        pod_uid,
        max(feed) as feed,
        max(namespace) as namespace,
        max(pod_name) as pod_name,
        max(node_name) as node_name,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        max(case when metric = 'kube_pod_start_time' then value_at end) as start_gauge_at,
        min(case when metric in ('kube_pod_completion_time', 'kube_pod_deletion_timestamp') then value_at end) as completed_at,
        max(case when metric = 'kube_pod_status_phase' and value = 1 then observed_at end) as last_phase_at,
        max(case when phase in ('Pending', 'Running', 'Unknown') and value = 1 then observed_at end) as last_alive_at,
        max(case when phase = 'Failed' and value = 1 then 1 else 0 end) as has_failed,
        max(case when phase = 'Succeeded' and value = 1 then 1 else 0 end) as has_succeeded,
        max(case when metric = 'kube_pod_status_reason' and value = 1 then reason end) as reason,
        -- a Deployment owns its pods through a ReplicaSet that is called after it; a Job's or a daemon's pods serve nobody
        max(case
            when owner_kind = 'ReplicaSet' then regexp_replace(owner_name, '-[bcdfghjklmnpqrstvwxz2456789]{6,10}$', '')
            when owner_kind in ('StatefulSet', 'LeaderWorkerSet') then owner_name
        end) as owner_deployment_id,
        max(label_team) as label_team,
        max(label_app) as label_app,
        max(label_model) as label_model,
        max(label_environment) as label_environment,
        max(label_mlflow_run_id) as label_mlflow_run_id,
        max(label_workload_type) as label_workload_type
    from samples
    where metric like 'kube_pod_%' and pod_uid is not null
    group by usage_date, pod_uid

),

bounded as (

    select
        pods.*,
        cast(pods.usage_date as timestamp) as day_start,
        least(
            cast(pods.usage_date as timestamp) + interval 1 day, {{ as_of() }}
        ) as day_end,
        -- notebooks have owners of the same kinds
        pods.label_model is not null and pods.label_mlflow_run_id is null and coalesce(pods.label_workload_type, 'serving') = 'serving'
            as may_serve,
        coalesce(pods.start_gauge_at, pods.first_observed_at) as started_at,
        case
            when pods.completed_at is not null then pods.completed_at
            -- evicted pods stay listed as Failed and have no completion time
            when pods.last_alive_at is null and pods.last_phase_at is not null then pods.first_observed_at
            when pods.last_alive_at < pods.last_phase_at then pods.last_alive_at
            when pods.last_observed_at < scrapes.last_observed_at then pods.last_observed_at
        end as ended_at
    from pods
    inner join scrapes on pods.feed = scrapes.feed and pods.usage_date = scrapes.usage_date

),

-- The deployment that the declared map puts a pod into. A test sees to it that no two deployments choose the same pods.
mapped as (

    select
        bounded.usage_date,
        bounded.pod_uid,
        min(map.deployment_id) as deployment_id
    from bounded
    inner join {{ ref('stg_reference__serving_map') }} as map
        on
            bounded.usage_date >= map.valid_from
            and bounded.usage_date < map.valid_to
            and map.namespace in ('', bounded.namespace)
            and map.pod_app in ('', bounded.label_app)
            and (map.pod_name = '' or bounded.pod_name like replace(map.pod_name, '*', '%'))
    where map.pod_app <> '' or map.pod_name <> ''
    group by bounded.usage_date, bounded.pod_uid

)

select
    bounded.usage_date,
    bounded.pod_uid,
    bounded.feed,
    bounded.namespace,
    bounded.pod_name,
    bounded.node_name,
    coalesce(mapped.deployment_id, bounded.label_app, case when bounded.may_serve then bounded.owner_deployment_id end) as deployment_id,
    case
        when mapped.deployment_id is not null then 'serving_map'
        when bounded.label_app is not null then 'pod_label'
        when bounded.may_serve and bounded.owner_deployment_id is not null then 'pod_owner'
    end as deployment_rule,
    bounded.started_at,
    bounded.ended_at,
    greatest(bounded.started_at, bounded.day_start) as held_from,
    greatest(
        least(coalesce(bounded.ended_at, bounded.day_end), bounded.day_end), greatest(bounded.started_at, bounded.day_start)
    ) as held_until,
    case
        when bounded.has_failed = 1 then 'Failed'
        when bounded.has_succeeded = 1 then 'Succeeded'
        when bounded.ended_at is not null then 'Gone'
        else 'Running'
    end as phase,
    bounded.reason,
    bounded.label_team,
    bounded.label_app,
    bounded.label_model,
    bounded.label_environment,
    bounded.label_mlflow_run_id,
    bounded.label_workload_type
from bounded
left join mapped on bounded.usage_date = mapped.usage_date and bounded.pod_uid = mapped.pod_uid
where bounded.node_name is not null
