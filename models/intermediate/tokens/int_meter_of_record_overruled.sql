{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}
{%- set next_day = "cast(meter_days.usage_date + interval 1 day as date)" %}

-- A call counts once, however many meters saw it (T18). Requests that another row counts instead, for one of two reasons:
--   declared_scope  the scope's meter of record is declared, and this is another meter;
--   same_response   another row has the same response id of the vendor. The row that counts is the one with known usage, then of the
--                   meter with the highest priority.
-- Attempts and fallbacks have answers, so response ids, of their own: each stays (T15). Rows without a response id are compared with
-- nothing: only a declared scope can overrule them.
-- A call around midnight may be logged on two days. The row of the earlier day then counts, so that a day never depends on what arrives
-- for the day after it.
-- Where no two meters can have seen the same calls, `compared` and `declared_days` are empty and no request is read.
with declared_days as (
    select distinct meter_days.usage_date
    from {{ ref('int_meter_days') }} as meter_days
    inner join {{ ref('stg_reference__meters_of_record') }} as scopes
        on meter_days.usage_date >= scopes.valid_from and meter_days.usage_date < scopes.valid_to and meter_days.meter <> scopes.meter
    where {{ in_dirty_days('meter_days.usage_date') }}
),

request_scopes as (
    select distinct
        requests.usage_date,
        requests.meter,
        coalesce(requests.raw_provider, '') as raw_provider,
        coalesce(requests.project_id, '') as project_id,
        coalesce(requests.team, '') as team,
        coalesce(lower(requests.environment), '') as environment
    from {{ ref('int_requests_unioned') }} as requests
    inner join declared_days on requests.usage_date = declared_days.usage_date
    where {{ in_dirty_days('requests.usage_date') }}
),

-- The most specific scope holds: a project is more specific than a team, that than an environment, that than a provider.
scopes_matched as (
    select
        request_scopes.*,
        scopes.meter as record_meter,
        row_number() over (
            partition by request_scopes.usage_date, request_scopes.meter, request_scopes.raw_provider, request_scopes.project_id,
                request_scopes.team, request_scopes.environment
            order by scopes.project_id desc, scopes.team desc, scopes.environment desc, scopes.provider_id desc, scopes.valid_from desc
        ) as rank
    from request_scopes
    left join {{ ref('provider_aliases') }} as aliases on request_scopes.raw_provider = aliases.raw_provider
    inner join {{ ref('stg_reference__meters_of_record') }} as scopes
        on request_scopes.usage_date >= scopes.valid_from and request_scopes.usage_date < scopes.valid_to
        and scopes.provider_id in ('', coalesce(aliases.provider_id, request_scopes.raw_provider))
        and scopes.project_id in ('', request_scopes.project_id)
        and scopes.team in ('', request_scopes.team)
        and scopes.environment in ('', request_scopes.environment)
),

overruled_by_scope as (
    select requests.usage_date, requests.meter, requests.feed, requests.request_id, scopes_matched.record_meter
    from {{ ref('int_requests_unioned') }} as requests
    inner join scopes_matched
        on requests.usage_date = scopes_matched.usage_date
        and requests.meter = scopes_matched.meter
        and coalesce(requests.raw_provider, '') = scopes_matched.raw_provider
        and coalesce(requests.project_id, '') = scopes_matched.project_id
        and coalesce(requests.team, '') = scopes_matched.team
        and coalesce(lower(requests.environment), '') = scopes_matched.environment
    where scopes_matched.rank = 1 and scopes_matched.record_meter <> requests.meter
        and {{ in_dirty_days('requests.usage_date') }}
),

-- Meters of a day, and of the evening before it.
seen as (
    select
        meter_days.usage_date as judged_date,
        false as is_of_day_before,
        meter_days.usage_date,
        meter_days.meter,
        meter_days.raw_provider,
        meter_days.provider_id,
        priorities.priority,
        priorities.knows_provider,
        priorities.repeats_calls,
        meter_days.requests
    from {{ ref('int_meter_days') }} as meter_days
    inner join {{ ref('meter_priorities') }} as priorities on meter_days.meter = priorities.meter
    where {{ in_dirty_days('meter_days.usage_date') }}
    union all
    select
        {{ next_day }} as judged_date,
        true as is_of_day_before,
        meter_days.usage_date,
        meter_days.meter,
        meter_days.raw_provider,
        meter_days.provider_id,
        priorities.priority,
        priorities.knows_provider,
        priorities.repeats_calls,
        meter_days.requests
    from {{ ref('int_meter_days') }} as meter_days
    inner join {{ ref('meter_priorities') }} as priorities on meter_days.meter = priorities.meter
    where priorities.reaches_next_day and {{ in_dirty_days(next_day) }}
),

-- What two meters share is in the smaller one, too: only its calls are looked up in the larger, which no grouping then has to hold. Of any two
-- at least one is looked up, so which of them it is changes how much is held and never what is found.
compared as (
    select
        ours.judged_date, ours.is_of_day_before, ours.usage_date, ours.meter, ours.raw_provider, ours.priority, ours.repeats_calls,
        max(case when ours.requests > others.requests and not ours.repeats_calls then 0 else 1 end) = 1 as is_smaller
    from seen as ours
    inner join seen as others
        on ours.judged_date = others.judged_date
        and (ours.meter <> others.meter or ours.repeats_calls)
        and (ours.provider_id = others.provider_id or not ours.knows_provider or not others.knows_provider)
    group by
        ours.judged_date, ours.is_of_day_before, ours.usage_date, ours.meter, ours.raw_provider, ours.priority, ours.repeats_calls
),

candidates as (
    select
        compared.judged_date,
        compared.is_smaller,
        compared.is_of_day_before,
        compared.priority,
        compared.repeats_calls,
        requests.usage_date,
        requests.meter,
        requests.feed,
        requests.request_id,
        requests.response_id,
        requests.requested_at,
        requests.dq_status = 'missing_usage' as lacks_usage
    from {{ ref('int_requests_unioned') }} as requests
    inner join compared
        on requests.usage_date = compared.usage_date
        and requests.meter = compared.meter
        and coalesce(requests.raw_provider, '') = compared.raw_provider
    left join overruled_by_scope as overruled
        on requests.usage_date = overruled.usage_date
        and requests.meter = overruled.meter
        and requests.feed = overruled.feed
        and requests.request_id = overruled.request_id
    where requests.response_id is not null
        and overruled.request_id is null
        and (
            not compared.is_of_day_before
            or (
                requests.requested_at >= cast(compared.judged_date as timestamp) - interval 10 minutes
                and requests.dq_status <> 'missing_usage'
            )
        )
),

shared as (
    select distinct judged_date, response_id
    from candidates
    where is_smaller
),

ranked as (
    select
        candidates.*,
        row_number() over calls as rank,
        first_value(candidates.meter) over calls as record_meter
    from candidates
    inner join shared on candidates.judged_date = shared.judged_date and candidates.response_id = shared.response_id
    window calls as (
        partition by candidates.judged_date, candidates.response_id
        order by
            candidates.is_of_day_before desc,
            candidates.lacks_usage asc,
            candidates.priority asc,
            candidates.requested_at asc,
            candidates.meter asc,
            candidates.feed asc,
            candidates.request_id asc
    )
)

select usage_date, meter, feed, request_id, record_meter, 'declared_scope' as reason
from overruled_by_scope
union all
select usage_date, meter, feed, request_id, record_meter, 'same_response' as reason
from ranked
where rank > 1 and not is_of_day_before and (meter <> record_meter or repeats_calls)
