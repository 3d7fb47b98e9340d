with entries as (

    select
        training_job_arn,
        unnest(from_json(final_metrics, '[{"MetricName":"VARCHAR","Value":"DOUBLE","Timestamp":"VARCHAR"}]')) as entry
    from {{ source('sagemaker', 'sagemaker_training_jobs') }}

)

select
    training_job_arn,
    entry.MetricName as metric_key,
    entry.Value as metric_value,
    cast(null as bigint) as step,
    cast(try_cast(entry.Timestamp as timestamptz) as timestamp) as recorded_at
from entries
where isfinite(entry.Value)
