-- Amounts are cents. The default workspace has no id.
select
    _feed as feed,
    _load_id as load_id,
    starting_at as bucket_start,
    coalesce(ending_at, starting_at + interval 1 day) as bucket_end,
    coalesce(workspace_id, 'default') as workspace_id,
    {{ vendor_cents('amount') }} as amount,
    upper(currency) as currency,
    description,
    coalesce(cost_type, 'tokens') as cost_type,
    model as raw_model,
    token_type,
    lower(service_tier) as service_tier,
    context_window,
    inference_geo
from {{ source('anthropic', 'anthropic_costs') }}
