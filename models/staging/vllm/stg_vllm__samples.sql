with source as (

    select
        *,
        coalesce(
            {{ json_text('labels', 'finished_reason') }},
            {{ json_text('labels', 'source') }},
            {{ json_text('labels', 'cache_source') }},
            {{ json_text('labels', 'method') }}
        ) as variant
    from {{ source('vllm', 'vllm_samples') }}

),

renamed as (

    select
        metric,
        variant,
        observed_at,
        _day as sample_date,
        -- the next day, for samples that it reads as its look-back
        cast(observed_at - interval 1 second + interval 1 hour as date) as lookback_for_date,
        _feed as feed,
        -- replicas of Prometheus differ in labels that are not read here
        {{ hash_key([
            '_feed', 'metric', 'variant', json_text('labels', 'is_streaming'), 'model_name', 'engine', 'namespace', 'pod',
            'case when pod is null then instance end'
        ]) }} as series_key,
        case when pod is null then instance end as address,
        model_name as served_model_name,
        engine,
        namespace,
        pod as pod_name,
        value
    from source

)

select * from renamed
