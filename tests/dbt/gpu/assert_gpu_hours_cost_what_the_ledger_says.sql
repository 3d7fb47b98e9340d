-- The cost of accelerator-hours is what telemetry split of the charges of nodes with accelerators, by day and currency: the pieces that the
-- ledger is made of (assert_ledger_conserves_every_charge ties those to the charges), but for its rounding rows.
{{ config(meta={'dagster': {'ref': {'name': 'fct_gpu_hours'}}}) }}

with hours as (

    select usage_date, billing_currency, sum(node_cost) as cost
    from {{ ref('fct_gpu_hours') }}
    where hours_state <> 'not_delivered' and {{ replaced_days('usage_date') }}
    group by usage_date, billing_currency

),

pieces as (

    select pieces.usage_date, charges.billing_currency, sum(pieces.effective_cost) as cost
    from {{ ref('int_pieces_gpu_telemetry') }} as pieces
    inner join {{ ref('int_charges_in_scope') }} as charges on pieces.charge_id = charges.charge_id
    inner join {{ ref('int_node_capacity_hours') }} as capacity
        on pieces.usage_hour = capacity.usage_hour and charges.machine_id = capacity.resource_id and capacity.resource_kind = 'gpu'
    where {{ replaced_days('pieces.usage_date') }}
    group by pieces.usage_date, charges.billing_currency

)

select
    coalesce(hours.usage_date, pieces.usage_date) as usage_date,
    coalesce(hours.billing_currency, pieces.billing_currency) as billing_currency,
    hours.cost,
    pieces.cost as pieces_cost
from hours
full outer join pieces on hours.usage_date = pieces.usage_date and hours.billing_currency = pieces.billing_currency
where coalesce(hours.cost, 0) <> coalesce(pieces.cost, 0)
