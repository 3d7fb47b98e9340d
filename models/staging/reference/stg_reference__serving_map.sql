select
    model_alias,
    coalesce(model_id, model_alias) as model_id,
    adapter,
    deployment_id,
    coalesce(namespace, '') as namespace,
    coalesce(pod_app, '') as pod_app,
    coalesce(pod_name, '') as pod_name,
    lower(api_provider) as api_provider,
    api_model,
    trained_model_id,
    trained_version,
    valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('reference', 'serving_map') }}
