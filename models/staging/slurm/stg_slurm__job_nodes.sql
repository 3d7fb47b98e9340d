-- Slurm writes node lists as `a[01-03,7],b2`: here one row per job record and node, digits padded as written.
with jobs as (

    select * from {{ ref('stg_slurm__jobs') }}
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
    expanded.job_record_id,
    expanded.prefix || coalesce(
        lpad(
            cast(expanded.node_number as varchar),
            cast(greatest(expanded.digits, length(cast(expanded.node_number as varchar))) as integer),
            '0'
        ), ''
    ) || expanded.suffix as node_name,
    jobs.* exclude (job_record_id)
from expanded
inner join jobs on expanded.job_record_id = jobs.job_record_id
