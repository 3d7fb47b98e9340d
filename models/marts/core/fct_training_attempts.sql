with attempts as (

    select * from {{ ref('int_training_attempts') }}

),

held as (

    select attempt_id, {{ listed('accelerator_type') }} as accelerator_types
    from {{ ref('int_workload_resource_hours') }}
    where attempt_id is not null and resource_kind = 'gpu'
    group by attempt_id

)

select
    attempts.attempt_id,
    attempts.training_run_id,
    attempts.scheduler,
    attempts.state,
    attempts.outcome,
    attempts.sharing_runs,
    attempts.queue_seconds,
    attempts.started_at,
    attempts.ended_at,
    attempts.gpu_count,
    held.accelerator_types,
    attempts.last_checkpoint_at,
    attempts.is_checkpoint_known
from attempts
left join held on attempts.attempt_id = held.attempt_id
