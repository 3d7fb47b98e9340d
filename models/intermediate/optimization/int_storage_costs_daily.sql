{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- Storage by resource. The ledger has no resource: its charges of this run are at hand.
select
    ledger.usage_date,
    ledger.cost_status,
    ledger.billing_currency,
    ledger.service_provider_name,
    {{ provider_resource_id('charges.resource_id') }} as resource_id,
    ledger.dataset_id,
    ledger.training_run_id,
    ledger.team_id,
    cast(sum(ledger.effective_cost) as decimal(38, 12)) as effective_cost
from {{ ref('fct_cost_allocation') }} as ledger
inner join {{ ref('int_charges_in_scope') }} as charges on ledger.charge_id = charges.charge_id
inner join {{ ref('int_resource_kinds') }} as kinds
    on
        charges.service_category is not distinct from kinds.service_category
        and charges.sku_meter is not distinct from kinds.sku_meter
        and kinds.resource_kind = 'storage'
where {{ in_dirty_days('ledger.usage_date') }} and charges.is_metered_use
group by
    ledger.usage_date, ledger.cost_status, ledger.billing_currency, ledger.service_provider_name,
    {{ provider_resource_id('charges.resource_id') }}, ledger.dataset_id, ledger.training_run_id, ledger.team_id
