-- Law 3, pitfall G2: where the hours of a machine's day come from its bill, its paid GPU-hours are the time that the bill counts times the
-- machine's accelerators. Lines of several days are left out, and days on which lines overlap (a licence beside the machine).
{{ config(meta={'dagster': {'ref': {'name': 'fct_gpu_hours'}}}) }}

with bills as (

    select
        cast(bills."ChargePeriodStart" as date) as usage_date,
        charges.machine_id as resource_id,
        bills."ChargePeriodStart" as started_at,
        bills."ChargePeriodEnd" as ended_at,
        specs.gpu_count,
        {{ machine_seconds('bills."ConsumedQuantity"', 'bills."ServiceProviderName"', 'lower(bills."SkuMeter")', 'units', 'specs') }} as billed_seconds,
        charges.last_day > cast(bills."ChargePeriodStart" as date) as is_of_several_days
    from {{ ref('int_charges_in_scope') }} as charges
    inner join {{ ref('cost_and_usage') }} as bills
        on charges.charge_id = bills."x_ChargeId" and charges.charge_date = bills."x_ChargeDate"
    inner join {{ ref('instance_specs') }} as specs on bills."x_InstanceType" = specs.instance_type and specs.gpu_count > 0
    left join {{ ref('machine_time_units') }} as units on lower(bills."ConsumedUnit") = units.billed_unit
    where charges.is_metered_use and {{ replaced_days('cast(bills."ChargePeriodStart" as date)') }}

),

spans as (

    select
        usage_date,
        resource_id,
        started_at,
        ended_at,
        max(gpu_count) as gpu_count,
        sum(billed_seconds) as billed_seconds,
        {{ seconds_between('started_at', 'ended_at') }} as span_seconds,
        -- a line that counts more than its time is of several machines
        ceil(max(billed_seconds) / {{ seconds_between('started_at', 'ended_at') }} - 0.01) as machine_count,
        max(case when is_of_several_days then 1 else 0 end) as is_of_several_days
    from bills
    group by usage_date, resource_id, started_at, ended_at

),

billed as (

    select usage_date, resource_id, sum(billed_seconds) / 3600 * max(gpu_count) as gpu_hours
    from spans
    group by usage_date, resource_id
    having
        sum(billed_seconds) > 0
        and max(is_of_several_days) = 0
        and max(case when billed_seconds > span_seconds * greatest(machine_count, 1) then 1 else 0 end) = 0
        and sum(span_seconds) <= {{ seconds_between('min(started_at)', 'max(ended_at)') }}

),

seen_by_bill_alone as (

    select usage_date, resource_id
    from {{ ref('int_node_capacity_hours') }}
    where resource_kind = 'gpu' and {{ replaced_days('usage_date') }}
    group by usage_date, resource_id
    having max(case when capacity_source <> 'instance_specs' then 1 else 0 end) = 0

),

paid as (

    select usage_date, resource_id, sum(gpu_hours) as gpu_hours
    from {{ ref('fct_gpu_hours') }}
    where hours_state <> 'not_delivered' and {{ replaced_days('usage_date') }}
    group by usage_date, resource_id

)

select billed.usage_date, billed.resource_id, billed.gpu_hours as billed_gpu_hours, paid.gpu_hours as paid_gpu_hours
from billed
inner join seen_by_bill_alone
    on billed.usage_date = seen_by_bill_alone.usage_date and billed.resource_id = seen_by_bill_alone.resource_id
left join paid on billed.usage_date = paid.usage_date and billed.resource_id = paid.resource_id
-- within-the-hour lines are taken to the second
where abs(billed.gpu_hours - coalesce(paid.gpu_hours, 0)) > 0.05
