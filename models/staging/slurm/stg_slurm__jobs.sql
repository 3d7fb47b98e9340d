with source as (

    select * from {{ source('slurm', 'slurm_jobs') }}

),

renamed as (

    select
        -- a requeued job keeps its id, so a record is known by its start as well
        job_id || '|' || coalesce(strftime(started_at, '%Y-%m-%dT%H:%M:%S'), 'pending') as job_record_id,
        job_id,
        job_name,
        user_name,
        account as slurm_account,
        partition_name,
        _feed as feed,

        -- CANCELLED by 1000 -> CANCELLED
        split_part(state, ' ', 1) as state,
        submitted_at,
        started_at,
        ended_at,
        -- a running job has held its nodes for as long as sacct has seen
        coalesce(ended_at, started_at + to_seconds(coalesce(elapsed_seconds, 0))) as held_until,

        -- of all nodes together; the typed entry (gres/gpu:h100=) repeats the plain one
        node_count,
        node_list,
        cast(coalesce(
            nullif(regexp_extract(alloc_tres, '(?:^|,)gres/gpu=(\d+)', 1), ''),
            nullif(regexp_extract(alloc_tres, '(?:^|,)gres/gpu:[^=,]+=(\d+)', 1), ''), '0'
        ) as bigint) as gpu_count,
        cast(coalesce(nullif(regexp_extract(alloc_tres, '(?:^|,)cpu=(\d+)', 1), ''), '0') as bigint) as core_count,
        cast(
            cast(coalesce(nullif(regexp_extract(alloc_tres, '(?:^|,)mem=([\d.]+)', 1), ''), '0') as decimal(18, 3))
            * case upper(regexp_extract(alloc_tres, '(?:^|,)mem=[\d.]+([KMGT]?)', 1))
                when 'K' then 0.00000095367431640625
                when 'M' then 0.0009765625
                when 'T' then 1024
                when 'G' then 1
                else 0.0009765625
            end as decimal(38, 9)
        ) as memory_gib,

        -- what our job wrapper notes
        nullif(regexp_extract(comment, '(?:^|;)run_id=([^;]*)', 1), '') as run_id,
        try_cast(nullif(replace(regexp_extract(comment, '(?:^|;)checkpoint=([^;]*)', 1), 'Z', ''), '') as timestamp)
            as last_checkpoint_at,

        case
            when ended_at < started_at then 'ends_before_start'
            when elapsed_seconds > date_diff('second', started_at, ended_at) + 1 then 'elapsed_longer_than_span'
        end as failed_check
    from source

)

select * from renamed
