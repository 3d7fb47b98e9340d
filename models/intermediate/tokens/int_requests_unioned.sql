-- Every metered request of every log in one shape. One request seen by two meters appears twice; `meter` keeps them apart,
-- and int_meter_of_record_overruled says which of them counts.
{% for meter, relation in {
    'litellm': 'stg_litellm__requests',
    'request_log': 'stg_request_log__requests',
    'model_responses': 'stg_model_responses__requests',
    'bedrock': 'stg_bedrock__requests',
    'litellm_callbacks': 'stg_litellm__callback_requests',
    'otel': 'stg_otel__requests',
    'langfuse': 'stg_langfuse__requests',
}.items() %}
select
    '{{ meter }}' as meter,
    requests.*
from {{ ref(relation) }} as requests
{{ 'union all' if not loop.last }}
{% endfor %}
