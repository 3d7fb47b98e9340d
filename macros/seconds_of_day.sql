{#- Second of the UTC day, 0 to 86399, of a timestamp. -#}
{% macro seconds_of_day(column) -%}
    (hour({{ column }}) * 3600 + minute({{ column }}) * 60 + second({{ column }}))
{%- endmacro %}
