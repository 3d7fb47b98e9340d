-- Anthropic's cost reports as FOCUS: one charge per day, workspace and meter of the Console's report, or per group of the enterprise one.
-- The Console's report has no list price, no Priority Tier and no credits; the enterprise one is after discounts and before credits.
-- Neither names an invoice or a quantity.
with reported as (
    select
        feed, bucket_start, bucket_end, feed as organization_id, workspace_id, cast(null as varchar) as api_key_id,
        cast(null as varchar) as product, cast(null as varchar) as slack_channel_id, amount, cast(null as decimal(38, 12)) as list_amount,
        currency, description, cost_type, raw_model, token_type, service_tier, cast(null as varchar) as speed, context_window,
        inference_geo, 'Claude API' as service_name, 'cost_report' as report
    from {{ ref('stg_anthropic__costs') }}
    union all
    select
        feed, bucket_start, bucket_end, organization_id, workspace_id, api_key_id, product, slack_channel_id, amount, list_amount,
        currency, cast(null as varchar) as description, cost_type, raw_model, token_type, service_tier, speed, context_window,
        inference_geo, case when workspace_id is null and api_key_id is null then 'Claude Enterprise' else 'Claude API' end as service_name,
        'analytics' as report
    from {{ ref('stg_anthropic__analytics_costs') }}
),

labelled as (
    select
        reported.*,
        classes.token_direction,
        classes.token_cache_action,
        {{ hash_key([
            'reported.report', 'reported.feed', 'reported.bucket_start', 'reported.bucket_end', 'reported.organization_id',
            'reported.workspace_id', 'reported.api_key_id', 'reported.product', 'reported.slack_channel_id', 'reported.amount',
            'reported.list_amount', 'reported.currency', 'reported.description', 'reported.cost_type', 'reported.raw_model',
            'reported.token_type', 'reported.service_tier', 'reported.speed', 'reported.context_window', 'reported.inference_geo'
        ]) }} as content_key
    from reported
    left join {{ ref('billing_token_labels') }} as labels
        on labels.provider_id = 'anthropic' and reported.token_type = labels.label
    left join {{ ref('billing_token_classes') }} as classes on labels.billing_token_class = classes.billing_token_class
    where {{ at_focus_days('reported.bucket_start') }}
),

lines as (
    select
        {{ bill_line({
            'feed': 'feed',
            'charge_date': 'cast(bucket_start as date)',
            'content_key': 'content_key',
            'billed_cost': 'amount',
            'billing_account_id': 'organization_id',
            'billing_account_type': "'Organization'",
            'billing_currency': 'currency',
            'billing_period_end': "date_trunc('month', bucket_start) + interval '1' month",
            'billing_period_start': "date_trunc('month', bucket_start)",
            'charge_category': "'Usage'",
            'charge_description': "coalesce(description, product, cost_type)",
            'charge_frequency': "'Usage-Based'",
            'charge_period_end': 'bucket_end',
            'charge_period_start': 'bucket_start',
            'credential_id': 'api_key_id',
            'effective_cost': 'amount',
            'invoice_issuer_name': "'Anthropic, PBC'",
            'list_cost': 'list_amount',
            'provider_name': "'Anthropic'",
            'service_name': 'service_name',
            'sku_meter': "coalesce(description, concat_ws(', ', raw_model, coalesce(token_type, cost_type)))",
            'sub_account_id': 'coalesce(workspace_id, product)',
            'sub_account_type': "case when workspace_id is not null then 'Workspace' when product is not null then 'Product' end",
            'x_model_id': 'raw_model',
            'x_service_tier': 'service_tier',
            'x_token_cache_action': 'token_cache_action',
            'x_token_direction': 'token_direction',
        }) }}
    from labelled
),

{{ charges_of_lines('lines', 'anthropic') }}
