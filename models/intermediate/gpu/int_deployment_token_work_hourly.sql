{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}
{#- What each deployment computed: increase of its engines' counters, restarts taken into account. The difference between two samples
    counts in the hour of the later one; the first hour of a day looks back one hour into the day before. -#}

with observations as (

    -- replicas of Prometheus observe the same counter
    select
        samples.series_key,
        samples.sample_date,
        samples.observed_at,
        max(counters.measure) as measure,
        max(counters.preference) as preference,
        max(samples.feed) as feed,
        max(samples.namespace) as namespace,
        max(samples.pod_name) as pod_name,
        max(samples.address) as address,
        max(samples.engine) as engine,
        max(samples.served_model_name) as served_model_name,
        max(cast(samples.value as decimal(38, 9))) as counter_value
    from {{ ref('stg_vllm__samples') }} as samples
    inner join {{ ref('engine_counters') }} as counters
        on
            samples.metric = counters.metric
            and counters.variant in ('*', samples.variant)
    where
        -- most series of a pull are buckets: they are passed over before their labels are taken apart
        samples.metric not like '%_bucket'
        and {{ in_dirty_days_or_before('samples.sample_date') }}
        and ({{ in_dirty_days('samples.sample_date') }} or {{ in_dirty_days('samples.lookback_for_date') }})
    group by samples.series_key, samples.sample_date, samples.observed_at

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
        address,
        engine,
        served_model_name,
        measure,
        preference,
        -- a counter that has fallen was restarted from 0
        case
            when previous_value is null then 0
            when counter_value >= previous_value then counter_value - previous_value
            else counter_value
        end as increase
    from differences
    where {{ in_dirty_days('sample_date') }}

),

-- An engine that counts one thing under several names (old and new) is believed by the preferred one.
preferred as (

    select
        *,
        min(preference) over (
            partition by usage_hour, feed, namespace, pod_name, address, engine, served_model_name, measure
        ) as best_preference
    from increases

),

engines as (

    select
        usage_date, usage_hour, namespace, pod_name, address, engine, served_model_name,
        {% for measure in [
            'prompt_tokens', 'cached_prompt_tokens', 'prefix_queried_tokens', 'generated_tokens', 'answered_requests', 'preemptions',
            'recomputed_tokens', 'prefill_seconds', 'decode_seconds'
        ] -%}
            sum(case when measure = '{{ measure }}' then increase end) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from preferred
    where preference = best_preference
    group by usage_date, usage_hour, namespace, pod_name, address, engine, served_model_name

),

pods as (

    select
        usage_date,
        namespace,
        pod_name,
        max(deployment_id) as deployment_id
    from {{ ref('int_pods') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, namespace, pod_name

),

-- A server without a known pod belongs to the one deployment that the map has for the name of its model.
names as (

    select served.usage_date, served.served_model_name, min(map.deployment_id) as deployment_id
    from (select distinct usage_date, served_model_name from engines) as served
    inner join {{ ref('stg_reference__serving_map') }} as map
        on
            served.served_model_name = map.model_alias
            and served.usage_date >= map.valid_from
            and served.usage_date < map.valid_to
    group by served.usage_date, served.served_model_name
    having count(distinct map.deployment_id) = 1

),

placed as (

    select
        engines.*,
        coalesce(pods.deployment_id, names.deployment_id, engines.served_model_name, engines.address, 'unknown') as deployment_id,
        -- look-ups of the prefix cache may be counted again and again while a request waits: never more than was prompted
        case
            when engines.cached_prompt_tokens > engines.prompt_tokens then engines.prompt_tokens
            else engines.cached_prompt_tokens
        end as cached_tokens,
        coalesce(engines.prompt_tokens, 0) + coalesce(engines.generated_tokens, 0) > 0 as has_worked
    from engines
    left join pods
        on
            engines.usage_date = pods.usage_date
            and engines.namespace = pods.namespace
            and engines.pod_name = pods.pod_name
    left join names
        on
            engines.usage_date = names.usage_date
            and engines.served_model_name = names.served_model_name

)

select
    usage_date,
    usage_hour,
    deployment_id,
    case when count(distinct served_model_name) = 1 then max(served_model_name) end as served_model_name,
    cast(coalesce(sum(prompt_tokens), 0) as decimal(38, 0)) as prompt_tokens,
    cast(coalesce(sum(cached_tokens), 0) as decimal(38, 0)) as cached_prompt_tokens,
    cast(sum(prefix_queried_tokens) as decimal(38, 0)) as prefix_queried_tokens,
    cast(coalesce(sum(generated_tokens), 0) as decimal(38, 0)) as generated_tokens,
    cast(sum(answered_requests) as decimal(38, 0)) as answered_requests,
    cast(sum(preemptions) as decimal(38, 0)) as preemptions,
    cast(sum(recomputed_tokens) as decimal(38, 0)) as recomputed_tokens,
    -- known only where every engine that worked measured both
    cast(case when count(case when has_worked and prefill_seconds + decode_seconds is null then 1 end) = 0 then sum(prefill_seconds) end as decimal(38, 9))
        as prefill_seconds,
    cast(case when count(case when has_worked and prefill_seconds + decode_seconds is null then 1 end) = 0 then sum(decode_seconds) end as decimal(38, 9))
        as decode_seconds
from placed
group by usage_date, usage_hour, deployment_id
