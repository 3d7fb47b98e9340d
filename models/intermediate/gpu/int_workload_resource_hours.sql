{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}
{#- Who held how much of a node in an hour. A holder that claims more GPUs than its nodes have cannot be: it holds none of them and is
    counted (quality.telemetry_checks_daily). Claims that are possible one by one and together more than the node has are scaled
    down and flagged, never cut silently (pitfall G8); so held + stranded <= capacity, and the rest was free. Cores and memory of a
    holder of GPUs serve those GPUs, so they count as productive in the same measure. -#}

with activity as (

    select * from {{ ref('int_holder_activity_hourly') }}
    where {{ in_dirty_days('usage_date') }}
        and coalesce(pod_name, hpc_job) is not null

),

-- What is said of a node's devices without a holder (nvidia-smi, node metrics).
node_activity as (

    select * from {{ ref('int_holder_activity_hourly') }}
    where {{ in_dirty_days('usage_date') }}
        and coalesce(pod_name, hpc_job) is null

),

pod_claims as (

    select
        claims.usage_date,
        claims.usage_hour,
        claims.resource_id,
        claims.pod_uid as workload_id,
        'pod' as workload_kind,
        claims.resource_kind,
        claims.mig_profile,
        claims.claimed_quantity,
        claims.claimed_units,
        activity.activity_signal,
        activity.activity_ratio,
        cast(null as decimal(38, 9)) as used_quantity,
        pods.namespace,
        cast(null as {{ dbt.type_string() }}) as slurm_account,
        pods.pod_name,
        coalesce(pods.label_team, runs.team_hint) as team_hint,
        pods.label_environment as environment,
        pods.deployment_id,
        coalesce(pods.label_model, runs.model_id) as model_id,
        attempts.training_run_id,
        attempts.attempt_id,
        coalesce(pods.label_workload_type, case when pods.deployment_rule = 'serving_map' then 'serving' end) as declared_type
    from {{ ref('int_pod_resource_hours') }} as claims
    inner join {{ ref('int_pods') }} as pods
        on claims.usage_date = pods.usage_date and claims.pod_uid = pods.pod_uid
    left join {{ ref('int_training_pods') }} as attempts on claims.pod_uid = attempts.pod_uid
    left join {{ ref('int_training_runs') }} as runs on attempts.training_run_id = runs.training_run_id
    left join activity
        on
            claims.usage_hour = activity.usage_hour
            and pods.namespace = activity.namespace
            and pods.pod_name = activity.pod_name
            -- a metric of a container may not name the node
            and coalesce(activity.host, claims.resource_id) in ({{ short_host('claims.node_name') }}, claims.resource_id)
    where {{ in_dirty_days('claims.usage_date') }}
        and {{ in_dirty_days('pods.usage_date') }}

),

slurm_claims as (

    select
        claims.usage_date,
        claims.usage_hour,
        claims.resource_id,
        claims.job_record_id as workload_id,
        'slurm_job' as workload_kind,
        claims.resource_kind,
        '' as mig_profile,
        claims.claimed_quantity,
        -- evenly over its nodes, as its hours are
        cast(jobs.gpu_count as decimal(38, 9)) / nullif(jobs.node_count, 0) as claimed_units,
        activity.activity_signal,
        activity.activity_ratio,
        cast(null as decimal(38, 9)) as used_quantity,
        cast(null as {{ dbt.type_string() }}) as namespace,
        jobs.slurm_account,
        cast(null as {{ dbt.type_string() }}) as pod_name,
        runs.team_hint,
        cast(null as {{ dbt.type_string() }}) as environment,
        cast(null as {{ dbt.type_string() }}) as deployment_id,
        runs.model_id,
        attempts.training_run_id,
        attempts.attempt_id,
        cast(null as {{ dbt.type_string() }}) as declared_type
    from {{ ref('int_slurm_resource_hours') }} as claims
    inner join {{ ref('stg_slurm__jobs') }} as jobs on claims.job_record_id = jobs.job_record_id
    left join {{ ref('int_training_attempts') }} as attempts
        on claims.job_record_id = attempts.attempt_id and attempts.scheduler = 'slurm'
    left join {{ ref('int_training_runs') }} as runs on attempts.training_run_id = runs.training_run_id
    left join activity
        on
            claims.usage_hour = activity.usage_hour
            and claims.job_id = activity.hpc_job
            and {{ short_host('claims.node_name') }} = activity.host
    where {{ in_dirty_days('claims.usage_date') }}

),

openshift_claims as (

    select
        claims.usage_date,
        claims.usage_hour,
        claims.resource_id,
        claims.workload_id,
        'pod' as workload_kind,
        claims.resource_kind,
        claims.mig_profile,
        claims.claimed_quantity,
        cast(null as decimal(38, 9)) as claimed_units,
        case when claims.resource_kind = 'gpu' then activity.activity_signal else 'usage' end as activity_signal,
        case when claims.resource_kind = 'gpu' then activity.activity_ratio end as activity_ratio,
        claims.used_quantity,
        claims.namespace,
        cast(null as {{ dbt.type_string() }}) as slurm_account,
        claims.pod_name,
        claims.label_team as team_hint,
        claims.label_environment as environment,
        claims.label_app as deployment_id,
        claims.label_model as model_id,
        claims.label_mlflow_run_id as training_run_id,
        cast(null as {{ dbt.type_string() }}) as attempt_id,
        claims.label_workload_type as declared_type
    from {{ ref('int_openshift_resource_hours') }} as claims
    left join activity
        on
            claims.usage_hour = activity.usage_hour
            and claims.namespace = activity.namespace
            and claims.pod_name = activity.pod_name
            and coalesce(activity.host, claims.resource_id) in ({{ short_host('claims.node_name') }}, claims.resource_id)
    where {{ in_dirty_days('claims.usage_date') }}
        and claims.claimed_quantity > 0

),

-- AWS runs the machines of a SageMaker job: the job holds them whole, and nobody measures how busy they are.
sagemaker_claims as (

    select
        claims.usage_date,
        claims.usage_hour,
        claims.resource_id,
        claims.attempt_id as workload_id,
        'sagemaker_job' as workload_kind,
        claims.resource_kind,
        '' as mig_profile,
        claims.claimed_quantity,
        cast(null as decimal(38, 9)) as claimed_units,
        cast(null as {{ dbt.type_string() }}) as activity_signal,
        cast(null as decimal(38, 9)) as activity_ratio,
        cast(null as decimal(38, 9)) as used_quantity,
        cast(null as {{ dbt.type_string() }}) as namespace,
        cast(null as {{ dbt.type_string() }}) as slurm_account,
        cast(null as {{ dbt.type_string() }}) as pod_name,
        runs.team_hint,
        cast(null as {{ dbt.type_string() }}) as environment,
        cast(null as {{ dbt.type_string() }}) as deployment_id,
        runs.model_id,
        attempts.training_run_id,
        attempts.attempt_id,
        'training' as declared_type
    from {{ ref('int_sagemaker_resource_hours') }} as claims
    left join {{ ref('int_training_attempts') }} as attempts on claims.attempt_id = attempts.attempt_id
    left join {{ ref('int_training_runs') }} as runs on attempts.training_run_id = runs.training_run_id
    where {{ in_dirty_days('claims.usage_date') }}

),

measured_claims as (

    select * from pod_claims
    union all
    select * from slurm_claims
    union all
    select * from sagemaker_claims
    union all
    select * from openshift_claims

),

-- OpenCost counts only where nothing else says who held the node that day: weights and no second meter.
opencost_claims as (

    select
        claims.usage_date,
        claims.usage_hour,
        claims.resource_id,
        claims.workload_id,
        'pod' as workload_kind,
        claims.resource_kind,
        '' as mig_profile,
        claims.claimed_quantity,
        cast(null as decimal(38, 9)) as claimed_units,
        case when claims.activity_ratio is not null then 'opencost_gpu_usage' end as activity_signal,
        case when claims.resource_kind = 'gpu' then claims.activity_ratio end as activity_ratio,
        cast(null as decimal(38, 9)) as used_quantity,
        claims.namespace,
        cast(null as {{ dbt.type_string() }}) as slurm_account,
        claims.pod_name,
        claims.label_team as team_hint,
        claims.label_environment as environment,
        claims.label_app as deployment_id,
        claims.label_model as model_id,
        claims.label_mlflow_run_id as training_run_id,
        cast(null as {{ dbt.type_string() }}) as attempt_id,
        claims.label_workload_type as declared_type
    from {{ ref('int_opencost_resource_hours') }} as claims
    left join (select distinct usage_date, resource_id from measured_claims) as known
        on claims.usage_date = known.usage_date and claims.resource_id = known.resource_id
    where {{ in_dirty_days('claims.usage_date') }}
        and known.resource_id is null

),

claims as (

    select * from measured_claims
    union all
    select * from opencost_claims

),

known_nodes as (

    select usage_date, resource_id, max(gpu_count) as gpu_count
    from {{ ref('int_nodes') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, resource_id

),

-- GPUs at a time, whatever part of the hour: what is claimed, and the most that any witness says the node has.
compared as (

    select
        claims.*,
        capacity.node_name,
        capacity.accelerator_type,
        capacity.capacity_quantity - capacity.stranded_quantity as available_quantity,
        case when claims.resource_kind = 'gpu' then coalesce(claims.claimed_units, claims.claimed_quantity) end as claimed_gpus,
        case when claims.resource_kind = 'gpu' then greatest(
            known_nodes.gpu_count, specs.gpu_count,
            case when capacity.capacity_source = 'devices' then capacity.capacity_quantity end
        ) end as node_gpus
    from claims
    left join {{ ref('int_node_capacity_hours') }} as capacity
        on
            claims.usage_hour = capacity.usage_hour
            and claims.resource_id = capacity.resource_id
            and claims.resource_kind = capacity.resource_kind
            and {{ in_dirty_days('capacity.usage_date') }}
    left join {{ ref('instance_specs') }} as specs on capacity.instance_type = specs.instance_type
    left join known_nodes on claims.usage_date = known_nodes.usage_date and claims.resource_id = known_nodes.resource_id

),

-- Over all nodes of a holder, since sacct says only what a job has of all of them. Where the GPUs of one are not known, nothing is impossible.
impossible as (

    select usage_hour, workload_id, mig_profile
    from compared
    where resource_kind = 'gpu'
    group by usage_hour, workload_id, mig_profile
    having count(node_gpus) = count(*) and sum(claimed_gpus) - sum(node_gpus) > 0.000001

),

checked as (

    select
        compared.*,
        case when impossible.workload_id is not null then 'gpu_claimed_above_node' end as failed_check
    from compared
    left join impossible
        on
            compared.resource_kind = 'gpu'
            and compared.usage_hour = impossible.usage_hour
            and compared.workload_id = impossible.workload_id
            and compared.mig_profile = impossible.mig_profile

),

claimed as (

    select
        usage_hour,
        resource_id,
        resource_kind,
        count(*) as holders,
        sum(claimed_quantity) as claimed_total
    from checked
    where failed_check is null
    group by usage_hour, resource_id, resource_kind

),

limited as (

    select
        checked.*,
        claimed.holders,
        claimed.claimed_total
    from checked
    left join claimed
        on
            checked.usage_hour = claimed.usage_hour
            and checked.resource_id = claimed.resource_id
            and checked.resource_kind = claimed.resource_kind

),

held as (

    select
        *,
        case
            when failed_check is not null then 0
            when claimed_total > available_quantity
                then {{ floor_quantity(
                    'cast(claimed_quantity as double) * cast(available_quantity as double) / cast(claimed_total as double)'
                ) }}
            else claimed_quantity
        end as held_quantity,
        coalesce(failed_check is null and claimed_total - available_quantity > 0.000001, false) as is_over_capacity,
        -- who alone holds a whole node is who its devices are busy for
        failed_check is null and holders = 1 and resource_kind = 'gpu' and mig_profile = '' and claimed_total >= available_quantity as is_sole_holder
    from limited

),

measured as (

    select
        held.*,
        coalesce(held.activity_signal, node_activity.activity_signal) as measured_signal,
        coalesce(held.activity_ratio, node_activity.activity_ratio) as measured_ratio
    from held
    left join node_activity
        on
            held.is_sole_holder
            and held.activity_signal is null
            and held.usage_hour = node_activity.usage_hour
            and node_activity.host in ({{ short_host('held.node_name') }}, held.resource_id)

)

select
    usage_date,
    usage_hour,
    resource_id,
    accelerator_type,
    workload_id,
    workload_kind,
    resource_kind,
    mig_profile,
    claimed_quantity,
    held_quantity,
    is_over_capacity,
    failed_check,
    case
        when measured_signal <> 'usage' then cast(held_quantity * measured_ratio as decimal(38, 9))
        when used_quantity is not null then least(used_quantity, held_quantity)
    end as productive_quantity,
    measured_signal as activity_signal,
    namespace,
    slurm_account,
    pod_name,
    team_hint,
    environment,
    deployment_id,
    model_id,
    training_run_id,
    attempt_id,
    case
        when declared_type in ('training', 'serving', 'experiment', 'other') then declared_type
        when training_run_id is not null then 'training'
        when deployment_id is not null and model_id is not null then 'serving'
        else 'other'
    end as workload_type
from measured
