{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}

-- Who saw calls to whom on a day: says, without looking at requests again, which of them another meter can have seen too.
select
    requests.usage_date,
    requests.meter,
    coalesce(requests.raw_provider, '') as raw_provider,
    max(coalesce(aliases.provider_id, requests.raw_provider, '')) as provider_id,
    count(*) as requests
from {{ ref('int_requests_unioned') }} as requests
left join {{ ref('provider_aliases') }} as aliases on requests.raw_provider = aliases.raw_provider
where {{ in_dirty_days('usage_date') }}
group by requests.usage_date, requests.meter, coalesce(requests.raw_provider, '')
