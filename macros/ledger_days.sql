{#- For the working tables of the allocation, which hold only the charges of this run: true for intervals that touch a day which the
    ledger will replace. Same rule as `overlaps_dirty_days`, asked on behalf of core.fct_cost_allocation. -#}
{% macro overlaps_ledger_days(first_day, last_day) -%}
    {%- if ledger_replaces_days() -%}
        {{ touches_a_dirty_day(first_day, last_day) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Days of which some hour is in the charge hours of this run: what the meters have on other days splits nothing now. -#}
{% macro in_charge_days(column, charge_hours) -%}
    {%- if ledger_replaces_days() -%}
        {{ column }} in (select distinct cast(usage_hour as date) from {{ charge_hours }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Whether the ledger already holds days of which this run replaces some. -#}
{% macro ledger_replaces_days() -%}
    {%- if not execute or dirty_days() is none or flags.FULL_REFRESH -%} {{ return(false) }} {%- endif -%}
    {{ return(adapter.get_relation(target.database, 'core', 'fct_cost_allocation') is not none) }}
{%- endmacro %}
