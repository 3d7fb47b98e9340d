{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'x_ChargeDate'}) }}

select * from {{ ref('focus_focus__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
union all
select * from {{ ref('focus_aws_cur__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
union all
select * from {{ ref('focus_openai_costs__charges') }} where {{ in_dirty_days('x_ChargeDate') }}
