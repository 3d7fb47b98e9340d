{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- Storage that names a run or a dataset, by resource. The ledger has no resource: its charges of this run are at hand.
select
    ledger.usage_date,
    ledger.cost_status,
    ledger.billing_currency,
    ledger.service_provider_name,
    charges.resource_id,
    ledger.dataset_id,
    ledger.training_run_id,
    ledger.team_id,
    cast(sum(ledger.effective_cost) as decimal(38, 12)) as effective_cost
from {{ ref('fct_cost_allocation') }} as ledger
inner join {{ ref('int_charges_in_scope') }} as charges on ledger.charge_id = charges.charge_id
inner join {{ ref('int_charge_subjects') }} as subjects on ledger.charge_id = subjects.charge_id
where
    {{ in_dirty_days('ledger.usage_date') }}
    and subjects.resource_kind = 'storage'
    and ledger.allocation_step in ('direct', 'shared')
group by
    ledger.usage_date, ledger.cost_status, ledger.billing_currency, ledger.service_provider_name, charges.resource_id,
    ledger.dataset_id, ledger.training_run_id, ledger.team_id
