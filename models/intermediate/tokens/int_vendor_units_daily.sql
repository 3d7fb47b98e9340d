-- What vendors' usage reports count in another unit than the token, by day and project; model `all` where a report names none.
with reports as (

    select
        'openai' as raw_provider,
        cast(bucket_start as date) as usage_date,
        project_id,
        raw_model,
        usage_class,
        quantity
    from {{ ref('stg_openai__usage_other') }}
    where usage_class <> 'input_uncached_text'
    union all
    select 'anthropic', cast(bucket_start as date), project_id, raw_model, 'web_searches', web_searches
    from {{ ref('stg_anthropic__usage_messages') }}
    where web_searches > 0

)

select
    reports.usage_date,
    coalesce(names.provider_id, reports.raw_provider) as provider_id,
    coalesce(reports.project_id, 'none') as project_id,
    coalesce(names.model_id, reports.raw_model, 'all') as model_id,
    reports.usage_class,
    sum(reports.quantity) as reported_quantity
from reports
left join {{ ref('int_model_names') }} as names
    on reports.raw_provider = names.raw_provider and reports.raw_model = names.raw_model
group by
    reports.usage_date, coalesce(names.provider_id, reports.raw_provider), coalesce(reports.project_id, 'none'),
    coalesce(names.model_id, reports.raw_model, 'all'), reports.usage_class
