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
)

select ours.usage_date, ours.provider_id, ours.model_id, ours.meter, others.meter as other_meter, ours.tokens as counted, others.tokens as other_counted
from counted as ours
inner join counted as others
    on ours.usage_date = others.usage_date
    and ours.provider_id = others.provider_id
    and ours.model_id = others.model_id
    and ours.meter < others.meter
inner join {{ ref('gate_thresholds') }} as thresholds
    on thresholds.check_name = 'meters_counted_twice' and thresholds.scope = '*'
where abs(ours.tokens - others.tokens) <= thresholds.threshold * greatest(ours.tokens, others.tokens)
    and greatest(ours.tokens, others.tokens) > 0
union all
select ours.usage_date, ours.provider_id, ours.model_id, ours.meter, others.meter as other_meter, ours.failures as counted, others.failures as other_counted
from counted as ours
inner join counted as others
    on ours.usage_date = others.usage_date
    and ours.provider_id = others.provider_id
    and ours.model_id = others.model_id
    and ours.meter < others.meter
where ours.failures > 0 and others.failures > 0
