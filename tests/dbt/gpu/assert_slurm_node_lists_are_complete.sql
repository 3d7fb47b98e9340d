-- Pitfall G11: a multi-node job holds all its nodes; a node that the expansion of its list misses would look free.
{{ config(meta={'dagster': {'ref': {'name': 'stg_slurm__job_nodes'}}}) }}

select
    jobs.job_record_id,
    jobs.node_list,
    jobs.node_count,
    count(distinct nodes.node_name) as nodes_found
from {{ ref('stg_slurm__jobs') }} as jobs
left join {{ ref('stg_slurm__job_nodes') }} as nodes on jobs.job_record_id = nodes.job_record_id
where jobs.started_at is not null
group by jobs.job_record_id, jobs.node_list, jobs.node_count
having count(distinct nodes.node_name) <> jobs.node_count
