with source as (

    select * from {{ source('vllm', 'vllm_samples') }}

),

renamed as (

    select
        metric,
        observed_at,
        _day as sample_date,
        -- the next day, for samples that it reads as its look-back
        cast(observed_at - interval 1 second + interval 1 hour as date) as lookback_for_date,
        _feed as feed,
        -- replicas of Prometheus differ in labels that are not read here
        {{ hash_key(['_feed', 'metric', 'model_name', 'engine', 'namespace', 'pod', 'case when pod is null then instance end']) }}
            as series_key,
        model_name as served_model_name,
        engine,
        namespace,
        pod as pod_name,
        value
    from source

)

select * from renamed
