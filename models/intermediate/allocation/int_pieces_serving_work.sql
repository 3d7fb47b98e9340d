{{ config(materialized='table') }}

-- Step 3 for models served on own GPUs: the productive part of a deployment over its requests by prefill and decode work, measured in
-- time where its engines do, else by declared weights of tokens.
with serving as (

    select
        charge_id, unit_date, usage_hour, usage_date, team_id, environment, deployment_id, workload_type,
        max(model_id) as model_id,
        max(activity_signal) as activity_signal,
        cast(sum(cast(share as decimal(38, 15))) as double) as share_of_charge,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('int_pieces_gpu_telemetry') }}
    where is_split_further
    group by charge_id, unit_date, usage_hour, usage_date, team_id, environment, deployment_id, workload_type

),

deployments as (

    select distinct deployment_id from serving

),

-- A deployment's own weights, else those of `*`.
weights as (

    select
        deployments.deployment_id,
        coalesce(own.prefill_weight, usual.prefill_weight) as prefill_weight,
        coalesce(own.decode_weight, usual.decode_weight) as decode_weight,
        coalesce(own.cached_weight, usual.cached_weight) as cached_weight
    from deployments
    left join {{ ref('serving_work_weights') }} as own on deployments.deployment_id = own.deployment_id
    inner join {{ ref('serving_work_weights') }} as usual on usual.deployment_id = '*'

),

-- What the engines counted, and how long prefill and decode took where all of them measured it.
counted as (

    select
        counters.usage_hour,
        counters.deployment_id,
        coalesce(counters.prefill_seconds + counters.decode_seconds > 0, false) as is_measured,
        counters.prefill_seconds,
        counters.decode_seconds,
        cast(
            (counters.prompt_tokens - counters.cached_prompt_tokens) * cast(weights.prefill_weight as double)
            + counters.cached_prompt_tokens * cast(weights.cached_weight as double)
            as decimal(38, 9)
        ) as prefill_work,
        cast(counters.generated_tokens * cast(weights.decode_weight as double) as decimal(38, 9)) as decode_work
    from {{ ref('int_deployment_token_work_hourly') }} as counters
    inner join weights on counters.deployment_id = weights.deployment_id
    where {{ in_charge_days('counters.usage_date', ref('int_charge_hours')) }}

),

-- Prefill and decode apart, so that each has its own unit cost.
group_work as (

    select
        request_groups.usage_hour, request_groups.deployment_id, request_groups.team_id, request_groups.project_id,
        request_groups.environment, request_groups.model_id, request_groups.customer_id, request_groups.feature,
        request_groups.api_key_id, request_groups.allocation_group_id,
        cast(
            ({{ tokens_of('uncached', 'request_groups') }} + {{ tokens_of('cache_write', 'request_groups') }})
            * cast(weights.prefill_weight as double)
            + {{ tokens_of('cache_read', 'request_groups') }} * cast(weights.cached_weight as double)
            as decimal(38, 9)
        ) as prefill_work,
        cast(
            {{ tokens_of('output', 'request_groups') }} * cast(weights.decode_weight as double)
            as decimal(38, 9)
        ) as decode_work
    from {{ ref('int_request_groups_hourly') }} as request_groups
    inner join weights on request_groups.deployment_id = weights.deployment_id
    where
        request_groups.provider_id = 'self_hosted'
        and {{ in_charge_days('request_groups.usage_date', ref('int_charge_hours')) }}

),

logged as (

    select usage_hour, deployment_id, sum(prefill_work) as prefill_work, sum(decode_work) as decode_work
    from group_work
    group by usage_hour, deployment_id

),

-- Each class is divided by what the engines counted of it, so that a lost part of the log costs nobody else anything; only without a
-- counter by the log. A class weighs the time that it took (G13: request times overlap in a batch, only their ratio is used), else its
-- tokens by declared weights.
class_hours as (
    {% for token_class, phase in [('input_uncached_text', 'prefill'), ('output_text', 'decode')] %}
    select
        hours.usage_hour,
        hours.deployment_id,
        '{{ token_class }}' as token_class,
        coalesce(counted.is_measured, false) as is_measured,
        coalesce(counted.prefill_work + counted.decode_work > 0, false) as is_counted,
        coalesce(counted.{{ phase }}_work > 0 and logged.{{ phase }}_work > counted.{{ phase }}_work, false) as is_over_metered,
        coalesce(logged.{{ phase }}_work, 0) as logged_work,
        greatest(coalesce(counted.{{ phase }}_work, 0), coalesce(logged.{{ phase }}_work, 0)) as class_work,
        case
            when counted.is_measured then counted.{{ phase }}_seconds
            else greatest(coalesce(counted.{{ phase }}_work, 0), coalesce(logged.{{ phase }}_work, 0))
        end as class_weight
    from (select distinct usage_hour, deployment_id from serving) as hours
    left join logged
        on hours.usage_hour = logged.usage_hour and hours.deployment_id = logged.deployment_id
    left join counted
        on hours.usage_hour = counted.usage_hour and hours.deployment_id = counted.deployment_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

class_work as (

    select *, 'input_uncached_text' as token_class, prefill_work as work from group_work
    where prefill_work > 0
    union all
    select *, 'output_text', decode_work from group_work
    where decode_work > 0

),

used as (

    select
        class_hours.usage_hour, class_hours.deployment_id, class_hours.token_class, class_hours.is_measured,
        class_hours.is_counted, class_hours.is_over_metered, class_hours.class_weight,
        'used' as usage_state,
        case
            when class_hours.is_measured then cast(
                cast(class_work.work as double) * cast(class_hours.class_weight as double)
                / cast(class_hours.class_work as double) as decimal(38, 9)
            )
            else class_work.work
        end as work,
        class_work.team_id, class_work.project_id, class_work.environment, class_work.model_id,
        class_work.customer_id, class_work.feature, class_work.api_key_id, class_work.allocation_group_id
    from class_hours
    inner join class_work
        on
            class_hours.usage_hour = class_work.usage_hour
            and class_hours.deployment_id = class_work.deployment_id
            and class_hours.token_class = class_work.token_class

),

-- What the engines counted and nobody logged. Not what is left after `used`: seconds are cut at nine places there.
unmetered as (

    select
        class_hours.*,
        case
            when class_hours.is_measured and class_hours.logged_work > 0 then cast(
                cast(class_hours.class_weight as double) * cast(class_hours.class_work - class_hours.logged_work as double)
                / cast(class_hours.class_work as double) as decimal(38, 9)
            )
            else class_hours.class_weight - class_hours.logged_work
        end as work
    from class_hours

),

idle_counters as (

    select usage_hour, deployment_id
    from class_hours
    group by usage_hour, deployment_id
    having sum(class_weight) = 0

),

consumers as (

    select
        usage_hour, deployment_id, token_class, is_measured, is_counted, is_over_metered, usage_state, work, team_id, project_id,
        environment, model_id, customer_id, feature, api_key_id, allocation_group_id
    from used
    union all
    select
        usage_hour, deployment_id, token_class, is_measured, is_counted, is_over_metered, 'unmetered', work, null, null,
        null, null, null, null, null, null
    from unmetered
    where work > 0
    union all
    -- An hour of work without any counter or log is whole in this row.
    select
        usage_hour, deployment_id, null, false, false, false, 'unmetered', 1, null, null,
        null, null, null, null, null, null
    from idle_counters

),

-- Of the hour and not of the log: cut seconds would move with every request that the log lost, and everybody's cost with them.
divisors as (

    select
        usage_hour,
        deployment_id,
        case when sum(class_weight) > 0 then sum(class_weight) else 1 end as divisor
    from class_hours
    group by usage_hour, deployment_id

)

select
    serving.charge_id,
    serving.unit_date,
    serving.usage_hour,
    serving.usage_date,
    'measured' as placement,
    'token_work' as allocation_step,
    case
        when consumers.is_measured then 'serving_time_measured'
        when consumers.is_counted then 'serving_work_counted'
        else 'serving_work_logged'
    end as method,
    cast(null as varchar) as rule_id,
    case when consumers.is_measured then 'inference_seconds' else 'weighted_tokens' end as driver,
    cast(consumers.work as decimal(38, 9)) as driver_quantity,
    serving.share_of_charge * cast(consumers.work as double) / cast(divisors.divisor as double) as share,
    consumers.usage_state,
    case when coalesce(consumers.team_id, serving.team_id) is null then 'workload_without_owner' end as remainder_reason,
    cast(null as varchar) as resource_kind,
    serving.activity_signal,
    coalesce(consumers.team_id, serving.team_id) as team_id,
    consumers.project_id,
    coalesce(consumers.environment, serving.environment) as environment,
    coalesce(consumers.model_id, serving.model_id) as model_id,
    serving.deployment_id,
    cast(null as varchar) as training_run_id,
    cast(null as varchar) as attempt_id,
    consumers.customer_id,
    consumers.feature,
    consumers.api_key_id,
    consumers.token_class,
    serving.workload_type,
    consumers.allocation_group_id,
    consumers.is_over_metered,
    {{ allocate('serving.billed_cost', 'consumers.work', 'divisors.divisor') }} as billed_cost,
    {{ allocate('serving.effective_cost', 'consumers.work', 'divisors.divisor') }} as effective_cost
from serving
inner join consumers
    on
        serving.usage_hour = consumers.usage_hour
        and serving.deployment_id = consumers.deployment_id
inner join divisors
    on
        serving.usage_hour = divisors.usage_hour
        and serving.deployment_id = divisors.deployment_id
