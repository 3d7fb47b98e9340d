with channels as (

    select
        training_job_arn,
        unnest(json_extract(input_data, '$[*]')) as channel
    from {{ source('sagemaker', 'sagemaker_training_jobs') }}

)

select distinct
    training_job_arn,
    coalesce(json_extract_string(channel, '$.DataSource.S3DataSource.S3Uri'), json_extract_string(channel, '$.ChannelName'))
        as dataset_name,
    json_extract_string(channel, '$.DataSource.S3DataSource.S3Uri') as dataset_digest,
    json_extract_string(channel, '$.DataSource.S3DataSource.S3Uri') as location
from channels
