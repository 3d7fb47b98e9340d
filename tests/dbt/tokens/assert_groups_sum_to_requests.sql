{{ config(meta={'dagster': {'ref': {'name': 'int_request_groups_hourly'}}}) }}
-- Per day: groups hold every request, token and cost of the fact; token groups hold what providers meter, with the same cost where
-- everything is priced (adding before pricing and pricing before adding agree, T8).
with facts as (
    select
        usage_date,
        count(*) as requests,
        sum(input_total_tokens + output_total_tokens) as tokens,
        sum(list_cost) as list_cost,
        sum(contracted_cost) as contracted_cost,
        sum(gateway_cost) as gateway_cost,
        sum(case when pricing_status <> 'not_billable' then input_total_tokens + output_total_tokens end) as metered_tokens,
        sum(case when pricing_status = 'priced' then list_cost end) as priced_list_cost,
        count(case when pricing_status = 'unpriced' then 1 end) as unpriced_requests
    from {{ ref('fct_inference_requests') }}
    where is_of_record and {{ replaced_days('usage_date') }}
    group by usage_date
),

request_groups as (
    select
        usage_date,
        sum(requests) as requests,
        sum({% for token_class in token_class_names() %}{{ token_class }}_tokens{{ ' + ' if not loop.last }}{% endfor %}) as tokens,
        sum(list_cost) as list_cost,
        sum(contracted_cost) as contracted_cost,
        sum(gateway_cost) as gateway_cost
    from {{ ref('int_request_groups_hourly') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date
),

token_groups as (
    select
        usage_date,
        sum(case when token_class in ('{{ token_class_names() | join("', '") }}') then quantity end) as tokens,
        sum(list_cost) as list_cost
    from {{ ref('int_token_groups_hourly') }}
    where {{ replaced_days('usage_date') }}
    group by usage_date
)

select
    coalesce(facts.usage_date, request_groups.usage_date, token_groups.usage_date) as usage_date,
    facts.requests, request_groups.requests as grouped_requests,
    facts.list_cost, request_groups.list_cost as grouped_list_cost, token_groups.list_cost as token_list_cost
from facts
full outer join request_groups on facts.usage_date = request_groups.usage_date
full outer join token_groups on facts.usage_date = token_groups.usage_date
where facts.requests is distinct from request_groups.requests
    or coalesce(facts.tokens, 0) <> coalesce(request_groups.tokens, 0)
    or facts.list_cost is distinct from request_groups.list_cost
    or facts.contracted_cost is distinct from request_groups.contracted_cost
    or facts.gateway_cost is distinct from request_groups.gateway_cost
    or coalesce(facts.metered_tokens, 0) <> coalesce(token_groups.tokens, 0)
    or (facts.unpriced_requests = 0 and coalesce(facts.priced_list_cost, 0) <> coalesce(token_groups.list_cost, 0))
