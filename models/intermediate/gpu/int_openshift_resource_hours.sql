-- A pod holds what it requests, or what it uses where that is more; a GPU or slice for the seconds that the report says, shared by those
-- seconds where several pods were on it. Impossible rows hold nothing and are counted (quality.telemetry_checks_daily).
with usage as (

    select * from {{ ref('stg_openshift__pod_usage') }}
    where failed_check is null

),

pods as (

    select
        usage_date, feed, namespace, pod_name, node_name,
        max(resource_id) as resource_id,
        {%- for label in ['team', 'app', 'model', 'environment', 'mlflow_run_id', 'workload_type'] %}
        max(label_{{ label }}) as label_{{ label }}{{ ',' if not loop.last }}
        {%- endfor %}
    from usage
    group by usage_date, feed, namespace, pod_name, node_name

),

gpus as (

    select
        *,
        -- pods that share a GPU or slice by time hold it together and no second one (pitfall G5)
        held_seconds * least(1, 3600.0 / nullif(sum(held_seconds) over (
            partition by usage_date, interval_started_at, gpu_uuid, mig_instance_id
        ), 0)) as unit_seconds
    from {{ ref('stg_openshift__gpu_usage') }}
    where failed_check is null

),

gpu_usage as (

    select
        gpus.usage_date,
        gpus.interval_started_at,
        gpus.namespace,
        gpus.pod_name,
        gpus.node_name,
        coalesce(pods.resource_id, gpus.node_name) as resource_id,
        gpus.mig_profile,
        sum({{ floor_quantity(
            "case when gpus.mig_profile = '' then 1 else coalesce(shares.gpu_share, usual.gpu_share) end * gpus.unit_seconds / 3600"
        ) }}) as claimed_quantity,
        {%- for label in ['team', 'app', 'model', 'environment', 'mlflow_run_id', 'workload_type'] %}
        max(pods.label_{{ label }}) as label_{{ label }}{{ ',' if not loop.last }}
        {%- endfor %}
    from gpus
    left join pods
        on
            gpus.usage_date = pods.usage_date
            and gpus.feed = pods.feed
            and gpus.namespace = pods.namespace
            and gpus.pod_name = pods.pod_name
            and gpus.node_name = pods.node_name
    left join {{ ref('accelerator_names') }} as names on gpus.gpu_model = names.device_name
    left join {{ ref('int_mig_shares') }} as shares
        on gpus.mig_profile = shares.mig_profile and names.accelerator_type = shares.accelerator_type
    left join {{ ref('int_mig_shares') }} as usual on gpus.mig_profile = usual.mig_profile and usual.accelerator_type = '*'
    group by
        gpus.usage_date, gpus.interval_started_at, gpus.namespace, gpus.pod_name, gpus.node_name,
        coalesce(pods.resource_id, gpus.node_name), gpus.mig_profile

),

claims as (

    {%- for kind, requested, used in [
        ('cpu', 'requested_core_hours', 'used_core_hours'), ('memory', 'requested_gib_hours', 'used_gib_hours')
    ] %}

    select
        usage_date,
        interval_started_at as usage_hour,
        namespace || '/' || pod_name as workload_id,
        namespace,
        pod_name,
        node_name,
        resource_id,
        '{{ kind }}' as resource_kind,
        '' as mig_profile,
        greatest(coalesce({{ requested }}, 0), coalesce({{ used }}, 0)) as claimed_quantity,
        {{ used }} as used_quantity,
        label_team, label_app, label_model, label_environment, label_mlflow_run_id, label_workload_type
    from usage

    union all
    {%- endfor %}

    select
        usage_date,
        interval_started_at as usage_hour,
        namespace || '/' || pod_name as workload_id,
        namespace,
        pod_name,
        node_name,
        resource_id,
        'gpu' as resource_kind,
        mig_profile,
        claimed_quantity,
        cast(null as decimal(38, 9)) as used_quantity,
        label_team, label_app, label_model, label_environment, label_mlflow_run_id, label_workload_type
    from gpu_usage

)

-- The report names the machine as AWS bills it. On other clouds, and where it names none, the declared map says which machine a node is.
select
    claims.usage_date,
    claims.usage_hour,
    claims.workload_id,
    claims.namespace,
    claims.pod_name,
    claims.node_name,
    coalesce(machines.resource_id, claims.resource_id) as resource_id,
    claims.resource_kind,
    claims.mig_profile,
    claims.claimed_quantity,
    claims.used_quantity,
    claims.label_team,
    claims.label_app,
    claims.label_model,
    claims.label_environment,
    claims.label_mlflow_run_id,
    claims.label_workload_type
from claims
left join {{ ref('stg_reference__machines') }} as machines
    on
        {{ short_host('claims.node_name') }} = machines.host
        and claims.usage_date >= machines.valid_from
        and claims.usage_date < machines.valid_to
