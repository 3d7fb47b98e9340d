{{ config(
    materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail', meta={'replace_by': 'usage_date'}
) }}
{%- set classes = ['input_uncached_tokens', 'input_cache_read_tokens', 'input_cache_write_tokens', 'output_tokens'] %}
{%- set scope = ['usage_date', 'provider_id', 'model_id', 'project_id'] %}

-- What each meter saw, beside what counts. A request meter is compared with the vendor's report of the same day, model and project
-- where the vendor reports that day, else with the meters of record; a vendor's report is compared with the meters of record. Answers
-- of a gateway's own cache, and failures that used nothing, have no tokens here: no vendor served any.
with requests as (

    select
        requests.usage_date,
        requests.provider_id,
        coalesce(requests.model_id, 'none') as model_id,
        coalesce(requests.project_id, 'none') as project_id,
        requests.meter,
        requests.is_of_record,
        requests.pricing_status <> 'not_billable' as is_served,
        -- a failure without use has no answer, so no id that another meter could know it by
        requests.is_of_record and requests.is_failed and requests.response_id is null
        and coalesce(requests.input_total_tokens, 0) + coalesce(requests.output_total_tokens, 0) = 0 as is_failure_without_id,
        requests.list_cost,
        requests.cost_currency,
        {{ tokens_of('uncached', 'requests') }} as input_uncached_tokens,
        {{ tokens_of('cache_read', 'requests') }} as input_cache_read_tokens,
        {{ tokens_of('cache_write', 'requests') }} as input_cache_write_tokens,
        {{ tokens_of('output', 'requests') }} as output_tokens
    from {{ ref('fct_inference_requests') }} as requests
    where {{ in_dirty_days('requests.usage_date') }}

),

request_meters as (

    select
        {{ scope | join(', ') }},
        meter,
        false as is_vendor_report,
        count(*) as requests,
        {%- for class in classes %}
        sum(case when is_served then coalesce({{ class }}, 0) else 0 end) as {{ class }},
        sum(case when is_served and is_of_record then coalesce({{ class }}, 0) else 0 end) as record_{{ class }},
        {%- endfor %}
        sum(list_cost) as list_cost,
        count(case when is_of_record then 1 end) as requests_of_record,
        count(case when is_failure_without_id then 1 end) as failures_without_id,
        sum(case when is_of_record then list_cost end) as list_cost_of_record,
        max(cost_currency) as cost_currency
    from requests
    group by {{ scope | join(', ') }}, meter

),

meters as (

    select * from request_meters
    union all
    select
        {{ scope | join(', ') }},
        meter,
        true as is_vendor_report,
        requests,
        {%- for class in classes %}
        {{ class }},
        0 as record_{{ class }},
        {%- endfor %}
        null as list_cost,
        0 as requests_of_record,
        0 as failures_without_id,
        null as list_cost_of_record,
        null as cost_currency
    from {{ ref('int_vendor_usage_daily') }}
    where {{ in_dirty_days('usage_date') }}

),

of_record as (

    select
        {{ scope | join(', ') }}
        {%- for class in classes %},
        sum(record_{{ class }}) as {{ class }}
        {%- endfor %}
    from meters
    group by {{ scope | join(', ') }}

),

reported as (

    select
        {{ scope | join(', ') }}
        {%- for class in classes %},
        sum({{ class }}) as {{ class }}
        {%- endfor %}
    from meters
    where is_vendor_report
    group by {{ scope | join(', ') }}

),

reported_days as (

    select distinct usage_date, provider_id
    from reported

),

request_meters_of_day as (

    select usage_date, provider_id, count(distinct meter) as request_meters
    from request_meters
    group by usage_date, provider_id

),

compared as (

    select
        meters.*,
        case when of_day.request_meters > 1 then meters.failures_without_id else 0 end as failures_perhaps_repeated,
        case when meters.is_vendor_report or reported_days.usage_date is null then 'meters_of_record' else 'vendor_report' end
            as compared_with
        {%- for class in classes %},
        coalesce(
            case
                when meters.is_vendor_report or reported_days.usage_date is null then of_record.{{ class }}
                else reported.{{ class }}
            end,
            0
        ) as compared_{{ class }}
        {%- endfor %}
    from meters
    {%- for other in ['of_record', 'reported'] %}
    left join {{ other }}
        on
            {% for column in scope -%}
            meters.{{ column }} = {{ other }}.{{ column }}
            {{ 'and ' if not loop.last }}
            {%- endfor %}
    {%- endfor %}
    left join request_meters_of_day as of_day on meters.usage_date = of_day.usage_date and meters.provider_id = of_day.provider_id
    left join reported_days on meters.usage_date = reported_days.usage_date and meters.provider_id = reported_days.provider_id

),

covered as (

    select
        *,
        {% for class in classes %}coalesce({{ class }}, 0){{ ' + ' if not loop.last }}{% endfor %} as all_tokens,
        {% for class in classes %}record_{{ class }}{{ ' + ' if not loop.last }}{% endfor %} as tokens_of_record,
        {% for class in classes %}compared_{{ class }}{{ ' + ' if not loop.last }}{% endfor %} as compared_tokens,
        {% for class in classes -%}
        least(coalesce({{ class }}, 0), compared_{{ class }}){{ ' + ' if not loop.last }}
        {%- endfor %} as covered_tokens
    from compared

)

select
    {{ scope | join(', ') }},
    meter,
    is_vendor_report,
    cast(requests as bigint) as requests,
    {%- for class in classes %}
    cast({{ class }} as decimal(38, 0)) as {{ class }},
    {%- endfor %}
    cast(list_cost as decimal(38, 12)) as list_cost,
    cast(requests_of_record as bigint) as requests_of_record,
    cast(failures_perhaps_repeated as bigint) as failures_perhaps_repeated,
    cast(tokens_of_record as decimal(38, 0)) as tokens_of_record,
    cast(list_cost_of_record as decimal(38, 12)) as list_cost_of_record,
    cost_currency,
    compared_with,
    cast(compared_tokens as decimal(38, 0)) as compared_tokens,
    cast(covered_tokens as decimal(38, 0)) as covered_tokens,
    cast(cast(covered_tokens as double) / nullif(cast(all_tokens as double), 0) as decimal(18, 9)) as covered_share,
    cast(cast(covered_tokens as double) / nullif(cast(compared_tokens as double), 0) as decimal(18, 9)) as covering_share
from covered
