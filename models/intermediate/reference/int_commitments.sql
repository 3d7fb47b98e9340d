-- A contract over all its rows: each of them is an amount with an end of its own.
select
    contract_id,
    min(kind) as kind,
    min(invoice_issuer_name) as invoice_issuer_name,
    min(billing_account_id) as billing_account_id,
    min(currency) as currency,
    sum(committed_amount) as committed_amount,
    sum(committed_quantity) as committed_quantity,
    min(quantity_unit) as quantity_unit,
    min(fulfilment) as fulfilment,
    min(match_field) as match_field,
    min(match_value) as match_value,
    min(purchase) as purchase,
    min(drawdown) as drawdown,
    min(unit_id) as unit_id,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to
from {{ ref('stg_reference__commitments') }}
group by contract_id
