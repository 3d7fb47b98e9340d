{{ config(materialized='table') }}

-- How far each run came by itself, and what it gained: its quality metric against the run it builds on.
with metrics as (

    select * from {{ ref('int_run_metrics') }}

),

progress as (

    select
        run_id,
        max(step) as last_step,
        max(case when lower(metric_key) = 'epoch' or lower(metric_key) like '%/epoch' then metric_value end) as last_epoch
    from metrics
    group by run_id

),

matched as (

    select
        metrics.run_id,
        metrics.metric_key,
        metrics.comparable_as,
        metrics.metric_value,
        coalesce(metrics.is_higher_better, kinds.is_higher_better) as is_higher_better,
        kinds.points_per_unit,
        row_number() over (
            partition by metrics.run_id order by kinds.preference, metrics.metric_key, metrics.comparable_as
        ) as preference
    from metrics
    inner join {{ ref('quality_metrics') }} as kinds on lower(metrics.metric_key) like kinds.metric_pattern

),

runs as (

    select training_run_id, experiment_id, model_id, started_at, ended_at, status, resumed_from_run_id
    from {{ ref('int_training_runs') }}

),

-- Trackers give the last step of a run. One that was resumed from another mostly goes on counting from there, so what the other had made is no
-- work of its own; one that ends no higher than the other has begun anew.
made as (

    select
        runs.training_run_id,
        case when progress.last_step > resumed.last_step then resumed.last_step end as resumed_at_step,
        progress.last_step - case when progress.last_step > resumed.last_step then resumed.last_step else 0 end as steps,
        progress.last_epoch - case when progress.last_epoch > resumed.last_epoch
            and coalesce(progress.last_step > resumed.last_step, true) then resumed.last_epoch else 0 end as epochs
    from runs
    left join progress on runs.training_run_id = progress.run_id
    left join progress as resumed on runs.resumed_from_run_id = resumed.run_id

),

finished_before as (

    select
        runs.training_run_id,
        earlier.training_run_id as baseline_run_id,
        row_number() over (
            partition by runs.training_run_id order by earlier.ended_at desc, earlier.training_run_id asc
        ) as place
    from runs
    inner join runs as earlier
        on
            runs.model_id = earlier.model_id
            and runs.experiment_id = earlier.experiment_id
            and runs.started_at >= earlier.ended_at
    where runs.resumed_from_run_id is null and earlier.status = 'FINISHED'

),

-- What a run builds on: the run it was resumed from, else the last run of its model and experiment that had finished when it began.
bases as (

    select runs.training_run_id, earlier.training_run_id as baseline_run_id
    from runs
    inner join runs as earlier on runs.resumed_from_run_id = earlier.training_run_id
    union all
    select training_run_id, baseline_run_id
    from finished_before
    where place = 1

)

select
    runs.training_run_id,
    made.resumed_at_step,
    made.steps,
    made.epochs,
    quality.metric_key as quality_metric,
    quality.is_higher_better as is_higher_quality_better,
    quality.metric_value as quality_value,
    bases.baseline_run_id,
    baseline.metric_value as baseline_quality_value,
    cast(round(
        (quality.metric_value - baseline.metric_value) * quality.points_per_unit * case when quality.is_higher_better then 1 else -1 end, 9
    ) as decimal(38, 9)) as quality_gain_points
from runs
left join made on runs.training_run_id = made.training_run_id
left join matched as quality on runs.training_run_id = quality.run_id and quality.preference = 1
left join bases on runs.training_run_id = bases.training_run_id
left join metrics as baseline
    on
        bases.baseline_run_id = baseline.run_id
        and quality.metric_key = baseline.metric_key
        and quality.comparable_as = baseline.comparable_as
