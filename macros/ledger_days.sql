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
    {{ return(replaces_days_of('core', 'fct_cost_allocation')) }}
{%- endmacro %}

{#- For a view that focus.vendor_charges alone reads, where the database cannot push its filter down (a CTE with several readers):
    true for the days that it will replace. -#}
{% macro in_focus_days(column) -%}
    {%- if replaces_days_of('focus', 'vendor_charges') -%}
        {{ column }} in ({{ dirty_day_literals() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Whether a model that exists already has some of its days replaced in this run. -#}
{% macro replaces_days_of(schema, identifier) -%}
    {%- if not execute or dirty_days() is none or flags.FULL_REFRESH -%} {{ return(false) }} {%- endif -%}
    {{ return(adapter.get_relation(target.database, schema, identifier) is not none) }}
{%- endmacro %}
