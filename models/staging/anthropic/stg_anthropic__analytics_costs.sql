-- Amounts are cents, after discounts and before credits.
select
    _feed as feed,
    _load_id as load_id,
    starting_at as bucket_start,
    coalesce(ending_at, starting_at + interval 1 day) as bucket_end,
    coalesce(organization_id, _feed) as organization_id,
    workspace_id,
    api_key_id,
    product,
    slack_channel_id,
    {{ vendor_cents('amount') }} as amount,
    {{ vendor_cents('list_amount') }} as list_amount,
    upper(currency) as currency,
    cost_type,
    model as raw_model,
    token_type,
    lower(service_tier) as service_tier,
    speed,
    context_window,
    inference_geo
from {{ source('anthropic', 'anthropic_analytics_costs') }}
