{%- set dimensions = [
    'charge_category', 'cost_component', 'allocation_step', 'method', 'usage_state', 'remainder_reason', 'service_provider_name',
    'service_name', 'invoice_issuer_name', 'billing_account_id', 'sub_account_id', 'billing_period_start', 'ai_scope', 'accelerator_type', 'provider_id',
    'team_id', 'project_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id', 'customer_id', 'feature',
    'token_class',
] -%}
{%- set of_charge = [
    'charge_category', 'cost_component', 'service_provider_name', 'service_name', 'invoice_issuer_name', 'billing_account_id',
    'sub_account_id', 'billing_period_start', 'ai_scope', 'accelerator_type',
] -%}
{{ config(materialized='view') }}

-- The ledger in the reporting currency. Converted pieces are rounded each by itself; what they miss of the converted day of their
-- charge is a row of its own, so that they add up to it.
with converted as (

    select
        ledger.charge_id,
        ledger.usage_date,
        ledger.cost_status,
        ledger.billing_currency,
        rates.rate_set,
        rates.rate,
        rates.is_fallback,
        {% for column in dimensions %}ledger.{{ column }}, {% endfor %}
        ledger.billed_cost,
        ledger.effective_cost,
        {{ reporting_cost('ledger.billed_cost', 'rates.rate') }} as billed_reporting_cost,
        {{ reporting_cost('ledger.effective_cost', 'rates.rate') }} as effective_reporting_cost
    from {{ ref('fct_cost_allocation') }} as ledger
    left join {{ ref('dim_currency_rates') }} as rates
        on
            ledger.billing_currency = rates.from_currency
            and ledger.usage_date = rates.rate_date
            and rates.is_reporting_rate

),

parents as (

    select
        charge_id, usage_date, cost_status, billing_currency, rate_set, rate, is_fallback,
        {% for column in of_charge %}min({{ column }}) as {{ column }}, {% endfor %}
        {{ reporting_cost('sum(billed_cost)', 'rate') }} - sum(billed_reporting_cost) as billed_reporting_cost,
        {{ reporting_cost('sum(effective_cost)', 'rate') }} - sum(effective_reporting_cost) as effective_reporting_cost
    from converted
    where rate_set <> 'identity'
    group by charge_id, usage_date, cost_status, billing_currency, rate_set, rate, is_fallback

)

select
    charge_id,
    usage_date,
    cost_status,
    billing_currency,
    '{{ var("report_currency") }}' as reporting_currency,
    rate_set,
    rate,
    is_fallback,
    false as is_currency_rounding,
    {% for column in dimensions %}{{ column }}, {% endfor %}
    billed_cost,
    effective_cost,
    cast(billed_reporting_cost as decimal(38, 12)) as billed_reporting_cost,
    cast(effective_reporting_cost as decimal(38, 12)) as effective_reporting_cost
from converted
union all
select
    charge_id,
    usage_date,
    cost_status,
    billing_currency,
    '{{ var("report_currency") }}',
    rate_set,
    rate,
    is_fallback,
    true,
    {% for column in dimensions -%}
        {%- if column in of_charge -%} {{ column }},
        {%- elif column in ('method', 'usage_state') -%} 'rounding',
        {%- else -%} null, {%- endif %} {% endfor %}
    cast(0 as decimal(38, 12)),
    cast(0 as decimal(38, 12)),
    cast(billed_reporting_cost as decimal(38, 12)),
    cast(effective_reporting_cost as decimal(38, 12))
from parents
where billed_reporting_cost <> 0 or effective_reporting_cost <> 0
