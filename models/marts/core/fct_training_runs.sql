select
    training_run_id,
    experiment_id,
    run_name,
    parent_run_id,
    is_parent,
    model_id,
    model_version,
    team_hint,
    status,
    lifecycle_stage,
    started_at,
    ended_at,
    is_end_capped,
    attempt_count
from {{ ref('int_training_runs') }}
