{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'x_ChargeDate'}) }}

-- All bills, their units in the specification's spelling. A feed that is declared superseded bills what another feed bills, too: its lines stay in the raw tables and count nowhere.
-- The pipeline leaves out bills of which it holds no line: planning the hundred columns of a source costs half a second.
{%- set bills = {
    'focus': (ref('focus_focus__charges'), [ref('stg_focus__charges')]),
    'aws_cur': (ref('focus_aws_cur__charges'), [ref('stg_aws_cur__line_items')]),
    'openai': (ref('focus_openai_costs__charges'), [ref('stg_openai__costs')]),
    'azure': (ref('focus_azure__charges'), [ref('stg_azure__costs')]),
    'gcp': (ref('focus_gcp__charges'), [ref('stg_gcp__charges')]),
    'anthropic': (ref('focus_anthropic__charges'), [ref('stg_anthropic__costs'), ref('stg_anthropic__analytics_costs')]),
    'gpu_assets': (ref('focus_gpu_assets__charges'), [ref('stg_reference__gpu_assets')]),
} %}
{%- set used = [] %}
{%- for charges, lines in bills.values() %}
    {%- set has_lines = namespace(any=not execute or target.name != 'pipeline') %}
    {%- for staged in lines if not has_lines.any %}{% set has_lines.any = raw_rows_behind(staged) %}{% endfor %}
    {%- if has_lines.any %}{% do used.append(charges) %}{% endif %}
{%- endfor %}
with charges as (

    {%- for charges in used or bills.values() | map('first') %}
    select * from {{ charges }}
    where {{ in_dirty_days('x_ChargeDate') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

superseded as (

    select * from {{ ref('stg_reference__bill_feeds') }}
    where treatment = 'superseded'

)

select
    {%- for column, _ in focus_columns() %}
    {{ {
        'ConsumedUnit': 'coalesce(consumed.focus_unit, charges.ConsumedUnit) as ConsumedUnit',
        'PricingUnit': 'coalesce(priced.focus_unit, charges.PricingUnit) as PricingUnit',
        'CommitmentDiscountUnit': 'coalesce(committed.focus_unit, charges.CommitmentDiscountUnit) as CommitmentDiscountUnit'
    }.get(column, 'charges.' ~ column) }}{{ ',' if not loop.last }}
    {%- endfor %}
from charges
left join {{ ref('focus_units') }} as consumed on lower(charges.ConsumedUnit) = consumed.billed_unit
left join {{ ref('focus_units') }} as priced on lower(charges.PricingUnit) = priced.billed_unit
left join {{ ref('focus_units') }} as committed on lower(charges.CommitmentDiscountUnit) = committed.billed_unit
left join superseded
    on
        charges.x_Source = superseded.source
        and charges.x_Feed = superseded.feed
        and (superseded.billing_account_id = '*' or charges.BillingAccountId = superseded.billing_account_id)
        and charges.x_ChargeDate >= superseded.valid_from
        and charges.x_ChargeDate < superseded.valid_to
where superseded.source is null
