{{ config(materialized='table') }}

-- Step 3 for models served on own GPUs: the productive part of a deployment over its requests by prefill and decode work.
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

class_work as (

    select *, 'input_uncached_text' as token_class, prefill_work as work from group_work
    where prefill_work > 0
    union all
    select *, 'output_text', decode_work from group_work
    where decode_work > 0

),

logged as (

    select usage_hour, deployment_id, sum(work) as work
    from class_work
    group by usage_hour, deployment_id

),

counted as (

    select
        counters.usage_hour,
        counters.deployment_id,
        cast(
            (counters.prompt_tokens - counters.cached_prompt_tokens) * cast(weights.prefill_weight as double)
            + counters.cached_prompt_tokens * cast(weights.cached_weight as double)
            + counters.generated_tokens * cast(weights.decode_weight as double)
            as decimal(38, 9)
        ) as work
    from {{ ref('int_deployment_token_work_hourly') }} as counters
    inner join weights on counters.deployment_id = weights.deployment_id
    where {{ in_charge_days('cast(counters.usage_hour as date)', ref('int_charge_hours')) }}

),

-- Divided by what the engine counted, so that a lost part of the log costs nobody else anything; only without a counter by the log.
deployment_hours as (

    select
        hours.usage_hour,
        hours.deployment_id,
        coalesce(logged.work, 0) as logged_work,
        case when counted.work > 0 then counted.work end as counted_work,
        greatest(coalesce(counted.work, 0), coalesce(logged.work, 0)) as divisor,
        coalesce(logged.work > counted.work and counted.work > 0, false) as is_over_metered
    from (select distinct usage_hour, deployment_id from serving) as hours
    left join logged
        on hours.usage_hour = logged.usage_hour and hours.deployment_id = logged.deployment_id
    left join counted
        on hours.usage_hour = counted.usage_hour and hours.deployment_id = counted.deployment_id

),

consumers as (

    select
        deployment_hours.usage_hour, deployment_hours.deployment_id, deployment_hours.divisor,
        deployment_hours.is_over_metered, deployment_hours.counted_work,
        'used' as usage_state,
        class_work.work, class_work.team_id, class_work.project_id, class_work.environment, class_work.model_id,
        class_work.customer_id, class_work.feature, class_work.api_key_id, class_work.allocation_group_id,
        class_work.token_class
    from deployment_hours
    inner join class_work
        on
            deployment_hours.usage_hour = class_work.usage_hour
            and deployment_hours.deployment_id = class_work.deployment_id
    union all
    -- An hour of work without any counter or log is whole in this row.
    select
        usage_hour, deployment_id, case when divisor > 0 then divisor else 1 end,
        is_over_metered, counted_work,
        'unmetered',
        case when divisor > 0 then divisor - logged_work else 1 end, null, null, null, null,
        null, null, null, null, null
    from deployment_hours
    where divisor > logged_work or divisor = 0

)

select
    serving.charge_id,
    serving.unit_date,
    serving.usage_hour,
    serving.usage_date,
    'measured' as placement,
    'token_work' as allocation_step,
    case when consumers.counted_work is null then 'serving_work_logged' else 'serving_work_counted' end as method,
    cast(null as varchar) as rule_id,
    'weighted_tokens' as driver,
    cast(consumers.work as decimal(38, 9)) as driver_quantity,
    serving.share_of_charge * cast(consumers.work as double) / cast(consumers.divisor as double) as share,
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
    {{ allocate('serving.billed_cost', 'consumers.work', 'consumers.divisor') }} as billed_cost,
    {{ allocate('serving.effective_cost', 'consumers.work', 'consumers.divisor') }} as effective_cost
from serving
inner join consumers
    on
        serving.usage_hour = consumers.usage_hour
        and serving.deployment_id = consumers.deployment_id
