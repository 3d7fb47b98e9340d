{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- What clusters say of their volumes: whose claim each is bound to, and whether a pod that ran mounted it. A claim's pods are listed for as
-- long as they exist, so a finished one does not count. A volume keeps the name of its last claim when that is deleted.
with reported as (

    select usage_date, feed, volume_handle, claim_namespace, claim_name, pod_name, label_team
    from {{ ref('stg_openshift__storage_usage') }}
    where {{ in_dirty_days('usage_date') }}

),

samples as (

    select * from {{ ref('stg_kube_state_metrics__samples') }}
    where
        {{ in_dirty_days('sample_date') }}
        and metric in (
            'kube_persistentvolume_info', 'kube_persistentvolume_claim_ref', 'kube_persistentvolumeclaim_labels',
            'kube_pod_spec_volumes_persistentvolumeclaims_info'
        )

),

volumes as (

    select
        sample_date,
        feed,
        volume_name,
        max(volume_handle) as volume_handle,
        max(case when metric = 'kube_persistentvolume_claim_ref' then claim_namespace end) as claim_namespace,
        max(case when metric = 'kube_persistentvolume_claim_ref' then claim_name end) as claim_name
    from samples
    where volume_name is not null
    group by sample_date, feed, volume_name

),

claims as (

    select sample_date, feed, claim_namespace, claim_name, max(label_team) as label_team
    from samples
    where metric = 'kube_persistentvolumeclaim_labels'
    group by sample_date, feed, claim_namespace, claim_name

),

mounts as (

    select
        samples.sample_date,
        samples.feed,
        samples.claim_namespace,
        samples.claim_name,
        max(pods.pod_name) as pod_name
    from samples
    inner join {{ ref('int_pods') }} as pods
        on
            samples.sample_date = pods.usage_date
            and samples.feed = pods.feed
            and samples.namespace = pods.namespace
            and samples.pod_name = pods.pod_name
            and pods.held_until > pods.held_from
    where samples.metric = 'kube_pod_spec_volumes_persistentvolumeclaims_info'
    group by samples.sample_date, samples.feed, samples.claim_namespace, samples.claim_name

),

observed as (

    select
        volumes.sample_date as usage_date,
        volumes.feed,
        volumes.volume_handle,
        volumes.claim_namespace,
        volumes.claim_name,
        mounts.pod_name,
        claims.label_team
    from volumes
    left join claims
        on
            volumes.sample_date = claims.sample_date
            and volumes.feed = claims.feed
            and volumes.claim_namespace = claims.claim_namespace
            and volumes.claim_name = claims.claim_name
    left join mounts
        on
            volumes.sample_date = mounts.sample_date
            and volumes.feed = mounts.feed
            and volumes.claim_namespace = mounts.claim_namespace
            and volumes.claim_name = mounts.claim_name
    where volumes.volume_handle is not null

),

seen as (

    select usage_date, feed, volume_handle, claim_namespace, claim_name, pod_name, label_team from reported
    union all
    select usage_date, feed, volume_handle, claim_namespace, claim_name, pod_name, label_team from observed

),

named as (

    select
        seen.*,
        {{ provider_resource_id('volume_handle') }} as resource_id
    from seen

),

-- one claim a day where several had it one after the other: that of a pod before one of none
ranked as (

    select
        *,
        max(case when pod_name is not null then 1 else 0 end) over (partition by usage_date, resource_id) as is_mounted,
        row_number() over (
            partition by usage_date, resource_id
            order by pod_name is null, claim_name is null, feed, claim_namespace, claim_name, label_team
        ) as preference
    from named

)

select
    usage_date,
    resource_id,
    feed,
    claim_namespace,
    claim_name,
    label_team,
    is_mounted = 1 as is_mounted
from ranked
where preference = 1 and resource_id is not null
