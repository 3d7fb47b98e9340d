-- What vendors report that they served, a meter of its own: aggregates, so they are compared with requests and never added to them.
with reports as (
    select
        'openai_usage' as meter,
        'openai' as raw_provider,
        cast(bucket_start as date) as usage_date,
        raw_model,
        project_id,
        requests,
        input_uncached_tokens,
        input_cache_read_tokens,
        input_cache_write_tokens,
        output_total_tokens as output_tokens
    from {{ ref('stg_openai__usage_completions') }}
    union all
    -- embeddings and moderations; what is no token is in unit_coverage_daily
    select
        'openai_usage' as meter,
        'openai' as raw_provider,
        cast(bucket_start as date) as usage_date,
        raw_model,
        project_id,
        requests,
        quantity as input_uncached_tokens,
        0 as input_cache_read_tokens,
        0 as input_cache_write_tokens,
        0 as output_tokens
    from {{ ref('stg_openai__usage_other') }}
    where usage_class = 'input_uncached_text'
    union all
    -- the report counts no requests
    select
        'anthropic_usage' as meter,
        'anthropic' as raw_provider,
        cast(bucket_start as date) as usage_date,
        raw_model,
        project_id,
        cast(null as bigint) as requests,
        input_uncached_tokens,
        input_cache_read_tokens,
        input_cache_write_5m_tokens + input_cache_write_1h_tokens as input_cache_write_tokens,
        output_total_tokens as output_tokens
    from {{ ref('stg_anthropic__usage_messages') }}
)

select
    reports.usage_date,
    reports.meter,
    coalesce(names.provider_id, reports.raw_provider) as provider_id,
    coalesce(names.model_id, reports.raw_model, 'none') as model_id,
    coalesce(reports.project_id, 'none') as project_id,
    sum(reports.requests) as requests,
    sum(reports.input_uncached_tokens) as input_uncached_tokens,
    sum(reports.input_cache_read_tokens) as input_cache_read_tokens,
    sum(reports.input_cache_write_tokens) as input_cache_write_tokens,
    sum(reports.output_tokens) as output_tokens
from reports
left join {{ ref('int_model_names') }} as names
    on reports.raw_provider = names.raw_provider and reports.raw_model = names.raw_model
group by
    reports.usage_date, reports.meter, coalesce(names.provider_id, reports.raw_provider),
    coalesce(names.model_id, reports.raw_model, 'none'), coalesce(reports.project_id, 'none')
