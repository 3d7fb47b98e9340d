{{ config(materialized='table') }}

-- Last value of each metric of each run, whichever tracker or harness measured it.
with runs as (

    select tracker, tracker_scope, tracker_run_id, run_id, model_id, model_version, ended_at, started_at
    from {{ ref('int_tracked_runs_unioned') }}

),

measured as (

    select 'mlflow' as tracker, 'mlflow' as tracker_scope, run_id as tracker_run_id, metric_key, metric_value, step, recorded_at
    from {{ ref('stg_mlflow__run_metrics') }}
    union all
    select 'wandb', entity || '/' || project, run_id, metric_key, metric_value, step, recorded_at
    from {{ ref('stg_wandb__run_metrics') }}
    union all
    select 'sagemaker', 'sagemaker', training_job_arn, metric_key, metric_value, step, recorded_at
    from {{ ref('stg_sagemaker__run_metrics') }}

),

tracked as (

    select
        runs.run_id,
        measured.metric_key,
        measured.metric_key as comparable_as,
        measured.metric_value,
        measured.step,
        measured.recorded_at,
        cast(null as boolean) as is_higher_better
    from measured
    inner join runs
        on
            measured.tracker = runs.tracker
            and measured.tracker_scope = runs.tracker_scope
            and measured.tracker_run_id = runs.tracker_run_id

),

results as (

    select
        *,
        'lm_eval/' || task || '/' || metric || ',' || filter_name as metric_key,
        -- only one version of the task, number of shots, limit and template compare
        {{ hash_key(['task', 'metric', 'filter_name', 'task_version', 'shots', 'sample_limit', 'chat_template_sha']) }}
            as comparable_as
    from {{ ref('stg_lm_eval__results') }}

),

-- A harness names the model, not the run: the last run of that version that ended before it is meant.
trained as (

    select
        results.model_id,
        results.model_version,
        results.evaluated_at,
        runs.run_id,
        row_number() over (
            partition by results.model_id, results.model_version, results.evaluated_at order by runs.ended_at desc, runs.run_id asc
        ) as preference
    from (
        select distinct model_id, model_version, evaluated_at from results
        where run_id is null
    ) as results
    inner join runs
        on
            results.model_id = runs.model_id
            and results.model_version = runs.model_version
            and results.evaluated_at >= runs.ended_at

),

evaluated as (

    select
        coalesce(results.run_id, trained.run_id) as run_id,
        results.metric_key,
        results.comparable_as,
        results.metric_value,
        cast(null as bigint) as step,
        results.evaluated_at as recorded_at,
        results.is_higher_better
    from results
    left join trained
        on
            results.model_id = trained.model_id
            and results.model_version = trained.model_version
            and results.evaluated_at = trained.evaluated_at
            and trained.preference = 1
    where coalesce(results.run_id, trained.run_id) is not null

),

unioned as (

    select * from tracked
    union all
    select * from evaluated

),

-- of several values the last counts
ranked as (

    select
        *,
        row_number() over (
            partition by run_id, metric_key, comparable_as order by recorded_at desc, step desc, metric_value asc
        ) as preference
    from unioned

)

select run_id, metric_key, comparable_as, metric_value, step, recorded_at, is_higher_better
from ranked
where preference = 1
