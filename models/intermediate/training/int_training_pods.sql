{{ config(materialized='table') }}

-- Pods of runs, grouped into attempts: pods of one run that were up together are one attempt (a job's workers), pods that came
-- after all earlier ones had ended are the next. Reads all days: an attempt's past does not change when later days arrive.
with pod_days as (

    select
        *,
        max(case when ended_at is null then usage_date end) over (partition by pod_uid) as last_running_date
    from {{ ref('int_pods') }}

),

pod_spans as (

    select
        pod_uid,
        max(namespace) as namespace,
        max(pod_name) as pod_name,
        max(label_mlflow_run_id) as label_run_id,
        max(label_model) as label_model,
        max(label_team) as label_team,
        min(started_at) as started_at,
        -- the first end seen after the last day on which it ran: a finished pod can stay listed for days
        min(case when last_running_date is null or usage_date > last_running_date then ended_at end) as ended_at,
        max(held_until) as last_held_until,
        max(case when phase = 'Failed' then 1 else 0 end) as has_failed,
        max(case when phase = 'Succeeded' then 1 else 0 end) as has_succeeded,
        max(reason) as reason
    from pod_days
    group by pod_uid

),

-- Of several runs that name a pod as for jobs of Slurm (int_training_attempts).
tagged_runs as (

    select tracked.pod_uid, tracked.run_id, tracked.parent_run_id
    from {{ ref('int_tracked_runs_unioned') }} as tracked
    left join (select distinct pod_uid, parent_run_id from {{ ref('int_tracked_runs_unioned') }}) as children
        on tracked.pod_uid = children.pod_uid and tracked.run_id = children.parent_run_id
    where tracked.pod_uid is not null and children.pod_uid is null

),

tagged as (

    select
        pod_uid,
        case
            when count(*) > 1 and count(parent_run_id) = count(*) and min(parent_run_id) = max(parent_run_id) then max(parent_run_id)
            else max(run_id)
        end as run_id,
        count(*) as sharing_runs
    from tagged_runs
    group by pod_uid

),

run_pods as (

    select
        pod_spans.*,
        coalesce(pod_spans.ended_at, pod_spans.last_held_until) as held_until,
        coalesce(pod_spans.label_run_id, tagged.run_id) as training_run_id,
        coalesce(tagged.sharing_runs, 1) as sharing_runs
    from pod_spans
    left join tagged on pod_spans.pod_uid = tagged.pod_uid
    where coalesce(pod_spans.label_run_id, tagged.run_id) is not null

),

gaps as (

    select
        *,
        case
            when started_at < max(held_until) over (
                partition by training_run_id order by started_at, pod_uid rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as opens_attempt
    from run_pods

),

numbered as (

    select
        *,
        sum(opens_attempt) over (
            partition by training_run_id order by started_at, pod_uid rows between unbounded preceding and current row
        ) as attempt_no
    from gaps

)

select
    *,
    first_value(pod_uid) over (partition by training_run_id, attempt_no order by started_at, pod_uid)
    || '|'
    || cast(min(started_at) over (partition by training_run_id, attempt_no) as {{ dbt.type_string() }}) as attempt_id
from numbered
