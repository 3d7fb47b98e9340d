{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_transfer'}}}) }}
-- Law 4. What a rule passes on is taken where it was and given elsewhere: per rule, day, cost status, currency and provider the rows sum
-- to 0 exactly, what is taken is in the ledger under the same owners, and a rounding row only rounds.
with moved as (
    select
        rule_id, usage_date, cost_status, billing_currency, service_provider_name,
        sum(transferred_cost) as transferred_cost,
        sum(case when direction = 'rounding' then abs(transferred_cost) else 0 end) as rounding_cost,
        count(case when direction = 'rounding' then 1 end) as roundings
    from {{ ref('fct_cost_transfer') }}
    where {{ replaced_days('usage_date') }}
    group by rule_id, usage_date, cost_status, billing_currency, service_provider_name
),

given as (
    select usage_date, cost_status, billing_currency, team_id, sum(transferred_cost) as transferred_cost
    from {{ ref('fct_cost_transfer') }}
    where direction = 'given' and {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency, team_id
),

owned as (
    select usage_date, cost_status, billing_currency, team_id, sum(effective_cost) as effective_cost
    from {{ ref('fct_cost_allocation') }}
    where
        team_id is not null
        and usage_state in (select rules.usage_state from {{ ref('int_transfer_rules') }} as rules)
        and {{ replaced_days('usage_date') }}
    group by usage_date, cost_status, billing_currency, team_id
)

select rule_id as scope, usage_date, billing_currency, abs(transferred_cost) as dollars
from moved
where transferred_cost <> 0 or rounding_cost > 0.000001 or roundings > 1
union all
select given.team_id, given.usage_date, given.billing_currency, abs(given.transferred_cost + coalesce(owned.effective_cost, 0))
from given
left join owned
    on
        given.usage_date = owned.usage_date
        and given.cost_status = owned.cost_status
        and given.billing_currency = owned.billing_currency
        and given.team_id = owned.team_id
where owned.effective_cost is null or -given.transferred_cost > owned.effective_cost
