{{ config(materialized='table') }}

-- What each run read.
with inputs as (

    select 'mlflow' as tracker, 'mlflow' as tracker_scope, run_id as tracker_run_id, dataset_name, dataset_digest, location
    from {{ ref('stg_mlflow__run_datasets') }}
    union all
    select 'wandb', entity || '/' || project, run_id, dataset_name, dataset_digest, location
    from {{ ref('stg_wandb__run_datasets') }}
    union all
    select 'sagemaker', 'sagemaker', training_job_arn, dataset_name, dataset_digest, location
    from {{ ref('stg_sagemaker__run_datasets') }}

)

-- the same data may be logged by its name or by its place: what lies in a declared place is the declared dataset
select
    runs.run_id,
    coalesce(declared.dataset_id, inputs.dataset_name) as dataset_name,
    inputs.dataset_digest,
    max(inputs.location) as location
from inputs
inner join {{ ref('int_tracked_runs_unioned') }} as runs
    on
        inputs.tracker = runs.tracker
        and inputs.tracker_scope = runs.tracker_scope
        and inputs.tracker_run_id = runs.tracker_run_id
left join {{ ref('stg_reference__datasets') }} as declared
    on
        split_part(inputs.location, '/', 3) = declared.resource_id
        and runs.started_at >= declared.valid_from
        and runs.started_at < declared.valid_to
where coalesce(declared.dataset_id, inputs.dataset_name) is not null
group by runs.run_id, coalesce(declared.dataset_id, inputs.dataset_name), inputs.dataset_digest
