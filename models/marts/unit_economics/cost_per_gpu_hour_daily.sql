{%- set states = [
    'productive', 'allocated_unused', 'activity_unknown', 'stranded', 'free_healthy', 'free_drained', 'free_failed', 'free_not_seen',
    'not_delivered',
] -%}
{%- set terms = ['usage_date', 'vendor', 'accelerator_type', 'purchase_option', 'region_id', 'cost_status', 'billing_currency'] -%}
{%- set known_cost = 'case when summed.unpriced_gpu_hours = 0 then summed.node_cost end' -%}
{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}

-- The price of an hour on three bases (paid, held, busy) at effective, list and contracted cost, each with its numerator and denominator. Whole node cost, since nobody can rent the accelerator
-- without its node; what nobody held or used is in the numerator of each.
with hours as (

    select * from {{ ref('fct_gpu_hours') }}
    where {{ in_dirty_days('usage_date') }}

),

summed as (

    select
        {{ terms | join(', ') }},
        cast(sum(gpu_hours) as decimal(38, 9)) as paid_gpu_hours,
        cast(coalesce(sum(case when hours_state in ('productive', 'allocated_unused', 'activity_unknown') then gpu_hours end), 0) as decimal(38, 9))
            as allocated_gpu_hours,
        {%- for state in states %}
        cast(coalesce(sum(case when hours_state = '{{ state }}' then gpu_hours end), 0) as decimal(38, 9)) as {{ state }}_gpu_hours,
        {%- endfor %}
        cast(sum(node_cost) as decimal(38, 12)) as node_cost,
        cast(sum(accelerator_cost) as decimal(38, 12)) as gpu_part_cost,
        cast(coalesce(sum(case when hours_state = 'productive' then node_cost end), 0) as decimal(38, 12)) as productive_cost,
        cast(sum(unpriced_gpu_hours) as decimal(38, 9)) as unpriced_gpu_hours,
        cast(sum(list_cost) as decimal(38, 12)) as list_cost,
        cast(sum(list_priced_gpu_hours) as decimal(38, 9)) as list_priced_gpu_hours,
        cast(sum(contracted_cost) as decimal(38, 12)) as contracted_cost,
        cast(sum(contract_priced_gpu_hours) as decimal(38, 9)) as contract_priced_gpu_hours
    from hours
    group by {{ terms | join(', ') }}

)

select
    summed.*,
    {{ unit_rate(known_cost, 'summed.paid_gpu_hours') }} as cost_per_paid_gpu_hour,
    {{ unit_rate(known_cost, 'summed.allocated_gpu_hours') }} as cost_per_allocated_gpu_hour,
    {{ unit_rate(known_cost, 'summed.productive_gpu_hours') }} as cost_per_productive_gpu_hour,
    {%- for kind, hours in [('list', 'list'), ('contracted', 'contract')] %}
    {{ unit_rate('summed.' ~ kind ~ '_cost', 'summed.' ~ hours ~ '_priced_gpu_hours') }} as {{ kind }}_cost_per_paid_gpu_hour,
    {%- for part in ['allocated', 'productive'] %}
    -- what was paid at another price is in none of them: the whole of the hours, or no rate
    {{ unit_rate(
        'case when summed.' ~ hours ~ '_priced_gpu_hours = summed.paid_gpu_hours then summed.' ~ kind ~ '_cost end',
        'summed.' ~ part ~ '_gpu_hours'
    ) }} as {{ kind }}_cost_per_{{ part }}_gpu_hour,
    {%- endfor %}
    {%- endfor %}
    rates.to_currency as reporting_currency,
    rates.rate_set,
    {{ reporting_cost('summed.node_cost', 'rates.rate') }} as node_reporting_cost
from summed
left join {{ ref('dim_currency_rates') }} as rates
    on
        summed.billing_currency = rates.from_currency
        and summed.usage_date = rates.rate_date
        and rates.is_reporting_rate
