{%- set flagged = [
    ('slurm', 'stg_slurm__jobs', 'cast(started_at as date)', 'started_at is not null'),
    ('openshift_pod_usage', 'stg_openshift__pod_usage', 'usage_date', 'true'),
    ('openshift_gpu_usage', 'stg_openshift__gpu_usage', 'usage_date', 'true'),
    ('opencost', 'stg_opencost__allocations', 'usage_date', 'true'),
    ('nvidia_smi', 'stg_nvidia_smi__samples', 'sample_date', 'true'),
] -%}
-- What staging says cannot be, counted; these rows hold nothing and measure nothing.
{%- for source, model, day, condition in flagged %}
select
    '{{ source }}' as source,
    {{ day }}{{ ' as usage_date' if day != 'usage_date' }},
    failed_check as check_name,
    count(*) as failed_rows
from {{ ref(model) }}
where failed_check is not null and {{ condition }}
group by {{ day }}, failed_check
{{ 'union all' if not loop.last }}
{%- endfor %}
