{{ config(materialized='incremental', incremental_strategy='replace_days', meta={'replace_by': 'usage_date'}) }}
{#- The best witness of a node's capacity wins for each hour: Kubernetes, then OpenShift's report, then the instance type on
    the bill (GPU nodes and nodes that a scheduler knows), then the GPUs that DCGM sees, then what its holders claim. What the bill counts
    is all that there was: the time of a longer line is where the machine was seen on its day, the rest of it even over the line. -#}

with kube_nodes as (

    select * from {{ ref('int_nodes') }}
    where {{ in_dirty_days('usage_date') }}

),

slurm_hours as (

    select * from {{ ref('int_slurm_resource_hours') }}
    where {{ in_dirty_days('usage_date') }}

),

hosts as (

    select * from {{ ref('stg_reference__machines') }}

),

billed as (

    select
        coalesce("x_MachineId", "ResourceId") as resource_id,
        "x_InstanceType" as instance_type,
        cast("ChargePeriodStart" as timestamp) as started_at,
        cast("ChargePeriodEnd" as timestamp) as ended_at,
        "ServiceProviderName" as provider,
        lower("SkuMeter") as meter,
        "ConsumedQuantity" as quantity,
        lower("ConsumedUnit") as unit
    from {{ ref('cost_and_usage') }}
    where "ChargeCategory" = 'Usage'
        and "ResourceId" is not null
        and "x_InstanceType" is not null
        -- what nobody ran on is no node
        and coalesce("CommitmentDiscountStatus", 'Used') <> 'Unused'
        and coalesce("CapacityReservationStatus", 'Used') <> 'Unused'
        and "ChargePeriodEnd" > "ChargePeriodStart"
        and {{ overlaps_dirty_days(
            'cast("ChargePeriodStart" as date)', 'cast("ChargePeriodEnd" - interval 1 second as date)'
        ) }}

),

counted as (

    select
        billed.*,
        specs.gpu_count,
        specs.vcpu_count as core_count,
        specs.memory_gib,
        -- an instance that ran for a part of the time is billed for that part
        {{ machine_seconds('billed.quantity', 'billed.provider', 'billed.meter', 'units', 'specs') }} as billed_seconds,
        {{ seconds_between('billed.started_at', 'billed.ended_at') }} as span_seconds,
        billed.ended_at <= cast({{ dbt.date_trunc('hour', 'billed.started_at') }} as timestamp) + interval 1 hour as is_within_hour
    from billed
    inner join {{ ref('instance_specs') }} as specs on billed.instance_type = specs.instance_type
    left join {{ ref('machine_time_units') }} as units on billed.unit = units.billed_unit
    where
        specs.gpu_count > 0
        or billed.resource_id in (select slurm_hours.resource_id from slurm_hours)

),

billed_nodes as (

    select
        *,
        -- a line that counts more than its time is of several machines
        greatest(1, coalesce(ceil(cast(billed_seconds as double) / span_seconds - 0.01), 1)) as machine_count
    from counted

),

bounds as (

    select
        min(first_at) as first_at,
        max(last_at) as last_at
    from (
        select cast(min(usage_date) as timestamp) as first_at, cast(max(usage_date) as timestamp) + interval 1 day as last_at
        from kube_nodes
        union all
        select date_trunc('hour', min(started_at)) as first_at, max(ended_at) as last_at from billed_nodes
    ) as spans

),

hours as (

    select
        usage_hour,
        cast(usage_hour as date) as usage_date
    from ({{ hour_spine('(select first_at from bounds)', '(select last_at from bounds)') }}) as spine
    where {{ in_dirty_days('cast(usage_hour as date)') }}

),

kube_hours as (

    select
        kube_nodes.usage_date,
        hours.usage_hour,
        kube_nodes.resource_id,
        kube_nodes.node_name,
        kube_nodes.instance_type,
        kube_nodes.gpu_count,
        kube_nodes.core_count,
        kube_nodes.memory_gib,
        kube_nodes.accelerator_type,
        kube_nodes.feed,
        kube_nodes.present_from,
        kube_nodes.present_until,
        {{ seconds_in_hour('kube_nodes.present_from', 'kube_nodes.present_until', 'hours.usage_hour') }} as present_seconds
    from kube_nodes
    inner join hours
        on
            kube_nodes.usage_date = hours.usage_date
            and kube_nodes.present_from < hours.usage_hour + interval 1 hour
            and kube_nodes.present_until > hours.usage_hour

),

-- What the way of cutting leaves to nobody, for as long as each way stood.
stranded_hours as (

    select
        kube_hours.usage_hour,
        kube_hours.resource_id,
        sum({{ floor_quantity('geometries.stranded_gpus * ' ~ seconds_between(
            'greatest(geometries.held_from, kube_hours.present_from, kube_hours.usage_hour)',
            'least(geometries.held_until, kube_hours.present_until, kube_hours.usage_hour + interval 1 hour)'
        ) ~ ' / 3600.0') }}) as stranded_quantity
    from kube_hours
    inner join {{ ref('int_node_geometries') }} as geometries
        on
            kube_hours.usage_date = geometries.usage_date
            and kube_hours.feed = geometries.feed
            and kube_hours.node_name = geometries.node_name
            and greatest(geometries.held_from, kube_hours.present_from, kube_hours.usage_hour)
            < least(geometries.held_until, kube_hours.present_until, kube_hours.usage_hour + interval 1 hour)
    where {{ in_dirty_days('geometries.usage_date') }}
    group by kube_hours.usage_hour, kube_hours.resource_id

),

-- Nodes that take no work: cordoned or not ready, as the share of the hour's observations that say so.
drained_hours as (

    select
        observations.usage_hour,
        kube_nodes.resource_id,
        cast(count(distinct case when observations.is_drained = 1 then observations.observed_at end) as decimal(9, 0))
        / count(distinct observations.observed_at) as drained_share
    from (
        select
            usage_date,
            feed,
            node_name,
            observed_at,
            cast({{ dbt.date_trunc('hour', 'observed_at') }} as timestamp) as usage_hour,
            case
                when metric = 'kube_node_spec_unschedulable' and value = 1 then 1
                when metric = 'kube_node_status_condition' and node_condition = 'Ready' and condition_status = 'true' and value = 0 then 1
                else 0
            end as is_drained
        from {{ ref('int_kube_observations') }}
        where {{ in_dirty_days('usage_date') }} and {{ in_dirty_days_or_before('sample_date') }}
            and metric in ('kube_node_spec_unschedulable', 'kube_node_status_condition')
    ) as observations
    inner join kube_nodes
        on
            observations.usage_date = kube_nodes.usage_date
            and observations.feed = kube_nodes.feed
            and observations.node_name = kube_nodes.node_name
    group by observations.usage_hour, kube_nodes.resource_id
    having max(observations.is_drained) = 1

),

failed_hours as (

    select usage_hour, {{ short_host('node_name') }} as host, count(distinct gpu_uuid) as failed_gpus
    from {{ ref('int_device_hours') }}
    where {{ in_dirty_days('usage_date') }} and failure_xid is not null
    group by usage_hour, {{ short_host('node_name') }}

),

claims as (

    select usage_date, usage_hour, resource_id, node_name, resource_kind, claimed_quantity,
        cast(null as {{ dbt.type_string() }}) as instance_type
    from slurm_hours
    union all
    select usage_date, usage_hour, resource_id, node_name, resource_kind, claimed_quantity, null
    from {{ ref('int_pod_resource_hours') }}
    where {{ in_dirty_days('usage_date') }}
    union all
    select usage_date, usage_hour, resource_id, node_name, resource_kind, claimed_quantity, null
    from {{ ref('int_openshift_resource_hours') }}
    where {{ in_dirty_days('usage_date') }} and resource_kind = 'gpu'
    union all
    select usage_date, usage_hour, resource_id, node_name, resource_kind, claimed_quantity, null
    from {{ ref('int_opencost_resource_hours') }}
    where {{ in_dirty_days('usage_date') }}
    union all
    select usage_date, usage_hour, resource_id, node_name, resource_kind, claimed_quantity, instance_type
    from {{ ref('int_sagemaker_resource_hours') }}
    where {{ in_dirty_days('usage_date') }}

),

claimed_hours as (

    select
        usage_date,
        usage_hour,
        resource_id,
        max(node_name) as node_name,
        max(instance_type) as instance_type,
        resource_kind,
        sum(claimed_quantity) as claimed_quantity
    from claims
    group by usage_date, usage_hour, resource_id, resource_kind

),

openshift_hours as (

    select
        usage_date,
        interval_started_at as usage_hour,
        resource_id,
        max(node_name) as node_name,
        max(node_core_hours) as core_hours,
        max(node_gib_hours) as gib_hours
    from {{ ref('stg_openshift__pod_usage') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, interval_started_at, resource_id

),

-- Most lines lie within an hour: only the longer ones are compared with each hour.
short_lines as (

    select
        hours.usage_date,
        hours.usage_hour,
        billed_nodes.resource_id,
        max(billed_nodes.instance_type) as instance_type,
        max(billed_nodes.gpu_count) as gpu_count,
        max(billed_nodes.core_count) as core_count,
        max(billed_nodes.memory_gib) as memory_gib,
        max(billed_nodes.machine_count) as machine_count,
        sum(round(cast(billed_nodes.billed_seconds as double))) as billed_seconds,
        max({{ seconds_in_hour('billed_nodes.started_at', 'billed_nodes.ended_at', 'hours.usage_hour') }}) as hour_seconds
    from billed_nodes
    inner join hours on cast({{ dbt.date_trunc('hour', 'billed_nodes.started_at') }} as timestamp) = hours.usage_hour
    where billed_nodes.is_within_hour
    group by hours.usage_date, hours.usage_hour, billed_nodes.resource_id

),

long_lines as (

    select
        resource_id,
        started_at,
        ended_at,
        span_seconds,
        max(instance_type) as instance_type,
        max(gpu_count) as gpu_count,
        max(core_count) as core_count,
        max(memory_gib) as memory_gib,
        max(machine_count) as machine_count,
        cast(sum(billed_seconds) as double) as billed_seconds
    from billed_nodes
    where not is_within_hour
    group by resource_id, started_at, ended_at, span_seconds

),

seen_hours as (

    select usage_hour, resource_id, 'seconds' as seen_by, sum(present_seconds) as seen_quantity
    from kube_hours
    group by usage_hour, resource_id
    union all
    select usage_hour, resource_id, 'seconds' as seen_by, 3600 as seen_quantity
    from openshift_hours
    union all
    select usage_hour, resource_id, resource_kind as seen_by, claimed_quantity as seen_quantity
    from claimed_hours

),

-- a line of several days has no day whose witnesses would know all of it
placed_hours as (

    select
        hours.usage_date,
        hours.usage_hour,
        long_lines.resource_id,
        long_lines.started_at,
        long_lines.ended_at,
        max(long_lines.span_seconds * long_lines.machine_count) as span_seconds,
        max(long_lines.instance_type) as instance_type,
        max(long_lines.gpu_count) as gpu_count,
        max(long_lines.core_count) as core_count,
        max(long_lines.memory_gib) as memory_gib,
        max(long_lines.machine_count) as machine_count,
        max(long_lines.billed_seconds) as billed_seconds,
        max(long_lines.machine_count * {{ seconds_in_hour('long_lines.started_at', 'long_lines.ended_at', 'hours.usage_hour') }}) as hour_seconds,
        coalesce(max(case seen_hours.seen_by
            when 'seconds' then seen_hours.seen_quantity
            when 'gpu' then 3600 * cast(seen_hours.seen_quantity as double) / nullif(long_lines.gpu_count, 0)
            when 'cpu' then 3600 * cast(seen_hours.seen_quantity as double) / nullif(long_lines.core_count, 0)
            when 'memory' then 3600 * cast(seen_hours.seen_quantity as double) / nullif(long_lines.memory_gib, 0)
        end), 0) as seen_seconds
    from long_lines
    inner join hours
        on
            long_lines.started_at < hours.usage_hour + interval 1 hour
            and long_lines.ended_at > hours.usage_hour
    left join seen_hours
        on
            long_lines.resource_id = seen_hours.resource_id
            and hours.usage_hour = seen_hours.usage_hour
            and cast(long_lines.started_at as date) = cast(long_lines.ended_at - interval 1 second as date)
    group by hours.usage_date, hours.usage_hour, long_lines.resource_id, long_lines.started_at, long_lines.ended_at

),

seen_lines as (

    select
        *,
        least(seen_seconds, hour_seconds) as seen_in_hour,
        sum(least(seen_seconds, hour_seconds)) over (partition by resource_id, started_at, ended_at) as seen_in_line
    from placed_hours

),

billed_hours as (

    select
        usage_date, usage_hour, resource_id, instance_type, gpu_count, core_count, memory_gib, machine_count, billed_seconds, hour_seconds
    from short_lines
    union all
    select
        usage_date,
        usage_hour,
        resource_id,
        instance_type,
        gpu_count,
        core_count,
        memory_gib,
        machine_count,
        case
            when billed_seconds is null then null
            when billed_seconds <= seen_in_line then seen_in_hour * billed_seconds / seen_in_line
            else
                seen_in_hour + (hour_seconds - seen_in_hour) * (least(billed_seconds, span_seconds) - seen_in_line)
                / (span_seconds - seen_in_line)
        end as billed_seconds,
        hour_seconds
    from seen_lines

),

billed_present as (

    select
        usage_date,
        usage_hour,
        resource_id,
        max(instance_type) as instance_type,
        max(gpu_count) as gpu_count,
        max(core_count) as core_count,
        max(memory_gib) as memory_gib,
        least(3600 * max(machine_count), coalesce(sum(billed_seconds), max(hour_seconds))) as present_seconds
    from billed_hours
    group by usage_date, usage_hour, resource_id

),

billed_witness as (

    select
        billed_present.*,
        coalesce(hosts.host, billed_present.resource_id) as node_name
    from billed_present
    left join hosts
        on
            billed_present.resource_id = hosts.resource_id
            and billed_present.usage_date >= hosts.valid_from
            and billed_present.usage_date < hosts.valid_to

),

device_hours as (

    select
        usage_date,
        usage_hour,
        node_name,
        max(gpu_model) as gpu_model,
        cast(count(distinct gpu_uuid) as decimal(38, 9)) as gpu_count
    from {{ ref('int_gpu_activity_hourly') }}
    where {{ in_dirty_days('usage_date') }}
    group by usage_date, usage_hour, node_name

),

-- GPUs that an OpenShift report names; those that no pod held are not in it.
openshift_devices as (

    select
        gpus.usage_date,
        gpus.interval_started_at as usage_hour,
        coalesce(nodes.resource_id, gpus.node_name) as resource_id,
        max(gpus.node_name) as node_name,
        max(gpus.gpu_model) as gpu_model,
        cast(count(distinct gpus.gpu_uuid) as decimal(38, 9)) as gpu_count
    from {{ ref('stg_openshift__gpu_usage') }} as gpus
    left join (
        select usage_date, feed, node_name, max(resource_id) as resource_id
        from {{ ref('stg_openshift__pod_usage') }}
        where {{ in_dirty_days('usage_date') }}
        group by usage_date, feed, node_name
    ) as nodes
        on gpus.usage_date = nodes.usage_date and gpus.feed = nodes.feed and gpus.node_name = nodes.node_name
    where {{ in_dirty_days('gpus.usage_date') }}
    group by gpus.usage_date, gpus.interval_started_at, coalesce(nodes.resource_id, gpus.node_name)

),

witnesses as (

    {%- for kind, column in [('gpu', 'gpu_count'), ('cpu', 'core_count'), ('memory', 'memory_gib')] %}
    select
        1 as precedence,
        usage_date,
        usage_hour,
        resource_id,
        node_name,
        instance_type,
        '{{ kind }}' as resource_kind,
        cast({{ column }} * present_seconds / 3600.0 as decimal(38, 9)) as capacity_quantity,
        cast(null as {{ dbt.type_string() }}) as gpu_model
    from kube_hours
    where present_seconds > 0

    union all

    select
        3 as precedence,
        usage_date,
        usage_hour,
        resource_id,
        node_name,
        instance_type,
        '{{ kind }}' as resource_kind,
        cast({{ column }} * present_seconds / 3600.0 as decimal(38, 9)) as capacity_quantity,
        cast(null as {{ dbt.type_string() }}) as gpu_model
    from billed_witness
    where present_seconds > 0

    union all
    {%- endfor %}
    {%- for kind, column in [('cpu', 'core_hours'), ('memory', 'gib_hours')] %}

    select
        2 as precedence,
        usage_date,
        usage_hour,
        resource_id,
        node_name,
        cast(null as {{ dbt.type_string() }}) as instance_type,
        '{{ kind }}' as resource_kind,
        {{ column }} as capacity_quantity,
        cast(null as {{ dbt.type_string() }}) as gpu_model
    from openshift_hours

    union all
    {%- endfor %}

    -- hosts that Kubernetes knows are counted there
    select
        4 as precedence,
        device_hours.usage_date,
        device_hours.usage_hour,
        coalesce(hosts.resource_id, device_hours.node_name) as resource_id,
        device_hours.node_name,
        cast(null as {{ dbt.type_string() }}) as instance_type,
        'gpu' as resource_kind,
        device_hours.gpu_count as capacity_quantity,
        device_hours.gpu_model
    from device_hours
    left join hosts
        on
            {{ short_host('device_hours.node_name') }} = hosts.host
            and device_hours.usage_date >= hosts.valid_from
            and device_hours.usage_date < hosts.valid_to
    left join kube_nodes as by_name
        on device_hours.usage_date = by_name.usage_date
            and {{ short_host('device_hours.node_name') }} = {{ short_host('by_name.node_name') }}
    left join kube_nodes as by_id
        on device_hours.usage_date = by_id.usage_date and device_hours.node_name = by_id.resource_id
    where by_name.node_name is null and by_id.node_name is null

    union all

    select
        4 as precedence,
        usage_date,
        usage_hour,
        resource_id,
        node_name,
        cast(null as {{ dbt.type_string() }}) as instance_type,
        'gpu' as resource_kind,
        gpu_count as capacity_quantity,
        gpu_model
    from openshift_devices

    union all

    select
        5 as precedence,
        usage_date,
        usage_hour,
        resource_id,
        node_name,
        instance_type,
        resource_kind,
        claimed_quantity as capacity_quantity,
        cast(null as {{ dbt.type_string() }}) as gpu_model
    from claimed_hours

),

capacities as (

    select * from witnesses
    where capacity_quantity > 0

),

-- What any witness knows of the machine in the hour.
machines as (

    select
        usage_hour,
        resource_id,
        max(instance_type) as instance_type,
        max(gpu_model) as gpu_model
    from capacities
    group by usage_hour, resource_id

),

-- A machine that the bill alone knows of is not here: nobody saw it all day.
seen as (

    select distinct usage_date, resource_id
    from capacities
    where precedence <> 3

),

ranked as (

    select
        *,
        row_number() over (partition by usage_hour, resource_id, resource_kind order by precedence, node_name) as witness_rank
    from capacities

)

select
    ranked.usage_date,
    ranked.usage_hour,
    ranked.resource_id,
    ranked.node_name,
    machines.instance_type,
    coalesce(specs.accelerator_type, known_nodes.accelerator_type, names.accelerator_type) as accelerator_type,
    ranked.resource_kind,
    ranked.capacity_quantity,
    case
        when ranked.resource_kind = 'gpu' then cast(least(coalesce(stranded_hours.stranded_quantity, 0), ranked.capacity_quantity) as decimal(38, 9))
        else 0
    end as stranded_quantity,
    cast(coalesce(drained_hours.drained_share, 0) as decimal(9, 6)) as drained_share,
    cast(case when ranked.resource_kind = 'gpu' then coalesce(failed_hours.failed_gpus, 0) else 0 end as decimal(38, 9)) as failed_quantity,
    seen.resource_id is not null as was_seen,
    cast(case ranked.resource_kind
        when 'gpu' then coalesce(specs.gpu_unit_weight, other.gpu_unit_weight)
        when 'cpu' then coalesce(specs.cpu_unit_weight, other.cpu_unit_weight)
        else coalesce(specs.memory_unit_weight, other.memory_unit_weight)
    end as decimal(38, 9)) as unit_weight,
    case ranked.precedence
        when 1 then 'kube_state_metrics' when 2 then 'openshift' when 3 then 'instance_specs' when 4 then 'devices' else 'claims'
    end as capacity_source
from ranked
inner join machines on ranked.usage_hour = machines.usage_hour and ranked.resource_id = machines.resource_id
left join seen on ranked.usage_date = seen.usage_date and ranked.resource_id = seen.resource_id
left join {{ ref('instance_specs') }} as specs on machines.instance_type = specs.instance_type
left join {{ ref('instance_specs') }} as other on other.instance_type = '*'
left join {{ ref('accelerator_names') }} as names on machines.gpu_model = names.device_name
left join (
    select usage_date, resource_id, max(accelerator_type) as accelerator_type
    from kube_nodes
    group by usage_date, resource_id
) as known_nodes
    on ranked.usage_date = known_nodes.usage_date and ranked.resource_id = known_nodes.resource_id
left join stranded_hours
    on ranked.usage_hour = stranded_hours.usage_hour and ranked.resource_id = stranded_hours.resource_id and ranked.precedence = 1
left join drained_hours
    on ranked.usage_hour = drained_hours.usage_hour and ranked.resource_id = drained_hours.resource_id
left join failed_hours
    on ranked.usage_hour = failed_hours.usage_hour and {{ short_host('ranked.node_name') }} = failed_hours.host
where ranked.witness_rank = 1
