{{ config(meta={'dagster': {'ref': {'name': 'fct_inference_requests'}}}) }}
-- Rows and tokens of each log are those of the fact, per feed and day: no request lost, none doubled by a join (names, owners, prices).
with logged as (
    {% for meter, relation in {
        'litellm': 'stg_litellm__requests',
        'request_log': 'stg_request_log__requests',
        'model_responses': 'stg_model_responses__requests',
        'bedrock': 'stg_bedrock__requests',
        'litellm_callbacks': 'stg_litellm__callback_requests',
        'otel': 'stg_otel__requests',
        'langfuse': 'stg_langfuse__requests',
    }.items() %}
    select '{{ meter }}' as meter, feed, usage_date, count(*) as requests,
        sum(input_total_tokens) as input_tokens, sum(output_total_tokens) as output_tokens
    from {{ ref(relation) }}
    group by feed, usage_date
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

facts as (
    select meter, feed, usage_date, count(*) as requests, sum(input_total_tokens) as input_tokens, sum(output_total_tokens) as output_tokens
    from {{ ref('fct_inference_requests') }}
    where {{ replaced_days('usage_date') }}
    group by meter, feed, usage_date
)

select
    coalesce(logged.meter, facts.meter) as meter,
    coalesce(logged.feed, facts.feed) as feed,
    coalesce(logged.usage_date, facts.usage_date) as usage_date,
    logged.requests as logged_requests,
    facts.requests as fact_requests,
    logged.input_tokens as logged_input_tokens,
    facts.input_tokens as fact_input_tokens
from (select * from logged where {{ replaced_days('usage_date') }}) as logged
full outer join facts on logged.meter = facts.meter and logged.feed = facts.feed and logged.usage_date = facts.usage_date
where logged.requests is distinct from facts.requests
    or logged.input_tokens is distinct from facts.input_tokens
    or logged.output_tokens is distinct from facts.output_tokens
