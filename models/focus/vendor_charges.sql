{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'x_ChargeDate'}) }}

-- All bills, their units in the specification's spelling. A feed that is declared superseded bills what another feed bills, too: its lines stay in the raw tables and count nowhere.
with charges as (

    select * from {{ ref('focus_focus__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
    union all
    select * from {{ ref('focus_aws_cur__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
    union all
    select * from {{ ref('focus_openai_costs__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
    union all
    select * from {{ ref('focus_azure__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
    union all
    select * from {{ ref('focus_gcp__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
    union all
    select * from {{ ref('focus_anthropic__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
    union all
    select * from {{ ref('focus_gpu_assets__charges') }} where {{ in_dirty_days('x_ChargeDate') }}

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
where
    not exists (
        select 1
        from superseded
        where
            charges.x_Source = superseded.source
            and charges.x_Feed = superseded.feed
            and (superseded.billing_account_id = '*' or charges.BillingAccountId = superseded.billing_account_id)
            and charges.x_ChargeDate >= superseded.valid_from
            and charges.x_ChargeDate < superseded.valid_to
    )
