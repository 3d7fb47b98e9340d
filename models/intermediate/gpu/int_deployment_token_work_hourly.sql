{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}
{#- What each deployment computed: increase of vLLM's counters, restarts taken into account. The difference between two samples
    counts in the hour of the later one; the first hour of a day looks back one hour into the day before. -#}

with observations as (

    -- replicas of Prometheus observe the same counter
    select
        series_key,
        metric,
        sample_date,
        observed_at,
        max(feed) as feed,
        max(namespace) as namespace,
        max(pod_name) as pod_name,
        max(served_model_name) as served_model_name,
        max(cast(value as decimal(38, 0))) as counter_value
    from {{ ref('stg_vllm__samples') }}
    where
        metric in (
            'vllm:prompt_tokens_total', 'vllm:prompt_tokens_cached_total', 'vllm:prefix_cache_hits_total',
            'vllm:generation_tokens_total'
        )
        and ({{ in_dirty_days('sample_date') }} or {{ in_dirty_days('lookback_for_date') }})
    group by series_key, metric, sample_date, observed_at

),

differences as (

    select
        *,
        lag(counter_value) over (partition by series_key order by observed_at) as previous_value
    from observations

),

increases as (

    select
        sample_date as usage_date,
        cast({{ dbt.date_trunc('hour', 'observed_at - interval 1 second') }} as timestamp) as usage_hour,
        feed,
        namespace,
        pod_name,
        served_model_name,
        metric,
        -- a counter that has fallen was restarted from 0
        case
            when previous_value is null then 0
            when counter_value >= previous_value then counter_value - previous_value
            else counter_value
        end as tokens
    from differences
    where {{ in_dirty_days('sample_date') }}

),

pods as (

    select
        usage_date,
        namespace,
        pod_name,
        max(label_app) as deployment_id
    from {{ ref('int_pods') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, namespace, pod_name

),

summed as (

    select
        increases.usage_date,
        increases.usage_hour,
        coalesce(pods.deployment_id, increases.served_model_name) as deployment_id,
        sum(case when increases.metric = 'vllm:prompt_tokens_total' then increases.tokens else 0 end) as prompt_tokens,
        sum(case when increases.metric = 'vllm:prompt_tokens_cached_total' then increases.tokens end) as cached_tokens,
        sum(case when increases.metric = 'vllm:prefix_cache_hits_total' then increases.tokens end) as prefix_hit_tokens,
        sum(case when increases.metric = 'vllm:generation_tokens_total' then increases.tokens else 0 end) as generated_tokens
    from increases
    left join pods
        on
            increases.usage_date = pods.usage_date
            and increases.namespace = pods.namespace
            and increases.pod_name = pods.pod_name
    group by
        increases.usage_date,
        increases.usage_hour,
        coalesce(pods.deployment_id, increases.served_model_name)

)

select
    usage_date,
    usage_hour,
    deployment_id,
    cast(prompt_tokens as decimal(38, 0)) as prompt_tokens,
    -- older engines count prefix-cache hits instead
    cast(coalesce(cached_tokens, prefix_hit_tokens, 0) as decimal(38, 0)) as cached_prompt_tokens,
    cast(generated_tokens as decimal(38, 0)) as generated_tokens
from summed
