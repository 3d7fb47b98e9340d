{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'meter_coverage_daily'}}}) }}
-- T18: two meters without response ids in common both count until meters_of_record.csv declares one. Where the tokens that two of them
-- count of one model and day are as good as equal, they very likely saw the same calls: declare the meter of record of that scope
-- (docs/operating.md). Failures without an answer have neither tokens nor ids: where two meters of a provider have some, what both saw is
-- counted in each. A warning: equal use of two applications does happen.
with counted as (
    select
        usage_date, provider_id, model_id, meter, sum(tokens_of_record) as tokens,
        sum(failures_perhaps_repeated) as failures
    from {{ ref('meter_coverage_daily') }}
    where not is_vendor_report and requests_of_record > 0 and {{ replaced_days('usage_date') }}
    group by usage_date, provider_id, model_id, meter
),

pairs as (
    select
        ours.usage_date, ours.provider_id, ours.model_id, ours.meter, others.meter as other_meter, ours.tokens, others.tokens as other_tokens,
        ours.failures, others.failures as other_failures
    from counted as ours
    inner join counted as others
        on ours.usage_date = others.usage_date
        and ours.provider_id = others.provider_id
        and ours.model_id = others.model_id
        and ours.meter < others.meter
)

select pairs.*
from pairs
inner join {{ ref('gate_thresholds') }} as thresholds
    on thresholds.check_name = 'meters_counted_twice' and thresholds.scope = '*'
where (
    abs(pairs.tokens - pairs.other_tokens) <= thresholds.threshold * greatest(pairs.tokens, pairs.other_tokens)
    and greatest(pairs.tokens, pairs.other_tokens) > 0
) or (pairs.failures > 0 and pairs.other_failures > 0)
