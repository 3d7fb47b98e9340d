-- Slurm writes node lists as `a[01-03,7],b2`: here one row per job record and node, digits padded as written.
with jobs as (

    select
        job_id || '|' || strftime(started_at, '%Y-%m-%dT%H:%M:%S') as job_record_id,
        node_list
    from {{ source('slurm', 'slurm_jobs') }}
    where started_at is not null

),

host_groups as (

    select
        job_record_id,
        unnest(regexp_extract_all(node_list, '[^,\[\]]+(?:\[[^\]]*\])?[^,\[\]]*')) as host_group
    from jobs

),

parts as (

    select
        job_record_id,
        regexp_extract(host_group, '^([^\[]*)', 1) as prefix,
        regexp_extract(host_group, '\]([^\]]*)$', 1) as suffix,
        unnest(case when contains(host_group, '[')
            then string_split(regexp_extract(host_group, '\[([^\]]*)\]', 1), ',')
            else [''] end) as numbers
    from host_groups

),

numbered as (

    select
        job_record_id,
        prefix,
        suffix,
        split_part(numbers, '-', 1) as first_number,
        case when numbers = '' then [null]
            else range(
                cast(split_part(numbers, '-', 1) as bigint),
                cast(split_part(numbers, '-', -1) as bigint) + 1
            ) end as node_numbers
    from parts

),

expanded as (

    select
        job_record_id,
        prefix,
        suffix,
        length(first_number) as digits,
        unnest(node_numbers) as node_number
    from numbered

)

select
    job_record_id,
    prefix || coalesce(
        lpad(
            cast(node_number as varchar),
            cast(greatest(digits, length(cast(node_number as varchar))) as integer),
            '0'
        ), ''
    ) || suffix as node_name
from expanded
