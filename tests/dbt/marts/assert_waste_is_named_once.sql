{{ config(meta={'dagster': {'ref': {'name': 'gpu_waste_daily'}}}) }}
-- Kinds of waste share no dollar: of a holder and day they are never more than what the ledger has of it, all kinds together; the two
-- marts hold each of them once; orphaned storage is never more than the storage; and what nobody held is what the ledger says of it.
{% set holder = [
    'service_provider_name', 'accelerator_type', 'team_id', 'environment', 'model_id', 'deployment_id', 'training_run_id', 'attempt_id',
    'workload_type',
] %}
{% set key = (['usage_date', 'cost_status', 'billing_currency'] + holder) | join(', ') %}
with waste as (
    select {{ key }}, sum(wasted_cost) as wasted_cost from {{ ref('int_waste_daily') }}
    group by {{ key }}
),

ledger as (
    select {{ key }}, sum(effective_cost) as effective_cost from {{ ref('fct_cost_allocation') }}
    where cost_component = 'net_unit_cost' and (attempt_id is not null or usage_state not in ('unallocated', 'stranded', 'rounding'))
        and {{ replaced_days('usage_date') }}
    group by {{ key }}
),

in_marts as (
    select billing_currency, sum(wasted_cost) as wasted_cost
    from (
        select billing_currency, wasted_cost from {{ ref('gpu_waste_daily') }}
        where waste_kind not in ('free_gpu', 'undelivered_gpu')
        union all
        select billing_currency, wasted_cost from {{ ref('idle_resources') }}
        where waste_kind not like 'orphaned%'
    ) as both_marts
    group by billing_currency
),

in_steps as (
    select billing_currency, sum(wasted_cost) as wasted_cost from waste
    group by billing_currency
),

unheld as (
    select usage_date, billing_currency, team_id, sum(wasted_cost) as wasted_cost from {{ ref('gpu_waste_daily') }}
    where waste_kind = 'free_gpu' and {{ replaced_days('usage_date') }}
    group by usage_date, billing_currency, team_id
),

unallocated as (
    select usage_date, billing_currency, team_id, sum(effective_cost) as effective_cost from {{ ref('fct_cost_allocation') }}
    where usage_state in ('unallocated', 'stranded') and allocation_step = 'gpu_telemetry' and accelerator_type is not null
        and {{ replaced_days('usage_date') }}
    group by usage_date, billing_currency, team_id
),

orphaned as (
    select billing_currency, sum(wasted_cost) as wasted_cost from {{ ref('idle_resources') }}
    where waste_kind like 'orphaned%'
    group by billing_currency
),

stored as (
    select billing_currency, sum(effective_cost) as effective_cost from {{ ref('int_storage_costs_daily') }}
    group by billing_currency
)

select
    'holder' as scope, cast(waste.usage_date as varchar) as place, waste.billing_currency, waste.wasted_cost as found,
    ledger.effective_cost as limit_or_expected
from waste
left join ledger
    on
        waste.usage_date = ledger.usage_date
        {% for column in ['cost_status', 'billing_currency'] + holder -%}
        and waste.{{ column }} is not distinct from ledger.{{ column }}
        {% endfor %}
where (ledger.effective_cost is null or waste.wasted_cost > ledger.effective_cost) and {{ replaced_days('waste.usage_date') }}
union all
select
    'marts' as scope, '' as place, in_steps.billing_currency, in_marts.wasted_cost as found, in_steps.wasted_cost as limit_or_expected
from in_steps
full outer join in_marts on in_steps.billing_currency = in_marts.billing_currency
where in_marts.wasted_cost is distinct from in_steps.wasted_cost
union all
select
    'storage' as scope, '' as place, orphaned.billing_currency, orphaned.wasted_cost as found,
    stored.effective_cost as limit_or_expected
from orphaned
left join stored on orphaned.billing_currency = stored.billing_currency
where stored.effective_cost is null or orphaned.wasted_cost > stored.effective_cost
union all
select
    'unheld' as scope, cast(coalesce(unheld.usage_date, unallocated.usage_date) as varchar) as place,
    coalesce(unheld.billing_currency, unallocated.billing_currency) as billing_currency, unheld.wasted_cost as found,
    unallocated.effective_cost as limit_or_expected
from unheld
full outer join unallocated
    on
        unheld.usage_date = unallocated.usage_date
        and unheld.billing_currency = unallocated.billing_currency
        and unheld.team_id is not distinct from unallocated.team_id
where coalesce(unheld.wasted_cost, 0) <> coalesce(unallocated.effective_cost, 0)
