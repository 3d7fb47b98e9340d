{#- For the working tables of the allocation, which hold only the charges of this run: true for intervals that touch a day which the
    ledger will replace. Same rule as `overlaps_dirty_days`, asked on behalf of core.fct_cost_allocation. -#}
{% macro overlaps_ledger_days(first_day, last_day) -%}
    {%- if ledger_replaces_days() -%}
        ({% for day in var('dirty_days') -%}
        ({{ first_day }} <= date '{{ day }}' and {{ last_day }} >= date '{{ day }}'){{ ' or ' if not loop.last }}
        {%- else -%} false {%- endfor %})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Days between the first and the last day that the working tables may need: a cheap prune before exact joins. -#}
{% macro near_ledger_days(column, charges) -%}
    {%- if ledger_replaces_days() -%}
        {{ column }} between (select min(charge_date) from {{ charges }}) and (select max(last_day) from {{ charges }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Whether the ledger already holds days of which this run replaces some. -#}
{% macro ledger_replaces_days() -%}
    {%- if not execute or var('dirty_days') is none or flags.FULL_REFRESH -%} {{ return(false) }} {%- endif -%}
    {{ return(adapter.get_relation(target.database, 'core', 'fct_cost_allocation') is not none) }}
{%- endmacro %}
