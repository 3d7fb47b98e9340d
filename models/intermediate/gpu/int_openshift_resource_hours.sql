-- A pod holds what it requests, or what it uses where that is more.
with usage as (

    select * from {{ ref('stg_openshift__pod_usage') }}

)

select
    usage_date,
    interval_started_at as usage_hour,
    namespace || '/' || pod_name as workload_id,
    namespace,
    pod_name,
    node_name,
    resource_id,
    'cpu' as resource_kind,
    greatest(coalesce(requested_core_hours, 0), coalesce(used_core_hours, 0)) as claimed_quantity,
    used_core_hours as used_quantity,
    label_team, label_app, label_model, label_environment, label_mlflow_run_id, label_workload_type
from usage

union all

select
    usage_date,
    interval_started_at as usage_hour,
    namespace || '/' || pod_name as workload_id,
    namespace,
    pod_name,
    node_name,
    resource_id,
    'memory' as resource_kind,
    greatest(coalesce(requested_gib_hours, 0), coalesce(used_gib_hours, 0)) as claimed_quantity,
    used_gib_hours as used_quantity,
    label_team, label_app, label_model, label_environment, label_mlflow_run_id, label_workload_type
from usage
