{#- Quantities of capacity: GPU-hours, core-hours, GiB-hours, DECIMAL(38,9). -#}

{#- Rounded down to 9 places, so that parts never add up to more than their whole. The addend, a millionth of the last place,
    undoes what the DOUBLE in between may lose (5 / 7 × 7). -#}
{% macro floor_quantity(expression) -%}
    cast(cast(floor(cast({{ expression }} as double) * 1000000000 + 0.001) as decimal(28, 0)) * 0.000000001 as decimal(38, 9))
{%- endmacro %}

{#- Whole seconds that [start, stop) shares with the hour that begins at `hour`; negative or 0 where they do not meet. -#}
{% macro seconds_in_hour(start, stop, hour) -%}
    {{ seconds_between('greatest(' ~ start ~ ', ' ~ hour ~ ')', 'least(' ~ stop ~ ', ' ~ hour ~ ' + interval 1 hour)') }}
{%- endmacro %}

{#- First label of a host name, the part that exporters and schedulers agree on. -#}
{% macro short_host(column) -%}
    regexp_replace({{ column }}, '[.].*$', '')
{%- endmacro %}
