{{ config(meta={'dagster': {'ref': {'name': 'bill_vs_gateway_monthly'}}}) }}
-- The reasons between gateway and bill leave nothing unexplained, and the billed side is the ledger's.
select
    provider_id as scope,
    usage_month,
    gap_cost - (
        gateway_price_error_cost + negotiated_discount_cost + not_yet_billed_cost + unmetered_traffic_cost
        + billed_vs_contracted_cost
    ) as dollars
from {{ ref('bill_vs_gateway_monthly') }}
where
    gap_cost is distinct from gateway_price_error_cost + negotiated_discount_cost + not_yet_billed_cost
    + unmetered_traffic_cost + billed_vs_contracted_cost
