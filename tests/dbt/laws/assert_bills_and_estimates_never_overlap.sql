{{ config(meta={'dagster': {'ref': {'name': 'fct_cost_allocation'}}}) }}
-- Law 10. Bill and estimate of one scope are never summed: where a bill is complete there is no estimate, and where it is not, what the
-- bill says already and what the estimate keeps are together the metered use at contract price, class by class. A failure is use that
-- is counted twice.
with complete as (
    select provider_id, min(open_from) as open_from
    from {{ ref('int_bill_completeness') }}
    group by provider_id
),

ledger as (
    select
        usage_date, provider_id, project_id, model_id, allocation_group_id, token_class, cost_status, billing_currency, effective_cost,
        -- One estimate a provider, project, model and day.
        max(case when cost_status = 'estimated' then 1 else 0 end)
            over (partition by usage_date, provider_id, project_id, model_id) as has_estimate
    from {{ ref('fct_cost_allocation') }}
    where
        provider_id not in ('self_hosted', 'own')
        and allocation_group_id is not null
        -- the fee of provisioned capacity is no price of use
        and method <> 'provisioned_by_tokens'
        and {{ replaced_days('usage_date') }}
),

summed as (
    select
        usage_date, provider_id, allocation_group_id, token_class,
        sum(effective_cost) as cost, count(distinct billing_currency) as currencies
    from ledger
    where has_estimate = 1
    group by usage_date, provider_id, allocation_group_id, token_class
)

select
    ledger.usage_date,
    ledger.provider_id as scope,
    cast(null as varchar) as allocation_group_id,
    sum(ledger.effective_cost) as dollars
from ledger
inner join complete on ledger.provider_id = complete.provider_id and ledger.usage_date < complete.open_from
where ledger.cost_status = 'estimated'
group by ledger.usage_date, ledger.provider_id
union all
select
    summed.usage_date,
    summed.provider_id,
    summed.allocation_group_id,
    abs(summed.cost - coalesce(token_groups.contracted_cost, 0))
from summed
inner join {{ ref('int_token_groups_hourly') }} as token_groups
    on
        summed.usage_date = token_groups.usage_date
        and summed.allocation_group_id = token_groups.allocation_group_id
        and summed.token_class = token_groups.token_class
where
    token_groups.contracted_cost is not null
    and (summed.cost is distinct from token_groups.contracted_cost or summed.currencies <> 1)
