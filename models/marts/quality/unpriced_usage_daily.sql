{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Use without a price is no cost of 0: it is listed here, under the name that was logged, until a price arrives.
select
    usage_date,
    provider_id,
    coalesce(raw_model, 'none') as raw_model,
    max(model_id) as model_id,
    count(*) as unpriced_requests,
    cast(coalesce(sum(input_total_tokens), 0) as decimal(38, 0)) as input_tokens,
    cast(coalesce(sum(output_total_tokens), 0) as decimal(38, 0)) as output_tokens
from {{ ref('fct_inference_requests') }}
where is_of_record and pricing_status = 'unpriced' and {{ in_dirty_days('usage_date') }}
group by usage_date, provider_id, coalesce(raw_model, 'none')
