{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- What the rules of a usage record found: a row that breaks one is kept, named and counted.
select
    usage_date,
    meter,
    coalesce(usage_shape, 'none') as usage_shape,
    dq_status,
    count(*) as requests,
    count(case when input_total_tokens is null or output_total_tokens is null then 1 end) as requests_without_tokens,
    cast(coalesce(sum(input_total_tokens), 0) as decimal(38, 0)) as input_tokens,
    cast(coalesce(sum(output_total_tokens), 0) as decimal(38, 0)) as output_tokens
from {{ ref('fct_inference_requests') }}
where {{ in_dirty_days('usage_date') }}
group by usage_date, meter, coalesce(usage_shape, 'none'), dq_status
