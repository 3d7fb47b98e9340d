{{ config(tags='each_night') }}

-- Every metered request of every log in one shape. One request seen by two meters appears twice; `meter` keeps them apart,
-- and int_meter_of_record_overruled says which of them counts.
-- The pipeline, which makes this view anew before each build and reads it nowhere else, leaves out logs of which it holds no row:
-- every statement over all seven takes half a second of planning. An analyst's view stays, so it has all of them.
{%- set logs = {
    'litellm': ref('stg_litellm__requests'),
    'request_log': ref('stg_request_log__requests'),
    'model_responses': ref('stg_model_responses__requests'),
    'bedrock': ref('stg_bedrock__requests'),
    'litellm_callbacks': ref('stg_litellm__callback_requests'),
    'otel': ref('stg_otel__requests'),
    'langfuse': ref('stg_langfuse__requests'),
} %}
{%- set used = [] %}
{%- for meter, requests in logs.items() %}
    {%- if not execute or target.name != 'pipeline' or raw_rows_behind(requests) %}{% do used.append(meter) %}{% endif %}
{%- endfor %}
{% for meter in used or logs %}
select
    '{{ meter }}' as meter,
    requests.*
from {{ logs[meter] }} as requests
{{ 'union all' if not loop.last }}
{% endfor %}
