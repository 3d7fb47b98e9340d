-- The report's input tokens leave out what was cached; all classes are disjoint as delivered. The default workspace has no id.
select
    _feed as feed,
    _load_id as load_id,
    starting_at as bucket_start,
    ending_at as bucket_end,
    coalesce(workspace_id, 'default') as project_id,
    api_key_id,
    model as raw_model,
    case when service_tier = 'batch' then 'standard' else coalesce(lower(service_tier), 'standard') end as service_tier,
    coalesce(service_tier = 'batch', false) as is_batch,
    inference_geo as residency,
    speed,
    context_window,
    uncached_input_tokens as input_uncached_tokens,
    coalesce(cache_read_input_tokens, 0) as input_cache_read_tokens,
    coalesce(cache_creation_5m_input_tokens, 0) as input_cache_write_5m_tokens,
    coalesce(cache_creation_1h_input_tokens, 0) as input_cache_write_1h_tokens,
    coalesce(output_tokens, 0) as output_total_tokens,
    coalesce(web_search_requests, 0) as web_searches
from {{ source('anthropic', 'anthropic_usage_messages') }}
