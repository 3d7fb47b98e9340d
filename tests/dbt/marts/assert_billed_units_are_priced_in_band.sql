{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'billed_use_daily'}}}) }}
-- T20, T21. What a billed unit costs lies between a fifth and five times what the price list says of the same model and class. Outside
-- lies a unit that was read wrong (1K for 1M, cents for dollars): quantities are then off by a thousand, and the line is unmetered.
with billed as (
    select
        provider_id, model_id, billing_token_class, billing_currency,
        cast(sum(effective_cost) as double) / nullif(cast(sum(billed_quantity) as double), 0) as unit_price
    from {{ ref('billed_use_daily') }}
    where billed_quantity > 0 and effective_cost > 0 and {{ replaced_days('charge_date') }}
    group by provider_id, model_id, billing_token_class, billing_currency
),

listed as (
    select
        provider_id, model_id, billing_token_class, cost_currency,
        cast(sum(list_cost) as double) / nullif(cast(sum(quantity) as double), 0) as unit_price
    from {{ ref('int_token_groups_hourly') }}
    where list_cost > 0 and {{ replaced_days('usage_date') }}
    group by provider_id, model_id, billing_token_class, cost_currency
)

select billed.provider_id, billed.model_id, billed.billing_token_class, billed.unit_price, listed.unit_price as list_unit_price
from billed
inner join listed
    on
        billed.provider_id = listed.provider_id
        and billed.model_id = listed.model_id
        and billed.billing_token_class = listed.billing_token_class
        and billed.billing_currency = listed.cost_currency
where billed.unit_price > 5 * listed.unit_price or billed.unit_price < 0.2 * listed.unit_price
