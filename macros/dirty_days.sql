{#- Conditions on the set of days that this run rebuilds. A set, not a range; no set means all days.
    A table that is built anew reads everything whatever the set, so that it never starts with holes. -#}

{#- Whether this model, in this run, replaces some days of what it already holds. -#}
{% macro replaces_days() -%}
    {%- if not execute or var('dirty_days') is none or flags.FULL_REFRESH -%} {{ return(false) }} {%- endif -%}
    {%- if config.get('materialized') not in ('incremental', 'parquet_days') -%} {{ return(false) }} {%- endif -%}
    {{ return(load_relation(this) is not none) }}
{%- endmacro %}

{% macro in_dirty_days(column) -%}
    {%- if replaces_days() -%}
        {{ column }} in ({{ dirty_day_literals() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- `column` is a DATE on the first of a month. -#}
{% macro in_dirty_months(column) -%}
    {%- if replaces_days() -%}
        {{ column }} in ({{ dirty_month_literals() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- For rows that cover an interval: true when any dirty day lies in [first_day, last_day]. -#}
{% macro overlaps_dirty_days(first_day, last_day) -%}
    {%- if replaces_days() -%}
        ({% for day in var('dirty_days') -%}
        ({{ first_day }} <= date '{{ day }}' and {{ last_day }} >= date '{{ day }}'){{ ' or ' if not loop.last }}
        {%- else -%} false {%- endfor %})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro dirty_day_literals() -%}
    {%- for day in var('dirty_days') -%} date '{{ day }}'{{ ', ' if not loop.last }} {%- else -%} null {%- endfor -%}
{%- endmacro %}

{% macro dirty_month_literals() -%}
    {%- set months = var('dirty_days') | map('string') | map('truncate', 7, true, '', 0) | unique | sort -%}
    {%- for month in months -%} date '{{ month }}-01'{{ ', ' if not loop.last }} {%- else -%} null {%- endfor -%}
{%- endmacro %}
