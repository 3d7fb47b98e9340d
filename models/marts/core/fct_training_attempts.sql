select
    attempt_id,
    training_run_id,
    scheduler,
    state,
    outcome,
    started_at,
    ended_at,
    gpu_count,
    last_checkpoint_at
from {{ ref('int_training_attempts') }}
