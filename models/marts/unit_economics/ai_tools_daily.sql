{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- Seats and subscriptions: what is paid for them (billed), and what their logged use would have cost at API prices (imputed). The two
-- are rows of different `cost_basis`, because an imputed cost was never spent (T24).
select
    usage_date,
    'billed' as cost_basis,
    coalesce(service_provider_name, 'unknown') as service_provider_name,
    coalesce(service_name, 'unknown') as service_name,
    coalesce(team_id, 'none') as team_id,
    cost_status,
    billing_currency,
    cast(sum(effective_cost) as decimal(38, 12)) as billed_cost,
    cast(null as decimal(38, 12)) as imputed_list_cost,
    cast(null as bigint) as requests,
    cast(null as decimal(38, 0)) as total_tokens
from {{ ref('fct_cost_allocation') }}
where ai_scope = 'ai_tools' and {{ in_dirty_days('usage_date') }}
group by
    usage_date, coalesce(service_provider_name, 'unknown'), coalesce(service_name, 'unknown'), coalesce(team_id, 'none'), cost_status,
    billing_currency
union all
select
    requests.usage_date,
    'imputed',
    coalesce(scopes.service_provider_name, requests.provider_id),
    'subscription use',
    coalesce(requests.team_id, 'none'),
    'estimated',
    requests.cost_currency,
    null,
    cast(sum(requests.shadow_list_cost) as decimal(38, 12)),
    count(*),
    cast(coalesce(sum(requests.input_total_tokens + requests.output_total_tokens), 0) as decimal(38, 0))
from {{ ref('fct_inference_requests') }} as requests
left join {{ ref('meter_scopes') }} as scopes on requests.provider_id = scopes.provider_id
where requests.is_of_record and requests.service_tier = 'subscription' and {{ in_dirty_days('requests.usage_date') }}
group by
    requests.usage_date, coalesce(scopes.service_provider_name, requests.provider_id), coalesce(requests.team_id, 'none'),
    requests.cost_currency
