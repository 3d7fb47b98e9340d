{#- Where vendors put what, as JSON paths into the usage object. The keys never clash: an object has those of its own vendor (and, through
    some gateways, the same number under a second name), so no vendor or model name is needed to read one. -#}

{#- Name to paths of what is counted; of several paths the first that the object has counts. -#}
{% macro usage_count_paths() -%}
    {{ return({
        'chat_prompt': ['$.prompt_tokens'],
        'chat_completion': ['$.completion_tokens'],
        'plain_input': ['$.input_tokens'],
        'plain_output': ['$.output_tokens'],
        'converse_input': ['$.inputTokens'],
        'converse_output': ['$.outputTokens'],
        'invocation_input': ['$.inputTokenCount'],
        'invocation_output': ['$.outputTokenCount'],
        'ollama_prompt': ['$.prompt_eval_count'],
        'ollama_output': ['$.eval_count'],
        'gemini_prompt': ['$.promptTokenCount'],
        'gemini_candidates': ['$.candidatesTokenCount'],
        'gemini_thoughts': ['$.thoughtsTokenCount'],
        'gemini_tool_prompt': ['$.toolUsePromptTokenCount'],
        'cohere_input': ['$.billed_units.input_tokens'],
        'cohere_output': ['$.billed_units.output_tokens'],
        'cohere_image': ['$.billed_units.image_tokens'],
        'cohere_searches': ['$.billed_units.search_units'],
        'reported_total': ['$.total_tokens', '$.totalTokenCount', '$.totalTokens'],
        'anthropic_cache_read': ['$.cache_read_input_tokens'],
        'anthropic_cache_write': ['$.cache_creation_input_tokens'],
        'deepseek_cache_read': ['$.prompt_cache_hit_tokens'],
        'mistral_cache_read': ['$.num_cached_tokens'],
        'other_cache_read': [
            '$.prompt_tokens_details.cached_tokens', '$.input_tokens_details.cached_tokens', '$.input_token_details.cached_tokens',
            '$.cachedContentTokenCount', '$.cacheReadInputTokens', '$.cacheReadInputTokenCount'
        ],
        'other_cache_write': [
            '$.prompt_tokens_details.cache_write_tokens', '$.prompt_tokens_details.cache_creation_tokens',
            '$.input_tokens_details.cache_write_tokens', '$.cacheWriteInputTokens', '$.cacheWriteInputTokenCount'
        ],
        'detail_written_5m': [
            '$.cache_creation.ephemeral_5m_input_tokens',
            '$.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens'
        ],
        'detail_written_1h': [
            '$.cache_creation.ephemeral_1h_input_tokens',
            '$.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens'
        ],
        'detail_audio_in': [
            '$.prompt_tokens_details.audio_tokens', '$.input_tokens_details.audio_tokens', '$.input_token_details.audio_tokens'
        ],
        'detail_image_in': [
            '$.prompt_tokens_details.image_tokens', '$.input_tokens_details.image_tokens', '$.input_token_details.image_tokens'
        ],
        'detail_video_in': ['$.prompt_tokens_details.video_tokens'],
        'detail_cached_audio': [
            '$.input_token_details.cached_tokens_details.audio_tokens', '$.prompt_tokens_details.cached_tokens_details.audio_tokens'
        ],
        'detail_cached_image': [
            '$.input_token_details.cached_tokens_details.image_tokens', '$.prompt_tokens_details.cached_tokens_details.image_tokens'
        ],
        'detail_reasoning': [
            '$.completion_tokens_details.reasoning_tokens', '$.output_tokens_details.reasoning_tokens',
            '$.output_tokens_details.thinking_tokens'
        ],
        'detail_audio_out': [
            '$.completion_tokens_details.audio_tokens', '$.output_tokens_details.audio_tokens', '$.output_token_details.audio_tokens'
        ],
        'detail_image_out': [
            '$.completion_tokens_details.image_tokens', '$.output_tokens_details.image_tokens', '$.output_token_details.image_tokens'
        ],
        'detail_video_out': ['$.completion_tokens_details.video_tokens'],
        'searches': [
            '$.server_tool_use.web_search_requests', '$.prompt_tokens_details.web_search_requests', '$.num_search_queries'
        ],
        'pages': ['$.pages_processed'],
        'characters': ['$.characters', '$.input_characters'],
        'images': ['$.images', '$.generated_images']
    }) }}
{%- endmacro %}

{#- Name to paths of the rest: lists, names, and quantities with fractions, as text. -#}
{% macro usage_text_paths() -%}
    {{ return({
        'usage_type': ['$.type'],
        'responses_details': ['$.input_tokens_details'],
        'realtime_details': ['$.input_token_details'],
        'iterations': ['$.iterations'],
        'ttl_details': ['$.cacheDetails'],
        'prompt_modalities': ['$.promptTokensDetails', '$.promptTokenDetails'],
        'tool_modalities': ['$.toolUsePromptTokensDetails'],
        'cached_modalities': ['$.cacheTokensDetails'],
        'output_modalities': ['$.candidatesTokensDetails'],
        'traffic_type': ['$.trafficType'],
        'speed': ['$.speed'],
        'search_context': ['$.search_context_size'],
        'usage_service_tier': ['$.service_tier', '$.serviceTier'],
        'usage_residency': ['$.inference_geo'],
        'stated_cost': ['$.cost.total_cost', '$.cost'],
        'audio_seconds': ['$.seconds', '$.billable_audio_seconds'],
        'video_seconds': ['$.duration_seconds']
    }) }}
{%- endmacro %}

{#- Unit class to what of usage_parts is its quantity. A request has a fee of its own where the vendor says how much it searched for it. Groq
    bills at least ten seconds of sound for a request that has any (genai-prices 0.2.3). -#}
{% macro usage_units() -%}
    {{ return({
        'web_searches': 'searches', 'priced_requests': 'case when search_context is not null then 1 end', 'rerank_searches': 'cohere_searches', 'input_audio_seconds': "case when raw_provider = 'groq' and audio_seconds > 0 then greatest(audio_seconds, 10) else audio_seconds end",
        'output_video_seconds': 'video_seconds', 'input_characters': 'characters', 'input_document_pages': 'pages', 'output_images': 'images'
    }) }}
{%- endmacro %}
