select
    attempt_id,
    training_run_id,
    scheduler,
    state,
    outcome,
    sharing_runs,
    queue_seconds,
    started_at,
    ended_at,
    gpu_count,
    last_checkpoint_at,
    is_checkpoint_known
from {{ ref('int_training_attempts') }}
