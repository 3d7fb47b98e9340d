-- Input tokens of the vendor include cached and cache-write tokens; the disjoint parts are given beside them.
select
    _feed as feed,
    _load_id as load_id,
    make_timestamp(start_time * 1000000) as bucket_start,
    make_timestamp(end_time * 1000000) as bucket_end,
    coalesce(organization_id, _feed) as organization_id,
    project_id,
    user_id,
    api_key_id,
    model as raw_model,
    coalesce(batch, false) as is_batch,
    service_tier,
    input_tokens as input_total_tokens,
    coalesce(input_uncached_tokens, input_tokens - coalesce(input_cached_tokens, 0) - coalesce(input_cache_write_tokens, 0)) as input_uncached_tokens,
    coalesce(input_cached_tokens, 0) as input_cache_read_tokens,
    coalesce(input_cache_write_tokens, 0) as input_cache_write_tokens,
    output_tokens as output_total_tokens,
    num_model_requests as requests
from {{ source('openai', 'openai_usage_completions') }}
