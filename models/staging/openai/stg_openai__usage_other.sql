-- What the usage endpoints other than completions count, each in its own unit. Bytes that a vector store holds are a level and no use:
-- they stay in raw.
{%- set endpoints = [
    ('embeddings', 'input_uncached_text', 'input_tokens', 'num_model_requests', true),
    ('moderations', 'input_uncached_text', 'input_tokens', 'num_model_requests', true),
    ('images', 'output_images', 'images', 'num_model_requests', true),
    ('audio_speeches', 'input_characters', 'characters', 'num_model_requests', true),
    ('audio_transcriptions', 'input_audio_seconds', 'seconds', 'num_model_requests', true),
    ('code_interpreter_sessions', 'code_executions', 'num_sessions', 'cast(null as bigint)', false),
    ('file_search_calls', 'storage_searches', 'num_requests', 'cast(null as bigint)', false),
    ('web_search_calls', 'web_searches', 'num_requests', 'num_model_requests', true)
] %}
{%- for endpoint, usage_class, quantity, requests, names_model in endpoints %}
select
    _feed as feed,
    _load_id as load_id,
    '{{ endpoint }}' as endpoint,
    make_timestamp(start_time * 1000000) as bucket_start,
    project_id,
    {{ 'model' if names_model else 'cast(null as varchar)' }} as raw_model,
    '{{ usage_class }}' as usage_class,
    {{ quantity }} as quantity,
    {{ requests }} as requests
from {{ source('openai', 'openai_usage_' ~ endpoint) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
