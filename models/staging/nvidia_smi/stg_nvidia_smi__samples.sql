with source as (

    select * from {{ source('nvidia_smi', 'nvidia_smi_samples') }}

),

renamed as (

    select
        timezone(time_zone, cast(replace(trim(observed_at_local), '/', '-') as timestamp)) at time zone 'UTC' as observed_at,
        _day as sample_date,
        _feed as feed,
        coalesce(nullif(trim(hostname), ''), _feed) as node_name,
        trim(uuid) as gpu_uuid,
        trim(gpu_model) as gpu_model,
        -- `85 %` and `85` are numbers, words in brackets are none
        {%- for column, name in [
            ('utilization_gpu', 'utilization_percent'), ('memory_used', 'memory_used_mib'), ('memory_total', 'memory_total_mib'),
            ('power_draw', 'power_watts')
        ] %}
        try_cast(nullif(regexp_extract(trim({{ column }}), '^[0-9.]+'), '') as double) as {{ name }},
        {%- endfor %}
        case trim(mig_mode) when 'Enabled' then true when 'Disabled' then false end as is_mig
    from source

)

select
    observed_at,
    sample_date,
    feed,
    node_name,
    gpu_uuid,
    gpu_model,
    -- drivers differ in MIG mode: most say [N/A], some 0 %, which is not idle (pitfall G7)
    case when is_mig then null else utilization_percent end as utilization_percent,
    memory_used_mib,
    memory_total_mib,
    power_watts,
    is_mig,
    case
        when utilization_percent > 100 then 'utilization_out_of_range'
        when memory_used_mib > memory_total_mib then 'memory_used_above_total'
    end as failed_check
from renamed
