{#- Seconds of a machine that a bill line counts, DECIMAL(38,9); NULL where it counts something else. `meter` is in small letters, `units` the
    alias of seed machine_time_units and `specs` of instance_specs. Google bills the parts of a machine each by its own time: the lines of its
    GPUs say how long it ran, those of its cores where it has none. -#}
{% macro machine_seconds(quantity, provider, meter, units, specs) -%}
    cast(case
        when {{ units }}.counts_accelerators or ({{ provider }} = 'Google Cloud' and ({{ meter }} like '%gpu%' or {{ meter }} like '%tpu%'))
            then cast({{ quantity }} * {{ units }}.seconds_per_unit as double) / nullif({{ specs }}.gpu_count, 0)
        when coalesce({{ provider }}, '') <> 'Google Cloud' then cast({{ quantity }} * {{ units }}.seconds_per_unit as double)
        when {{ specs }}.gpu_count = 0 and {{ meter }} like '% core%'
            then cast({{ quantity }} * {{ units }}.seconds_per_unit as double) / nullif({{ specs }}.vcpu_count, 0)
    end as decimal(38, 9))
{%- endmacro %}
